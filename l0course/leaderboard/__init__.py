"""A leaderboard that anybody can check: each entry is a claim and the file that it is about.

tasks.py     the data sets with their fixed splits, and the networks that an entry may name
entries.py   an entry: read it, measure its file, compare with its claims, add one
ranking.py   the table of what holds, with the Pareto front of bytes and mistakes
command.py   `l0course leaderboard`
"""
