"""The plain data of a model as bytes, to be packed: exact numbers, and nothing to execute.

What is read is held to its types, so that no text of a file reaches the source of compiled trees
but as a quoted name.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from mlops_platform.errors import ArtifactError
from mlops_platform.serving.scoring.compiled.columns import CompiledColumn
from mlops_platform.serving.scoring.compiled.ensemble import Ensemble, Tree
from mlops_platform.serving.scoring.compiled.linear import LinearTerms
from mlops_platform.serving.scoring.compiled.links import Joint, Link
from mlops_platform.serving.scoring.compiled.nearest.distance import DistanceTerms
from mlops_platform.serving.scoring.compiled.plain_model import PlainHead, PlainModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT: Final = 1
"""Raised when what is stored changes; what has another one is compiled from the pipeline."""
FORMAT_OF_DISTANCES: Final = 2
"""Of forms that hold distances from centres, which services that were packed earlier cannot read:
all other forms they go on reading."""
ARRAYS: Final = {
    **dict.fromkeys(("feature", "left", "right"), "<i4"),
    **dict.fromkeys(("threshold", "value", "cover"), "<f8"),
    "missing_left": "|b1",
}
"""The arrays of a tree, and how their numbers are stored."""


class _StoredTree(Struct, frozen=True, array_like=True):
    arrays: dict[str, bytes]
    categories: dict[int, tuple[int, ...]]


class _StoredEnsemble(Struct, frozen=True, tag="Ensemble"):
    columns: tuple[CompiledColumn, ...]
    base: float
    trees: tuple[_StoredTree, ...]
    single_precision: bool


class _StoredHead(Struct, frozen=True):
    score: LinearTerms | DistanceTerms | _StoredEnsemble
    link: Link
    of_class: bool
    treelite: bytes | None


class _StoredModel(Struct, frozen=True):
    heads: tuple[_StoredHead, ...]
    joint: Joint | None


class _StoredForm(Struct, frozen=True):
    """What is in the file: the format is read before anything that depends on it."""

    format: int
    sha256: str
    content: bytes


def stored_form(plain: PlainModel) -> bytes:
    """Write the plain data of a model; the same data are the same bytes."""
    content = msgspec.msgpack.encode(_StoredModel(tuple(map(_head, plain.heads)), plain.joint))
    digest = hashlib.sha256(content).hexdigest()
    has_distances = any(isinstance(head.score, DistanceTerms) for head in plain.heads)
    form = FORMAT_OF_DISTANCES if has_distances else FORMAT
    return msgspec.msgpack.encode(_StoredForm(form, digest, content))


def read_form(stored: bytes) -> PlainModel | None:
    """Read what `stored_form` wrote; None where it is of another format.

    Raises:
        ArtifactError: it was changed, or is no such form.
    """
    try:
        form = msgspec.msgpack.decode(stored, type=_StoredForm)
        if form.format not in (FORMAT, FORMAT_OF_DISTANCES):
            return None
        if hashlib.sha256(form.content).hexdigest() != form.sha256:
            raise ValueError("its SHA-256 is another")
        model = msgspec.msgpack.decode(form.content, type=_StoredModel)
        return PlainModel(tuple(map(_plain, model.heads)), model.joint)
    except (msgspec.MsgspecError, ValueError, KeyError) as error:
        raise ArtifactError(
            f"the compiled form of the model was changed, or is none: {error}. Restore the Bento "
            "from a backup, or build it anew."
        ) from error


def _head(head: PlainHead) -> _StoredHead:
    score = head.score
    stored = _ensemble(score) if isinstance(score, Ensemble) else score
    return _StoredHead(stored, head.link, head.of_class, head.treelite)


def _ensemble(ensemble: Ensemble) -> _StoredEnsemble:
    trees = tuple(map(_tree, ensemble.trees))
    return _StoredEnsemble(tuple(ensemble.columns), ensemble.base, trees, ensemble.single_precision)


def _tree(tree: Tree) -> _StoredTree:
    arrays = {name: getattr(tree, name).astype(kind).tobytes() for name, kind in ARRAYS.items()}
    return _StoredTree(
        arrays, {node: tuple(sorted(codes)) for node, codes in tree.categories.items()}
    )


def _plain(head: _StoredHead) -> PlainHead:
    score = head.score
    if isinstance(score, _StoredEnsemble):
        trees = tuple(map(_read_tree, score.trees))
        ensemble = Ensemble(score.columns, score.base, trees, score.single_precision)
        return PlainHead(ensemble, head.link, head.of_class, head.treelite)
    return PlainHead(score, head.link, head.of_class, head.treelite)


def _read_tree(stored: _StoredTree) -> Tree:
    import numpy as np

    arrays: dict[str, NDArray[Any]] = {
        name: np.frombuffer(stored.arrays[name], kind) for name, kind in ARRAYS.items()
    }
    if len(set(map(len, arrays.values()))) != 1:
        raise ValueError("a tree has arrays of several lengths")
    indices = {name: arrays[name].astype(np.intp) for name in ("feature", "left", "right")}
    categories = {node: frozenset(codes) for node, codes in stored.categories.items()}
    return Tree(**{**arrays, **indices}, categories=categories)
