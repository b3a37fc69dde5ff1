"""A window is scored by the adjustments that were valid within it, now and at any later time."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_platform.data.windows import window_named
from mlops_platform.usecases.window.score import ScoredWindow, score_window
from tests.usecases.adjustment.conftest import RELEASED_ON, Adapting

pytestmark = pytest.mark.slow
WINDOW = RELEASED_ON + timedelta(days=7)


def scored_with(adapting: Adapting, known: int | None) -> tuple[ScoredWindow, pd.DataFrame]:
    champion = replace(adapting.champion, adjustments=adapting.written[:known])
    place, window = adapting.deployment.settings, window_named(adapting.spec.window, str(WINDOW))
    scored = score_window(
        adapting.spec, window, champion, place.published, place.predictions, adapting.present.now
    )
    return scored, pd.read_parquet(Path(scored.path))


def test_every_row_names_the_adjustment_that_was_valid_on_its_day(adapting: Adapting) -> None:
    adapting.adjust_at(WINDOW + timedelta(days=7))

    scored, rows = scored_with(adapting, None)

    days = pd.to_datetime(rows["local_date"]).dt.date
    named = rows.groupby(days)["adjustment"].unique()
    numbers = {adjustment.valid_from: adjustment.number for adjustment in adapting.written}
    for day, [number] in named.items():
        assert isinstance(day, date)
        valid = [of for moment, of in numbers.items() if moment.date() <= day]
        assert number == max(valid)
    assert len(named) == 7
    assert scored.adjustments == len(adapting.written)


def test_intervals_are_those_of_the_adjustment_that_the_row_names(adapting: Adapting) -> None:
    adapting.adjust_at(WINDOW + timedelta(days=7))
    _, adjusted = scored_with(adapting, None)
    _, own = scored_with(adapting, 0)

    factors = [
        adapting.champion.constants["factor"],
        *(adjustment.constants["factor"] for adjustment in adapting.written),
    ]
    wider = np.array(factors)[adjusted["adjustment"]] / factors[0]
    assert (own["adjustment"] == 0).all()
    assert adjusted["width"].to_numpy() == pytest.approx(own["width"].to_numpy() * wider)
    assert (adjusted["prediction"] == own["prediction"]).all()
    assert len(set(wider)) > 5


def test_what_is_watched_for_drift_is_without_any_adjustment(adapting: Adapting) -> None:
    adapting.adjust_at(WINDOW + timedelta(days=7))
    _, adjusted = scored_with(adapting, None)
    _, own = scored_with(adapting, 0)

    assert (adjusted["own_width"] == own["width"]).all()
    assert (adjusted["own_width"] != adjusted["width"]).any()


def test_a_window_that_is_scored_again_later_gets_the_same_intervals(adapting: Adapting) -> None:
    adapting.adjust_at(WINDOW + timedelta(days=7))
    first, before = scored_with(adapting, None)
    adapting.adjust_at(WINDOW + timedelta(days=12))
    assert len(adapting.written) > first.adjustments

    again, after = scored_with(adapting, first.adjustments)

    pd.testing.assert_frame_equal(after, before)
    assert again.adjustments == first.adjustments
    assert again.means == first.means


def test_what_is_stored_of_a_window_without_adjustments_is_as_before(adapting: Adapting) -> None:
    adapting.adjust_at(WINDOW + timedelta(days=7))
    scored, _ = scored_with(adapting, 0)

    assert "adjustments" not in scored.to_stored()
    assert ScoredWindow.from_stored(scored.to_stored()) == scored
