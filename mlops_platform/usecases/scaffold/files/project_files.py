"""The text of every file that a new model is made of."""

from pathlib import Path

from mlops_platform.usecases.scaffold.choices import Choices


def project_files(choices: Choices) -> dict[Path, str]:
    """Text by path, relative to the project's root.

    Raises:
        SpecError: a choice is missing that these files need.
    """
    raise NotImplementedError
