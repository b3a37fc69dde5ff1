"""The one way to store a fitted model, and the one way to load it."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.digests import digest_directory, read_verified, verify_directory
from mlops_platform.artifacts.packages import distributions_of
from mlops_platform.errors import ArtifactError
from mlops_platform.files import replacing_file, write_json

MODEL_FILE: Final = "model.skops"

TRUSTED_FILE: Final = "trusted_types.json"
"""Types beyond the allow-list that the model's YAML trusts; it is there where the model has any."""

KEPT_MODELS: Final = 4
KEPT_BYTES: Final = 2**22
"""So many models, each of a file no larger than that, does a process keep as it has read them."""
_kept: dict[tuple[tuple[str, str], ...], Any] = {}

_ALLOW = (
    "Choose another estimator, or, where you trust the package that brings them, name them under "
    "`training.trusted_types` of the model's YAML."
)


def save_model(model: Any, directory: Path, trusted: Collection[str] = ()) -> dict[str, str]:
    """Write a fitted model to `directory`; return the SHA-256 of every file there.

    Args:
        trusted: types that it may hold beyond the allow-list, by import path.

    Raises:
        ArtifactError: the model holds a type that nobody trusts, or that no other machine could
            install.
    """
    content, types = _stored(model, trusted)
    if foreign := sorted(types - TRUSTED_TYPES):
        write_json(directory / TRUSTED_FILE, foreign)
    with replacing_file(directory / MODEL_FILE) as temporary:
        temporary.write_bytes(content)
    return digest_directory(directory)


def refuse_unstorable(model: Any, trusted: Collection[str] = ()) -> None:
    """Refuse a model that `save_model` would refuse, or that could not be read from what it writes.

    Raises:
        ArtifactError: says why.
    """
    from skops.io import loads

    content = _stored(model, trusted)[0]
    try:
        loads(content, trusted=sorted(TRUSTED_TYPES.union(trusted)))
    except Exception as error:
        name = type(model).__name__
        raise ArtifactError(
            f"{name} is written as skops and cannot be read again: {error}. {_ALLOW}"
        ) from error


def _stored(model: Any, trusted: Collection[str]) -> tuple[bytes, set[str]]:
    """These bytes, with the types in them that skops does not trust by itself."""
    from skops.io import dumps

    name = type(model).__name__
    for vocabulary in _vocabularies(model):
        # skops writes each number of NumPy into a file of its own, ten thousand for a vectorizer.
        vocabulary.update({term: int(position) for term, position in vocabulary.items()})
    try:
        content: bytes = dumps(model, compression=ZIP_DEFLATED, compresslevel=1)
    except Exception as error:
        raise ArtifactError(f"{name} cannot be stored as skops: {error}. {_ALLOW}") from error
    types = _types_beyond_skops(content)  # to find them takes as long as to write the bytes
    if unknown := sorted(types - TRUSTED_TYPES - set(trusted)):
        raise ArtifactError(f"{name} holds types that we do not trust: {unknown}. {_ALLOW}")
    distributions_of(types)
    return content, types


def _vocabularies(part: Any) -> Iterator[dict[Any, Any]]:
    """Positions by term of every fitted vectorizer in a model."""
    if isinstance(part, (list, tuple)):
        held: Iterable[Any] = part
    elif hasattr(part, "get_params") and not isinstance(part, type):
        held = vars(part).values()
        if isinstance(vocabulary := getattr(part, "vocabulary_", None), dict):
            yield vocabulary
    else:
        return
    for each in held:
        yield from _vocabularies(each)


def packages_of_model(directory: Path) -> tuple[str, ...]:
    """The distributions that a stored model needs beside those that every model does."""
    return distributions_of(_types_beyond_skops((directory / MODEL_FILE).read_bytes()))


def load_model(directory: Path, digests: Mapping[str, str]) -> Any:
    """Load the model of `directory`: digests first, then with our allow-list only.

    What the YAML of a version trusts beyond that counts because a digest vouches for it.

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
        return loads(content, trusted=sorted(TRUSTED_TYPES | _declared(directory, digests)))
    except UntrustedTypesFoundException as error:
        raise ArtifactError(
            f"{path} holds types that we do not trust: {_foreign_types(content)}. {_ALLOW}"
        ) from error
    except Exception as error:
        raise ArtifactError(
            f"{path} is unchanged but cannot be loaded here: {error!r}. "
            "Compare the installed packages with those that the version requires."
        ) from error


def load_model_again(directory: Path, digests: Mapping[str, str]) -> Any:
    """As `load_model`, for whoever asks for the same few models many times in one process.

    Digests are verified every time. What they vouch for is read once and copied after that: sixty
    trees take skops 24 ms to read, and 1 ms to copy, and a regression has four times as many.

    Raises:
        ArtifactError: as `load_model`.
    """
    key = tuple(sorted(digests.items()))
    if (known := _kept.get(key)) is not None:
        verify_directory(directory, digests)
        return deepcopy(known)
    model = load_model(directory, digests)
    if (directory / MODEL_FILE).stat().st_size <= KEPT_BYTES:
        _kept[key] = deepcopy(model)
        for oldest in [*_kept][:-KEPT_MODELS]:
            _kept.pop(oldest, None)
    return model


def _declared(directory: Path, digests: Mapping[str, str]) -> frozenset[str]:
    if TRUSTED_FILE not in digests:
        return frozenset()
    return frozenset(json.loads(read_verified(directory, TRUSTED_FILE, digests)))


def _foreign_types(content: bytes) -> list[str]:
    return sorted(_types_beyond_skops(content) - TRUSTED_TYPES)


def _types_beyond_skops(content: bytes) -> set[str]:
    from skops.io import get_untrusted_types

    return set(get_untrusted_types(data=content))
