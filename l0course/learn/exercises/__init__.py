"""The exercises: one module ``lesson_NN`` per lesson, each with a list ``EXERCISES``."""
