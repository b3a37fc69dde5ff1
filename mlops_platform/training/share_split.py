"""Split of rows without event time, by the hash of their entity or of their group."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mlops_platform.training.refusal import unusable
from mlops_platform.training.rows import targets_of
from mlops_platform.training.units import group_keys

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec, ShareSplitSpec

    Parts = dict[str, DataFrame]


def split_by_shares(rows: DataFrame, spec: ModelSpec, split: ShareSplitSpec) -> Parts:
    """Cut `rows` into train, validation and test, each ordered by its hash.

    All rows of one key fall together. In the order of the hashes (within each class where
    stratified) the first `test_share` of the rows test, the next `validation_share` validate. A
    share is met to the row, or by group as nearly as whole groups allow; another seed gives another
    order, and another row moves none but those at a boundary.

    Raises:
        TrainingError: a part has no row.
    """
    import numpy as np

    keys = split_keys(rows, spec, split)
    distinct, key_of_row = np.unique(keys, return_inverse=True)
    hashes = _hashes(distinct, split.seed)
    # Two keys of one hash stay apart by themselves.
    rank = np.argsort(np.lexsort((distinct, hashes)))[key_of_row]
    order = np.argsort(rank, kind="stable")
    rows, rank = rows.iloc[order].reset_index(drop=True), rank[order]
    part_of_row = np.empty(len(rows), dtype=np.int64)
    for stratum in _strata(rows, spec, split):
        part_of_row[stratum] = _parts(rank[stratum], split)
    parts = {
        name: rows[part_of_row == number].reset_index(drop=True)
        for number, name in ((2, "train"), (1, "validation"), (0, "test"))
    }
    for name, part in parts.items():
        if part.empty:
            raise unusable(
                "training.history.split",
                f"{len(distinct)} {'groups' if split.group else 'rows'} to split",
                f"The {name} part gets none of them: provide more, or change the shares.",
            )
    return parts


def split_keys(rows: DataFrame, spec: ModelSpec, split: ShareSplitSpec) -> NDArray[np.str_]:
    """What of each row decides where it falls, shape (rows,): its group, else its entity."""
    return group_keys(rows, split.group or spec.features.entity)


def _hashes(keys: NDArray[np.str_], seed: int) -> NDArray[np.uint64]:
    import numpy as np

    salt = f"{seed}:".encode()
    digests = (blake2b(salt + key.encode(), digest_size=8).digest() for key in keys.tolist())
    numbers = (int.from_bytes(digest, "big") for digest in digests)
    return np.fromiter(numbers, np.uint64, len(keys))


def _strata(rows: DataFrame, spec: ModelSpec, split: ShareSplitSpec) -> list[NDArray[np.intp]]:
    """Positions of the rows of each class where stratified, else of all rows at once."""
    import numpy as np

    if split.by != "stratified":
        return [np.arange(len(rows))]
    targets: NDArray[Any] = targets_of(rows, spec)
    return [np.flatnonzero(targets == one_class) for one_class in np.unique(targets)]


def _parts(rank: NDArray[np.int64], split: ShareSplitSpec) -> NDArray[np.int64]:
    """0 for test, 1 for validation, 2 for train, of rows in the order of their keys' rank."""
    import numpy as np

    count = len(rank)
    _, first, key_of_row = np.unique(rank, return_index=True, return_inverse=True)
    # A group falls where its first row does.
    position = first[key_of_row]
    ends = np.round(np.cumsum([split.test_share, split.validation_share]) * count)
    return np.searchsorted(ends, position, side="right")
