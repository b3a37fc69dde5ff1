"""`mlops demo` over four weeks that a small budget can train on, and the two that followed."""

import os
import sys
from datetime import date

from mlops_platform.cli import main
from mlops_platform.demo import story

story.FIRST_TRAINING = date.fromisoformat(os.environ.get("E2E_FIRST_TRAINING", "2013-01-28"))
story.WINDOWS = 2

if __name__ == "__main__":
    main(["demo", *sys.argv[1:]])
