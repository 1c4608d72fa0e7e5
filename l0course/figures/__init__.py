"""Figures of the course, and the style that they share."""
