"""The trend of a page is a picture that Dagster shows at once."""

import xml.etree.ElementTree as ElementTree
from math import inf, nan
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.components.model_lifecycle.small_trend import (
    HEIGHT,
    MOST_CHARACTERS,
    small_trend,
)

FIGURES = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, width=32))


def _picture(markdown: str) -> ElementTree.Element:
    address = markdown.partition("](")[2].partition(")")[0]
    assert address.startswith("data:image/svg+xml,")
    return ElementTree.fromstring(unquote(address.partition(",")[2]))


def _windows(count: int) -> list[str]:
    return [f"2013-{1 + number // 28:02}-{1 + number % 28:02}" for number in range(count)]


@given(st.lists(st.tuples(FIGURES, FIGURES, FIGURES), max_size=80))
def test_any_figures_make_a_picture_that_is_small_enough_or_none(rows: list) -> None:
    lines = {
        name: [row[at] for row in rows] for at, name in enumerate(("served", "promised", "rate"))
    }
    trend = small_trend(lines, _windows(len(rows)))
    known = [value for row in rows for value in row if value not in (None, inf, -inf)]
    if trend is None:
        return
    assert known
    assert len(trend.value) <= MOST_CHARACTERS
    assert _picture(trend.value).attrib["width"]


def test_the_best_and_the_worst_figure_touch_the_edges_and_are_told() -> None:
    trend = small_trend({"served": [0.61234, 0.35, 0.5]}, _windows(3))
    assert trend is not None
    [[path]] = _picture(trend.value)
    assert path.attrib["d"].startswith("M0,2")
    assert f"L150,{HEIGHT + 2}L300," in path.attrib["d"]
    assert trend.value.endswith("served (steelblue); 2013-01-01 to 2013-01-03: 0.35 to 0.6123")


def test_a_window_without_figure_interrupts_the_line() -> None:
    trend = small_trend({"served": [1.0, None, 2.0], "promised": [nan] * 3}, _windows(3))
    assert trend is not None
    [paths] = _picture(trend.value)
    assert [path.attrib["d"].count("M") for path in paths] == [2]
    assert "promised" not in trend.value


def test_of_many_windows_the_latest_are_shown() -> None:
    windows = _windows(200)
    figures = [0.4 + number % 7 / 30 for number in range(200)]
    trend = small_trend({"served": figures, "promised": figures, "baseline": figures}, windows)
    assert trend is not None
    first, _, last = trend.value.partition("; ")[2].partition(":")[0].partition(" to ")
    assert last == windows[-1]
    assert windows.index(first) < 200 - 12


def test_nothing_known_is_no_picture() -> None:
    assert small_trend({"served": [None, nan]}, _windows(2)) is None
    assert small_trend({"served": []}, []) is None
