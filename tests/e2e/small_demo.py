"""`mlops demo` over four weeks that a small budget can train on, and the two that followed."""

import sys
from datetime import date

from mlops_platform.cli import demo, main

demo.FIRST_TRAINING = date(2013, 1, 28)
demo.WINDOWS = 2

if __name__ == "__main__":
    main(["demo", *sys.argv[1:]])
