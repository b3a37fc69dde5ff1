import re
import warnings
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift
from mlops_platform.monitoring.drift.report import render_report
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.spec import FixedDriftSpec, LevelsSpec
from tests.documents.cases import Case, refuse_undocumented

CATEGORY = Case(
    "a category `</script><script>`, which came with a client's request",
    "raw in the page of a window, ten times, where it ends the script",
    "text and nothing else, on the page and in the model card",
    "&lt;/script&gt;&lt;script&gt;",
)
CASES = [CATEGORY]
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "{{ 7 * 7 }}{% raw %}",
    "\"';--\\",
    "nul\0byte",
    "x" * 5000,
    "&lt;b&gt;",
)
pytestmark = pytest.mark.slow  # Evidently's import takes up to ten seconds


def frame(seed: int, shift: float) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "distance": random.normal(shift, 1, 500),
            "steady": random.integers(0, 3, 500).astype(float),
            "empty": np.nan,
            "carrier": random.choice(np.array([*HOSTILE, "UA", None], dtype=object), 500),
            "score": random.beta(2, 6, 500),
            "flight_id": [f"flight-{at}" for at in range(500)],
        }
    )
    rows.loc[:50, "distance"] = np.nan
    return rows


def column(name: str, drifted: bool, **figures: Any) -> ColumnDrift:
    nothing = {"statistic": 0.1234, "psi": 0.0, "p_value": 1.0}
    nulls = {"null_share_reference": 0.0, "null_share": 0.0}
    return ColumnDrift(column=name, drifted=drifted, **(nothing | nulls | figures))


def decided(**changes: Any) -> WindowDrift:
    features = (
        column("distance", True, deviation=9.875, cause="mean"),
        column("steady", False, deviation=1.0, cause="mean"),
        column("empty", False, deviation=0.0, cause="nulls"),
        column("carrier", False, deviation=2.0, cause="new values"),
    )
    scores = (column("score", False),)
    figures: dict[str, Any] = {
        "rows": 500,
        "rule": "calibrated",
        "features": GroupDrift(columns=features, threshold=4.5, reference_days=90, alarm=True),
        "scores": GroupDrift(columns=scores, threshold=None, reference_days=9, alarm=None),
        "share_of_columns": 0.25,
        "importance_share": 0.5,
        "prediction": 0.1,
    }
    return WindowDrift(**(figures | changes))


def verdicts(page: str) -> dict[str, tuple[float, str]]:
    """Figure and verdict of every column of the page's table."""
    rows = re.findall(
        r'"column_name": "(\w+)".*?"data_drift": "([A-Za-z ]+)".*?"drift_score": ([0-9.]+)', page
    )
    return {name: (float(figure), verdict) for name, verdict, figure in rows}


def rendered(drift: WindowDrift, fixed: FixedDriftSpec) -> str:
    return render_report(frame(0, 0), frame(1, 2), ["carrier"], drift, fixed)


@pytest.fixture(scope="module")
def page() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return rendered(decided(), FixedDriftSpec())


def test_the_page_is_about_the_features_and_the_predictions(page):
    for column in ("distance", "steady", "carrier", "score"):
        assert f'"column_name": "{column}"' in page
    assert "flight-1" not in page
    assert '"column_name": "empty"' not in page


def test_a_category_can_be_nothing_but_text(page):
    assert not any(text in page for text in (*HOSTILE[:3], "nul\\u0000byte", "x" * 200))
    assert CATEGORY.reads in page
    assert "{{ 7 * 7 }}{% raw %}" in page
    assert "&amp;lt;b&amp;gt;" in page
    outside = Outside()
    outside.feed(page)
    assert "alert" not in outside.text
    assert "img" not in outside.elements


class Outside(HTMLParser):
    """What a browser shows of a page, and its elements; scripts are neither."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.elements = "", set[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is None:
            self.text += data


def test_the_case_is_documented():
    refuse_undocumented("Statistics and serving", CASES)


def test_the_page_shows_the_decisions_own_numbers_and_verdicts(page):
    assert verdicts(page) == {
        "distance": (9.875, "Detected"),
        "steady": (1.0, "Not Detected"),
        "carrier": (2.0, "Not Detected"),
        "score": (0.1234, "Not Detected"),
    }
    assert "distance: deviation of the mean, all rows" in page
    assert "score: Jensen-Shannon distance, not judged, all rows" in page
    assert "Dataset Drift is detected" in page


def test_a_fixed_rule_shows_its_own_statistic_and_its_verdict():
    features = tuple(
        column(name, drifted, psi=psi)
        for name, drifted, psi in (("distance", True, 0.5), ("steady", False, 0.25))
    )
    group = GroupDrift(columns=features, threshold=None, reference_days=90, alarm=False)
    fixed = FixedDriftSpec(
        statistic="psi", column_threshold=0.3, share_of_columns=LevelsSpec(warn=0.9)
    )
    page = rendered(decided(rule="fixed", features=group), fixed)

    assert verdicts(page)["distance"] == (0.5, "Detected")
    assert verdicts(page)["steady"] == (0.25, "Not Detected")
    assert "Dataset Drift is NOT detected" in page


def test_the_page_loads_nothing_from_elsewhere(page):
    assert not re.findall(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=""", page)
    assert not re.findall(r"""url\(\s*["']?https?:""", page)


def test_the_headline_is_the_alarm_even_where_its_column_cannot_be_shown():
    drifted = (column("empty", True, deviation=9.0, cause="nulls"),)
    gone = GroupDrift(columns=drifted, threshold=4.5, reference_days=90, alarm=True)

    page = rendered(decided(features=gone), FixedDriftSpec())

    assert verdicts(page) == {"score": (0.1234, "Not Detected")}
    assert "Dataset Drift is detected" in page
