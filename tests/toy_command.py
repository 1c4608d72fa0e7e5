"""The command `l0course` with the figure "toy": python toy_command.py figures toy."""

import signal
import sys

from l0course.cli import main
from l0course.figures import registry

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it came ignored
    registry.MODULES["toy"] = "toy_figure"
    sys.exit(main())
