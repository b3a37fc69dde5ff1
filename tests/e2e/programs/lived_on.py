"""Where an old demo has run: one more week of it, then a training that a person starts."""

import os
from datetime import date

from mlops_platform.cli import main
from mlops_platform.demo import story

story.FIRST_TRAINING = date.fromisoformat(os.environ["E2E_FIRST_TRAINING"])

if __name__ == "__main__":
    # Both in one process, which imports once what they need.
    for command in (["demo", "--windows", "3"], ["train", "flight_delay"]):
        main(command, standalone_mode=False)
