import math
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from mlops_platform.monitoring.drift.report import render_report

pytestmark = pytest.mark.slow  # Evidently's import takes up to ten seconds


def frame(seed: int, shift: float) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "distance": random.normal(shift, 1, 500),
            "steady": random.integers(0, 3, 500).astype(float),
            "empty": np.nan,
            "carrier": random.choice(np.array(["UA", "DL", None], dtype=object), 500),
            "score": random.beta(2, 6, 500),
            "flight_id": [f"flight-{at}" for at in range(500)],
        }
    )
    rows.loc[:50, "distance"] = np.nan
    return rows


@pytest.fixture(scope="module")
def page() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return render_report(
            frame(0, 0), frame(1, 2), ["distance", "steady", "empty"], ["carrier"], "score", 0.3
        )


def test_the_page_is_about_the_features_and_the_predictions(page):
    for column in ("distance", "steady", "carrier", "score"):
        assert f'"column_name": "{column}"' in page
    assert "flight-1" not in page
    assert '"column_name": "empty"' not in page
    assert "Jensen-Shannon distance" in page
    assert page.count('"data_drift": "Detected"') == 1


def test_the_page_loads_nothing_from_elsewhere(page):
    assert not re.findall(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=""", page)
    assert not re.findall(r"""url\(\s*["']?https?:""", page)


def test_the_threshold_is_in_the_platforms_unit(page):
    in_nats = re.search(r'"column_name": "distance".*?"drift_score": ([0-9.]+)', page)
    assert in_nats
    in_bits = float(in_nats[1]) / math.sqrt(math.log(2))

    for share, found in ((0.99, "Detected"), (1.01, "Not Detected")):
        again = render_report(frame(0, 0), frame(1, 2), ["distance"], [], "score", share * in_bits)
        row = re.search(r'"column_name": "distance".*?"data_drift": "([A-Za-z ]+)"', again)
        assert row
        assert row[1] == found
