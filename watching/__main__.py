"""Command `python -m watching`: the metrics of a lake."""

import sys

from cli.command import main
from watching.commands import JOB

if __name__ == "__main__":
    sys.exit(main(JOB))
