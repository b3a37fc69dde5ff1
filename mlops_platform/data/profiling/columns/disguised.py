"""Values that seem to say that there is none: by how often they are, and how far from all others.

A list of words alone would take -1 for missing where it is a change, and not find -250 where no
other value is below 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from mlops_platform.data.profiling.reading.null_texts import SAYING_NOTHING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_ROWS: Final = 3
LEAST_SHARE: Final = 0.002
LEAST_VALUES: Final = 5
"""Others that are needed for one of them to stand out."""
MOST_A_SIDE: Final = 2
SPIKE: Final = 10
"""Times as often as its neighbours usually are."""
NINES: Final = re.compile(r"-?(9{2,}|8{3,}|7{3,}|1234567890?|9{2,}\.9+)")
NAMED_DAYS: Final = frozenset(
    (
        *("0001-01-01", "1000-01-01", "1111-11-11", "1600-01-01", "1601-01-01", "1753-01-01"),
        *("1899-12-30", "1899-12-31", "1900-01-01", "1900-01-02", "1901-01-01", "1904-01-01"),
        *("1960-01-01", "1970-01-01", "1969-12-31", "2000-01-01", "2099-12-31", "2100-01-01"),
        *("2999-12-31", "9999-12-31", "9999-01-01"),
    )
)
_ALL_ONE_DIGIT: Final = re.compile(r"-?(9+|0+)")


def odd_numbers(values: NDArray[np.float64]) -> list[float]:
    """Numbers that stand alone, or stand out where somebody who means nothing would write them.

    Args:
        values: finite ones of a sample, shape (rows,).
    """
    import numpy as np

    different, counts = np.unique(values, return_counts=True)
    odd = [*_at_the_ends(different, counts), *_spikes(different, counts)]
    return list(dict.fromkeys(odd))


def _at_the_ends(different: NDArray[np.float64], counts: NDArray[np.int64]) -> Iterator[float]:
    for sign in (1, -1):
        values, rows = sign * different[::sign], counts[::sign]
        for _ in range(MOST_A_SIDE):
            if len(values) <= LEAST_VALUES or not _is_odd_end(values, rows, sign):
                break
            yield float(sign * values[0])
            values, rows = values[1:], rows[1:]


def _is_odd_end(values: NDArray[np.float64], rows: NDArray[np.int64], sign: int) -> bool:
    """Whether the first of increasing values is no value.

    Args:
        sign: -1 where they are the negative ones, of the largest.
    """
    if rows[0] < max(LEAST_ROWS, LEAST_SHARE * rows.sum()):
        return False
    others, weights = values[1:], rows[1:]
    first, lower, upper, last = _quantiles(others, weights, (0.01, 0.25, 0.75, 0.99))
    gap, value = others[0] - values[0], float(sign * values[0])
    is_named = bool(NINES.fullmatch(f"{value:.10g}")) or value in (-1.0, -9.0)
    if sign > 0 and value < 0 <= others[0]:
        # The only negative number of all.
        stands_out = rows[0] >= LEAST_ROWS * weights[0] or gap > upper - lower
        stands_out |= bool((others % 1 == 0).all())
        return bool(stands_out if is_named else gap > last - first)
    if value == 0 and sign > 0:
        return bool(gap > upper - lower and rows[0] > LEAST_ROWS * weights[0])
    is_usual = value == round(value) and rows[0] >= SPIKE * weights.mean()
    return bool(gap > (0.5 if is_named else 2.0) * (last - first)) and (is_named or is_usual)


def _quantiles(
    values: NDArray[np.float64], weights: NDArray[np.int64], shares: tuple[float, ...]
) -> list[float]:
    import numpy as np

    reached = np.cumsum(weights) / weights.sum()
    places = np.searchsorted(reached, shares).tolist()
    return [float(values[min(place, len(values) - 1)]) for place in places]


def _spikes(different: NDArray[np.float64], counts: NDArray[np.int64]) -> Iterator[float]:
    """Numbers such as -999 within the range of the others."""
    import numpy as np

    if len(different) <= 10 * LEAST_VALUES:
        return
    usual = float(np.median(counts))
    often = np.flatnonzero(counts >= max(SPIKE * usual, LEAST_ROWS, LEAST_SHARE * counts.sum()))
    for at in often:
        value = float(different[at])
        near = counts[max(at - 10, 0) : at + 11]
        # Where many are often, none stands out.
        if re.fullmatch(r"-?9{3,}", f"{value:.10g}") and counts[at] >= SPIKE * np.median(near):
            yield value


def odd_days(days: NDArray[np.datetime64]) -> list[str]:
    """Days far from all others, and the ones that systems write for none.

    Args:
        days: of a sample, shape (rows,), as datetime64[D].
    """
    import numpy as np

    numbers = days.astype("datetime64[D]").astype(np.int64)
    different, counts = np.unique(numbers, return_counts=True)
    texts = {int(number): str(np.datetime64(int(number), "D")) for number in different[[0, -1]]}
    ends = {texts[int(at)] for at in different[[0, -1]] if _is_far_day(int(at), different, counts)}
    usual = float(np.median(counts))
    listed = {
        str(np.datetime64(int(number), "D"))
        for number, count in zip(different, counts, strict=True)
        if count >= max(SPIKE * usual, LEAST_ROWS) and len(different) > LEAST_VALUES
    }
    return sorted(ends | (listed & NAMED_DAYS))


def _is_far_day(number: int, different: NDArray[np.int64], counts: NDArray[np.int64]) -> bool:
    import numpy as np

    rest = different != number
    if rest.sum() < LEAST_VALUES:
        return False
    others, weights = different[rest].astype(np.float64), counts[rest]
    rows = int(counts[~rest][0])
    text = str(np.datetime64(number, "D"))
    first, last = _quantiles(others, weights, (0.01, 0.99))
    gap = float(np.abs(others - number).min())
    if rows < max(LEAST_ROWS, LEAST_SHARE * counts.sum()):
        return False
    if text in NAMED_DAYS:
        return gap > 0.2 * (last - first)
    return gap > 2 * (last - first) and rows >= SPIKE * weights.mean()


def odd_words(counts: Mapping[str, int]) -> list[str]:
    """Words that say that nothing is known.

    Args:
        counts: rows of a sample by text, of as many texts as there are, most frequent first.
    """
    odd = [
        text
        for text, rows in counts.items()
        if rows >= LEAST_ROWS and (not text.strip() or text.strip().lower() in SAYING_NOTHING)
    ]
    usual = sorted(counts.values())[len(counts) // 2] if counts else 0
    often = max(SPIKE * usual, LEAST_ROWS)
    digits = [text for text in counts if any(character.isdigit() for character in text)]
    for text, rows in counts.items():
        is_alone = len(digits) == 1 and text in digits and len(counts) > 1
        if NINES.fullmatch(text) or (_ALL_ONE_DIGIT.fullmatch(text) and len(text) > 2):
            odd += [text] if rows >= LEAST_ROWS and (is_alone or rows >= often) else []
    return list(dict.fromkeys(odd))
