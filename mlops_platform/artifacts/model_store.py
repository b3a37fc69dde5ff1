"""The one way to store a fitted model, and the one way to load it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.digests import digest_directory, read_verified, verify_directory
from mlops_platform.errors import ArtifactError
from mlops_platform.files import replacing_file

MODEL_FILE: Final = "model.skops"

_ALLOW = (
    "Choose another estimator, or judge the type and add it with its reason to "
    "mlops_platform/artifacts/allow_list.py."
)


def save_model(model: Any, directory: Path) -> dict[str, str]:
    """Write a fitted model to `directory`; return the SHA-256 of every file there.

    Raises:
        ArtifactError: the model holds a type that `load_model` would refuse.
    """
    from skops.io import dumps

    name = type(model).__name__
    try:
        content = dumps(model, compression=ZIP_DEFLATED, compresslevel=1)
    except Exception as error:
        raise ArtifactError(f"{name} cannot be stored as skops: {error}. {_ALLOW}") from error
    if foreign := _foreign_types(content):
        raise ArtifactError(f"{name} holds types that we do not trust: {foreign}. {_ALLOW}")
    with replacing_file(directory / MODEL_FILE) as temporary:
        temporary.write_bytes(content)
    return digest_directory(directory)


def load_model(directory: Path, digests: Mapping[str, str]) -> Any:
    """Load the model of `directory`: digests first, then with our allow-list only.

    Args:
        digests: SHA-256 of every file of the directory, from the ledger or another trusted place.

    Raises:
        ArtifactError: a file is missing, extra or changed, or the model holds a foreign type.
    """
    from skops.io import loads
    from skops.io.exceptions import UntrustedTypesFoundException

    verify_directory(directory, digests)
    content = read_verified(directory, MODEL_FILE, digests)
    path = directory / MODEL_FILE
    try:
        return loads(content, trusted=sorted(TRUSTED_TYPES))
    except UntrustedTypesFoundException as error:
        raise ArtifactError(
            f"{path} holds types that we do not trust: {_foreign_types(content)}. {_ALLOW}"
        ) from error
    except Exception as error:
        raise ArtifactError(
            f"{path} is unchanged but cannot be loaded here: {error!r}. "
            "Compare the installed packages with those that the version requires."
        ) from error


def _foreign_types(content: bytes) -> list[str]:
    from skops.io import get_untrusted_types

    return sorted(set(get_untrusted_types(data=content)) - TRUSTED_TYPES)
