"""One screen that tells what the demo did, whatever it did."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mlops_platform.demo import story
from mlops_platform.replay.places import places
from mlops_platform.replay.text_tables import tables_text
from mlops_platform.settings import Settings, settings

REJECTED = (
    "Rejected because of better_than_champion (the improvement in log_loss over 7 days is -0.0399, "
    "at 80% confidence more than -0.0497, and must exceed 0.0005)."
)


def week(number: int, version: int = 1, **other: object) -> dict[str, Any]:
    return {
        "start": str(date(2013, 4, 1) + timedelta(days=7 * number)),
        "version": version,
        "rows": 6500,
        "mature": True,
        "loss_served": 0.5,
        "loss_frozen": 0.52,
        "loss_baseline": 0.6,
        "drift_share": 0.0,
        "drift_alarm": False,
        "decision": "wait",
        "reason": "The window is fine.",
        **other,
    }


def retraining(number: int, to: int | None) -> dict[str, Any]:
    return {
        "window": week(number - 1)["start"],
        "decided_after": week(number)["start"],
        "trigger": "performance",
        "from": 1,
        "to": to,
        "promoted": to is not None,
        "verdict": "promote" if to else "reject",
        "reason": "Promoted: all 9 criteria pass." if to else REJECTED,
    }


def summary_of(weeks: list[dict[str, Any]], retrainings: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "model": "flight_delay",
        "version": 1,
        "release": 1,
        "bento_tag": "flight_delay:v1",
        "winner": "hist_gradient_boosting",
        "search_metric": "log_loss",
        "candidates": {"hist_gradient_boosting": 0.49, "logistic_regression": None},
        "training_set": {
            "hash": "37dbfa064c4af008",
            "rows": 77_827,
            "positive_rate": 0.228,
            "first_day": "2013-01-01",
            "last_day": "2013-03-31",
        },
        "test": {"rows": 6351, "loss": 0.3511, "baseline_loss": 0.4089, "roc_auc": 0.7387},
        "reason": "Promoted: all 9 criteria pass and there is no champion yet.",
        "gate": [{"name": "limits", "passed": True, "found": "roc_auc is 0.739"}],
        "parity": {"rows": 20_000, "max_difference": 0.0},
        "champion": {"version": 3, "bento_tag": "flight_delay:v3"},
        "seconds": {"land": 2.6},
        "windows": weeks,
        "retrainings": retrainings,
    }


def lines_of(weeks: list[dict[str, Any]], retrainings: list[dict[str, Any]]) -> list[str]:
    summary = summary_of(weeks, retrainings)
    incidents: Any = [SimpleNamespace(is_open=is_open) for is_open in (True, False, False)]
    return story.lines(summary, incidents)


@pytest.mark.parametrize("count", [0, 1, 2, 17, 39])
@pytest.mark.parametrize("retrained", [0, 3, 12])
def test_it_fits_a_screen_and_nothing_in_it_is_cut(
    home: Settings, count: int, retrained: int
) -> None:
    weeks = [week(at, drift_alarm=at % 3 == 0, mature=at % 2 == 0) for at in range(count)]
    retrainings = [retraining(at, to=at if at % 2 else None) for at in range(min(retrained, count))]
    summary = summary_of(weeks, retrainings)
    lines = lines_of(weeks, retrainings)
    assert len(lines) <= 40
    with_paths = places(summary, settings().demo)
    assert [line for line in lines if len(line) > 80 and line not in with_paths] == []
    assert not any("…" in line for line in lines)


def test_the_usual_seventeen_weeks_are_all_there(home: Settings) -> None:
    weeks = [week(at) for at in range(17)]
    retrainings = [retraining(1, None), retraining(3, 2), retraining(5, 3)]
    text = "\n".join(lines_of(weeks, retrainings))
    assert [row["start"] for row in weeks if f"  {row['start']}  v1 " not in text] == []
    assert "more in the tables" not in text


def test_of_many_weeks_those_give_way_in_which_nothing_happened(home: Settings) -> None:
    weeks = [week(at, drift_alarm=at == 4) for at in range(39)]
    lines = lines_of(weeks, [retraining(1, 2)])
    rows = [line.split() for line in lines if line.startswith("  2013-")]
    shown = [start for start, by, *_ in rows if by == "v1"]
    assert shown[:2] == [weeks[1]["start"], weeks[4]["start"]]
    assert shown[-1] == weeks[-1]["start"]
    (note,) = [line for line in lines if "more in the tables" in line]
    assert int(note.split()[0]) + len(shown) == 39


def test_what_a_retraining_was_worth_is_said_where_it_was_worse_too(home: Settings) -> None:
    weeks = [
        week(0),
        week(1),
        week(2, version=2, loss_served=0.55),
        week(3, version=2, loss_served=0.53),
        week(4, version=2, loss_served=None, loss_frozen=None, loss_baseline=None),
    ]
    text = "\n".join(lines_of(weeks, [retraining(0, None), retraining(1, 2)]))
    assert "Retraining: asked for 2 times, promoted 1" in text
    assert "2013-04-08: v2 released, better than v1 frozen in 0 of its 2 weeks." in text
    assert "2013-04-01: Rejected because of better_than_champion" in text
    # Weighted by rows, over the weeks whose log loss is known.
    assert "all weeks        0.5200   0.5200     0.6000" in text


def test_alerts_are_one_counted_line(home: Settings) -> None:
    (line,) = [line for line in lines_of([week(0)], []) if line.startswith("Alerts")]
    assert line.startswith("Alerts: 3 incidents opened, 2 resolved: ")
    assert line.endswith("mlops incidents --all")


def test_the_tables_leave_nothing_out(home: Settings) -> None:
    weeks = [week(at, reason="Window 2013-04-01 exceeds the limit. " * 9) for at in range(39)]
    text = tables_text(summary_of(weeks, [retraining(1, None)]), story.WORDS)
    assert [row["start"] for row in weeks if row["start"] not in text] == []
    for name in (
        "hist_gradient_boosting",
        "logistic_regression",
        "37dbfa064c4af008",
        "limits",
    ):
        assert name in text
    assert "…" not in text
