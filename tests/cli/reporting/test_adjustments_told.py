"""What `mlops status` and `mlops why` tell of constants that follow the outcomes."""

import json
from datetime import date, datetime, timedelta

import pytest

from mlops_platform.ledger.records import NewAdjustment, NewDecision
from mlops_platform.usecases.window.score import ScoredWindow
from tests.cli.conftest import Past, identity_of, window_from

MODEL = "arrival_delay"
WEEK = date(2013, 4, 1)


@pytest.fixture
def adjusted(new: Past) -> Past:
    """A release of 1 April with three adjustments, the last one of 5 April."""
    new.at("2013-04-01T04:00")
    decision = NewDecision(kind="promote", reason="The first.", actor="gate")
    new.ledger.release(MODEL, identity_of(1), decision, expected_sequence=None)
    for number, day in enumerate((31, 33, 34)):
        adjustment = NewAdjustment(
            sequence=1,
            version=1,
            constants={"factor": 1.1 + number / 10},
            facts={"level": 0.9, "rows": 20_000},
            labels_through=date(2013, 3, 1) + timedelta(days=day - 1),
            valid_from=datetime.fromisoformat("2013-04-01T04:00+00:00") + timedelta(2 * number),
            actor="sensor adjust",
        )
        new.ledger.record_adjustments(MODEL, [adjustment], after=number)
    return new.at("2013-04-06T10:00")


def _status(mlops) -> dict:
    models = json.loads(mlops("status", "--json").output)["models"]
    [status] = [model for model in models if model["model"] == MODEL]
    return status


def test_status_tells_the_adjustment_in_force(adjusted: Past, mlops) -> None:
    adjustment = _status(mlops)["adjustment"]

    assert (adjustment["number"], adjustment["release"], adjustment["stale"]) == (3, 1, False)
    assert adjustment["constants"] == {"factor": 1.3}
    assert adjustment["labels_through"] == "2013-04-03"
    assert adjustment["told"] == (
        "intervals reach 1.300 times as far as the quantile models say (level 0.900 of 20,000 rows)"
    )
    assert "adjusted 3" in mlops("status").output


def test_status_tells_how_old_a_stale_one_is(adjusted: Past, mlops) -> None:
    adjusted.at("2013-04-20T10:00")

    adjustment = _status(mlops)["adjustment"]

    assert (adjustment["behind_days"], adjustment["stale"]) == (15, True)
    shown = mlops("status").output
    assert "adjusted 3" in shown
    assert "15 days old" in shown


def test_a_release_without_adjustments_answers_by_its_own_constants(new: Past, mlops) -> None:
    new.at("2013-04-01T04:00")
    decision = NewDecision(kind="promote", reason="The first.", actor="gate")
    new.ledger.release(MODEL, identity_of(1), decision, expected_sequence=None)

    adjustment = _status(mlops)["adjustment"]

    assert (adjustment["number"], adjustment["told"]) == (0, "the version's own constants")


def test_why_tells_how_the_constants_of_a_release_have_followed(adjusted: Past, mlops) -> None:
    told = mlops("why", MODEL).output
    assert (
        "The last of its 3 adjustments is valid from 2013-04-05 04:00 UTC on: factor 1.3000, by "
        "outcomes of days until 2013-04-03."
    ) in told


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (3, "Adjustments 1 to 3 of the release were valid one after the other; the last one knows"),
        (1, "Adjustment 1 of the release was valid, which knows the outcomes of days until"),
        (0, None),
    ],
)
def test_why_tells_by_which_adjustments_a_window_was_scored(
    adjusted: Past, mlops, known: int, words: str | None
) -> None:
    adjusted.at("2013-04-08T10:00")
    window = window_from(WEEK)
    scored = ScoredWindow(
        window=window,
        version=1,
        release=1,
        constants={"factor": 1.0},
        adjustments=known,
        feature_snapshot="f",
        rows=10,
        means={"prediction": 5.0},
        scored_at=adjusted.now,
        path=adjusted.home.predictions / MODEL / f"window={window.name}" / "data.parquet",
    )
    adjusted.write(MODEL, "predictions", window, scored)

    told = mlops("why", MODEL, str(WEEK))

    assert told.exit_code == 0, told.output
    if words is None:
        assert "djustment" not in told.output
    else:
        assert words in told.output
