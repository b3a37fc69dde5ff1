"""Which texts are nearly the same as one of others: by the runs of words that they share.

Pairs that may be are found by MinHash with bands (Broder 1997; Leskovec, Rajaraman and Ullman,
"Mining of Massive Datasets", chapter 3), and each is then compared exactly.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

WORDS: Final = 4
"""Of a run. A text of fewer words has none, and is too short to tell whether it was copied."""
MOST_WORDS: Final = 400
"""Of a text that are read, from its beginning."""
BANDS, BAND_ROWS = 16, 4
"""Of two texts that share 0.8 of their runs one in 5,000 pairs is missed, of 0.7 one in 80."""
MOST_COMPARED: Final = 20
"""Texts of one band, the last ones, that a text is compared with."""
_WORD: Final = re.compile(r"\w+")
_MULTIPLIER: Final = 0x9E3779B97F4A7C15  # odd, so that multiplying modulo 2^64 loses nothing


class _Runs(NamedTuple):
    """The distinct runs of words of some texts, as numbers, ascending within each text.

    Args:
        codes: shape (runs,).
        starts: of each text in it, shape (texts + 1,).
    """

    codes: NDArray[np.uint64]
    starts: NDArray[np.int64]

    def of(self, text: int) -> NDArray[np.uint64]:
        """Those of one text."""
        return self.codes[self.starts[text] : self.starts[text + 1]]


def similar_texts(texts: DataFrame, others: DataFrame, least: float) -> NDArray[np.bool_]:
    """Which rows share so much with some row of others, shape (rows,).

    What is shared is the Jaccard index of the runs of four words, of all columns together.

    Args:
        texts: one column for each text of a row; None where it is missing.
        others: the same columns.
        least: Jaccard index, above 0.
    """
    import numpy as np

    are_alike = np.zeros(len(texts), dtype=bool)
    runs, other_runs = _runs(texts), _runs(others)
    if not len(runs.codes) or not len(other_runs.codes):
        return are_alike
    for text, other in _alike(_signatures(runs), _signatures(other_runs)):
        are_alike[text] = are_alike[text] or _jaccard(runs.of(text), other_runs.of(other)) >= least
    return are_alike


def _jaccard(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> float:
    import numpy as np

    both = len(np.intersect1d(first, second, assume_unique=True))
    return both / (len(first) + len(second) - both)


def _runs(texts: DataFrame) -> _Runs:
    import numpy as np

    rows, codes = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)]
    for position, column in enumerate(texts.columns):
        words, starts = _words(texts[column])
        if len(words) < WORDS:
            continue
        code = np.full(len(words) - WORDS + 1, position + 1, np.uint64)
        for offset in range(WORDS):
            code = _mixed(code * np.uint64(_MULTIPLIER) + words[offset : offset + len(code)])
        row = np.repeat(np.arange(len(texts)), np.diff(starts))
        whole = row[: len(code)] == row[WORDS - 1 :]
        rows.append(row[: len(code)][whole])
        codes.append(code[whole])
    pairs = np.stack([np.concatenate(rows).astype(np.uint64), np.concatenate(codes)])
    ordered = pairs[:, np.lexsort(pairs[::-1])]
    new = np.ones(ordered.shape[1], dtype=bool)
    new[1:] = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
    row, code = ordered[:, new]
    starts = np.searchsorted(row, np.arange(len(texts) + 1, dtype=np.uint64))
    return _Runs(code, starts)


def _words(texts: Any) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The words of all texts one after another, as numbers, and where each text starts."""
    import numpy as np
    import pandas as pd

    words = [_WORD.findall(text.lower())[:MOST_WORDS] if text else [] for text in texts]
    starts = np.concatenate([[0], np.cumsum([len(held) for held in words])])
    flat = pd.Series([word for held in words for word in held], dtype="object")
    position, distinct = pd.factorize(flat)
    return pd.util.hash_array(np.asarray(distinct, dtype=object))[position], starts


def _signatures(runs: _Runs) -> NDArray[np.uint64]:
    """Of each text with runs one number a band, and its row at the end: shape (texts, BANDS + 1).

    Two texts have equal numbers of a band with the probability of their Jaccard index to the power
    of `BAND_ROWS`.
    """
    import numpy as np

    with_runs = np.flatnonzero(np.diff(runs.starts))
    starts = runs.starts[with_runs]
    signature = np.zeros((len(with_runs), BANDS + 1), np.uint64)
    for number in range(BANDS * BAND_ROWS):
        order = _mixed(runs.codes ^ _mixed(np.full(1, number + 1, np.uint64)))
        band = number // BAND_ROWS
        lowest = np.minimum.reduceat(order, starts)
        signature[:, band] = _mixed(signature[:, band] * np.uint64(_MULTIPLIER) + lowest)
    signature[:, BANDS] = with_runs
    return signature


def _alike(texts: NDArray[np.uint64], others: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Pairs of rows with an equal band, each once."""
    import numpy as np

    pairs: set[tuple[int, int]] = set()
    for band in range(BANDS):
        ordered = others[np.argsort(others[:, band], kind="stable")]
        first = np.searchsorted(ordered[:, band], texts[:, band], side="left")
        last = np.searchsorted(ordered[:, band], texts[:, band], side="right")
        for at in np.flatnonzero(last > first):
            row = int(texts[at, BANDS])
            newest = ordered[max(first[at], last[at] - MOST_COMPARED) : last[at], BANDS]
            pairs.update((row, int(other)) for other in newest)
    yield from sorted(pairs)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers spread over all 64 bits: the finish of SplitMix64 (Steele, Lea and Flood 2014)."""
    import numpy as np

    spread = numbers + np.uint64(_MULTIPLIER)
    spread = (spread ^ (spread >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    spread = (spread ^ (spread >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return spread ^ (spread >> np.uint64(31))
