"""The course as graded assignments for nbgrader: `l0course release DIR`.

course.py    the folder: notebooks with hidden tests, settings, README, guide
grade.py     the hidden test: full points or none
variant.py   the same exercise with other numbers, from a seed; exercise by exercise they come from
             other_inputs.py (a function is asked for) and other_questions.py (one number is)
guide.py     GUIDE.md: points and times, the teacher's notes, and grading.md
"""
