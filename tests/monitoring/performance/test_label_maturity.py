from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mlops_platform.monitoring.performance.label_maturity import LabelMaturity, label_maturity

MONDAY = datetime(2013, 4, 1, tzinfo=UTC)


def looked_at(moment, days_late, before=None, others=(), start=MONDAY, rows=700):
    """A week of evenly spread events whose outcomes take some days, looked at on a day."""
    start = np.datetime64(start.replace(tzinfo=None), "us")
    events = start + np.arange(rows) * np.timedelta64(7 * 86_400 // rows, "s")
    known_at = events + np.timedelta64(round(days_late * 86_400), "s")
    now = np.datetime64(moment.replace(tzinfo=None), "us")
    known_at = np.where(known_at <= now, known_at, np.datetime64("NaT"))
    return label_maturity(moment, events, known_at, before, others)


def test_every_look_is_remembered_once():
    first, second = MONDAY + timedelta(days=7), MONDAY + timedelta(days=9)
    labels = looked_at(first, 3)
    for moment in (second, second):
        labels = looked_at(moment, 3, before=labels)

    assert [one.as_of for one in labels.known] == [first, second]
    assert [one.share for one in labels.known] == pytest.approx([4 / 7, 6 / 7], abs=0.01)
    assert LabelMaturity.model_validate_json(labels.model_dump_json()) == labels


def test_a_window_knows_how_much_of_it_should_be_known():
    earlier = looked_at(MONDAY + timedelta(days=30), 3)
    start = MONDAY + timedelta(days=28)
    moment = start + timedelta(days=8)

    on_time = looked_at(moment, 3, others=[earlier], start=start)
    late = looked_at(moment, 6, others=[earlier], start=start)

    assert on_time.expected == pytest.approx(on_time.known[-1].share, abs=0.02)
    assert late.expected - late.known[-1].share == pytest.approx(3 / 7, abs=0.02)


def test_a_first_window_has_nothing_to_expect_and_an_empty_one_nothing_to_know():
    assert looked_at(MONDAY + timedelta(days=8), 3).expected is None
    assert looked_at(MONDAY, 3, rows=1).expected is None
    nothing = np.array([], dtype="datetime64[us]")
    assert label_maturity(MONDAY, nothing, nothing, None, []) is None
