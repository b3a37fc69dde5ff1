"""The refusal of an export."""

from mlops_platform.errors import MlopsError


class NotExportable(MlopsError):
    """A version that cannot leave the platform in some form; the message says why."""
