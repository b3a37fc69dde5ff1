"""The one shape of a TrainingError: the field, the value and the fix."""

from mlops_platform.errors import TrainingError


def unusable(field: str, value: object, fix: str) -> TrainingError:
    """The error for `value` found at `field`; `fix` says what to do about it."""
    return TrainingError(f"{field}: {value!r} is not usable. {fix}")
