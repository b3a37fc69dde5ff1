"""Adjustments of a release, from its held-out rows and the days that mature after it."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context

import numpy as np
import pytest

from mlops_platform.data.features.features import read_training_rows
from mlops_platform.data.scored_days import by_day
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.pointer import read_pointer
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.adjustment.matured_days import (
    latest_built_day,
    matured_days,
    scored_days,
)
from mlops_platform.usecases.adjustment.state import adjustment_state
from mlops_platform.usecases.ledger.freeze import freeze
from mlops_platform.usecases.release.roll_back import roll_back
from mlops_platform.usecases.window.maturity import day_matures_at
from tests.usecases.adjustment.conftest import MODEL, RELEASED_AT, RELEASED_ON, Adapting

pytestmark = pytest.mark.slow
EMPTY_DAY, DAY_OF_LATE_LABELS = date(2024, 3, 16), date(2024, 3, 18)


def days_after(count: int) -> list[date]:
    return [RELEASED_ON + timedelta(days=number) for number in range(1, count + 1)]


def test_the_first_adjustment_is_valid_from_the_release_and_knows_no_later_outcome(
    adapting: Adapting,
) -> None:
    held_out = adapting.held_out
    assert held_out is not None
    # Of the last held-out day not all outcomes were known yet.
    assert [scored.day for scored in held_out.days] == [
        RELEASED_ON - timedelta(days=number) for number in range(14, 1, -1)
    ]
    assert held_out.seen_through == RELEASED_ON - timedelta(days=1)
    assert held_out.rule == adapting.spec.task.adaptation_rule

    adjusted = adapting.adjust_at(RELEASED_ON)

    [first] = adapting.written
    assert (first.number, first.valid_from) == (1, RELEASED_AT)
    assert first.labels_through == RELEASED_ON - timedelta(days=2)
    assert first.constants == held_out.rule.begun(held_out.days).constants
    assert first.actor == "sensor adjust"
    assert (adjusted.recorded, adjusted.state.number, adjusted.state.stale) == (1, 1, False)


def test_a_day_counts_from_the_moment_on_at_which_its_outcomes_have_matured(
    adapting: Adapting,
) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=1))
    assert len(adapting.written) == 1  # its first day has ended, and is not mature

    adapting.adjust_at(RELEASED_ON + timedelta(days=2))

    second = adapting.written[1]
    assert second.labels_through == RELEASED_ON
    assert second.valid_from == RELEASED_AT + timedelta(days=2)


def test_a_matured_day_waits_until_its_outcomes_are_built(adapting: Adapting) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=2))
    adapting.present.now += timedelta(days=3)

    adjusted = adapting.adjust()

    assert adjusted.recorded == 0
    assert adjusted.state.behind_days == 3


def test_wilder_outcomes_widen_the_intervals(adapting: Adapting) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=12))

    factors = [adjustment.constants["factor"] for adjustment in adapting.written]
    assert factors[-1] > 1.7 * factors[0]


def test_day_by_day_and_all_at_once_come_to_the_same(copied: Callable[[], Adapting]) -> None:
    daily, late = copied(), copied()

    for day in days_after(14):
        daily.adjust_at(day)
    late.adjust_at(days_after(14)[-1])

    content = {"number", "valid_from", "labels_through", "constants", "facts"}
    assert len(daily.written) == 13  # the release, and 13 matured days without the empty one
    for one, other in zip(daily.written, late.written, strict=True):
        assert one.model_dump(include=content) == other.model_dump(include=content)
    assert len({adjustment.recorded_at for adjustment in daily.written}) == 13
    assert EMPTY_DAY not in {adjustment.labels_through for adjustment in late.written}


def test_a_label_that_came_after_its_day_had_matured_changes_no_adjustment(
    copied: Callable[[], Adapting],
) -> None:
    in_time, late = copied(), copied()
    matures_on = DAY_OF_LATE_LABELS + timedelta(days=2)

    in_time.adjust_at(matures_on)
    late.adjust_at(matures_on + timedelta(days=9))  # by now the late labels are there

    expected = in_time.written[-1]
    assert expected.labels_through == DAY_OF_LATE_LABELS
    again = late.written[expected.number - 1]
    assert (again.constants, again.facts) == (expected.constants, expected.facts)


def test_an_outcome_that_is_corrected_after_its_day_had_matured_changes_no_adjustment(
    copied: Callable[[], Adapting],
) -> None:
    in_time, late = copied(), copied()
    matures_on = DAY_OF_LATE_LABELS + timedelta(days=2)
    corrected_at = f"TIMESTAMPTZ '{matures_on + timedelta(days=1)} 12:00:00+00'"
    correction = (
        "ALTER TABLE minutes ADD COLUMN superseded_at TIMESTAMPTZ",
        f"INSERT INTO minutes SELECT trip_id, local_date, minutes + 30, {corrected_at}, NULL "
        f"FROM minutes WHERE local_date = DATE '{DAY_OF_LATE_LABELS}'",
        f"UPDATE minutes SET superseded_at = {corrected_at} "
        f"WHERE local_date = DATE '{DAY_OF_LATE_LABELS}' AND known_at < {corrected_at}",
    )

    in_time.adjust_at(matures_on)
    late.adjust_at(matures_on + timedelta(days=9), afterwards=correction)

    expected = in_time.written[-1]
    assert expected.labels_through == DAY_OF_LATE_LABELS
    again = late.written[expected.number - 1]
    assert (again.constants, again.facts) == (expected.constants, expected.facts)


def test_scores_are_those_of_the_released_model_by_local_day(adapting: Adapting) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=5))
    champion, place = adapting.champion, adapting.deployment.settings
    last = latest_built_day(adapting.spec, place.published, adapting.present.now)
    assert last == RELEASED_ON + timedelta(days=3)
    days = [day for day in matured_days(adapting.spec, place.published, last) if day >= RELEASED_ON]
    assert days == [RELEASED_ON + timedelta(days=number) for number in range(4)]

    scored = scored_days(adapting.spec, place.published, champion, days, adapting.present.now)

    task, rule = adapting.spec.task, adapting.spec.task.adaptation_rule
    assert rule is not None
    rows = read_training_rows(adapting.spec, place.published, adapting.present.now).to_pandas()
    for day, scores in scored:
        of_day = rows[rows["local_date"] == day]
        numbers = task.numbers(champion.model, of_day[["miles"]])
        expected = rule.scores(of_day["minutes"].to_numpy(), numbers, champion.constants)
        assert sorted(scores) == pytest.approx(sorted(expected), rel=1e-12)
    assert [day for day, _ in scored] == days


def test_a_new_release_starts_anew_and_the_old_adjustments_stay(adapting: Adapting) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=5))
    before = adapting.written
    second = adapting.release(adapting.train(), 1)

    adjusted = adapting.adjust()

    assert (adjusted.state.release, adjusted.state.number) == (2, 1 + adjusted.recorded - 1)
    first = adapting.written[0]
    assert (first.number, first.sequence, first.version) == (1, 2, second.version)
    assert first.valid_from == second.released_at
    # Its model was fitted until the first release: days that matured since let it begin.
    assert first.labels_through == before[-1].labels_through
    assert adapting.deployment.ledger.adjustments(MODEL["name"], 1) == before


def test_what_was_rolled_back_to_follows_again_from_its_own_beginning(adapting: Adapting) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=5))
    first = adapting.written
    adapting.release(adapting.train(), 1)
    adapting.adjust()
    roll_back(adapting.deployment, MODEL["name"], reason="worse", actor="alice")

    adapting.adjust()

    [written] = adapting.written
    assert (written.sequence, written.version) == (3, 1)
    assert written.constants == first[-1].constants  # the same days, by the same model


def test_services_are_pointed_to_the_newest_adjustment(adapting: Adapting) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=4))

    pointer = read_pointer(adapting.deployment.settings.release_pointer(MODEL["name"]))
    assert pointer is not None
    assert pointer.adjustment is not None
    assert pointer.adjustment.number == len(adapting.written) == 4
    assert pointer.adjustment.constants == adapting.written[-1].constants


def test_two_who_adjust_at_once_record_each_adjustment_once(adapting: Adapting) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=4))
    adapting.publish(RELEASED_ON + timedelta(days=9))
    adapting.present.now += timedelta(days=5)

    # Processes, as in production: CPython 3.11 cannot load two models in threads at once (its
    # parser counts the recursion of all threads together).
    context = get_context("forkserver")
    context.set_forkserver_preload([Adapting.__module__, "mlflow", "sklearn.ensemble"])
    with ProcessPoolExecutor(2, mp_context=context) as processes:
        runs = [processes.submit(adapting.adjust) for _ in range(4)]
        adjusted = [run.result() for run in runs]

    numbers = [adjustment.number for adjustment in adapting.written]
    assert numbers == list(range(1, len(numbers) + 1))
    assert sum(run.recorded for run in adjusted) == len(numbers) - 4
    assert adapting.deployment.ledger.verify_chain(MODEL["name"]) is None


def test_a_version_of_before_its_task_followed_says_why_it_does_not(adapting: Adapting) -> None:
    following = adapting.spec
    adapting.declare(adaptation=None)
    adapting.release(adapting.train(), 1)
    adapting.spec = following
    assert adapting.held_out is None

    adjusted = adapting.adjust_at(RELEASED_ON + timedelta(days=4))

    assert (adjusted.recorded, adjusted.state.number) == (0, 0)
    assert "adjustments begin with the next version" in str(adjusted.reason)


def test_a_frozen_model_is_adjusted_by_nobody_but_a_person(adapting: Adapting) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=2))
    freeze(adapting.deployment.ledger, MODEL["name"], "radar is down", "alice")

    held = adapting.adjust_at(RELEASED_ON + timedelta(days=4))
    assert held.recorded == 0
    assert held.reason == "frozen by alice since 2024-03-13 09:00 UTC: radar is down"
    by_hand = adapting.adjust(automatic=False)

    assert by_hand.recorded == 2
    assert adapting.written[-1].actor == "alice"


def test_a_day_of_features_to_come_does_not_make_outcomes_complete(adapting: Adapting) -> None:
    day = RELEASED_ON + timedelta(days=3)
    adapting.at(day, hour=30)
    adapting.publish(day + timedelta(days=4), labels_until=day)

    adapting.adjust()

    # Labels are built through the day before, so that of the day before that all are known.
    assert adapting.written[-1].labels_through == day - timedelta(days=2)


def test_a_day_that_was_built_too_late_is_told_and_not_counted(
    copied: Callable[[], Adapting],
) -> None:
    whole, gap = copied(), RELEASED_ON + timedelta(days=2)
    whole.adjust_at(RELEASED_ON + timedelta(days=6), without=gap)
    assert gap not in {adjustment.labels_through for adjustment in whole.written}

    later = whole.adjust_at(RELEASED_ON + timedelta(days=8))

    assert later.recorded > 0
    assert later.passed_over == (gap,)
    without = copied()
    without.adjust_at(RELEASED_ON + timedelta(days=8), without=gap)
    assert [a.constants for a in whole.written] == [a.constants for a in without.written]


def test_days_without_outcomes_are_no_gap_and_do_not_widen_the_window(
    copied: Callable[[], Adapting],
) -> None:
    daily, late, every_second = copied(), copied(), "dayofyear(local_date) % 2 = 0"
    for day in days_after(24):
        adjusted = daily.adjust_at(day, outcomes=every_second)
        assert adjusted.passed_over == ()

    late.adjust_at(days_after(24)[-1], outcomes=every_second)

    assert 5 < len(late.written) < 20
    assert [a.constants for a in daily.written] == [a.constants for a in late.written]


def test_it_begins_once_the_days_are_built_that_had_matured_at_the_release(
    adapting: Adapting,
) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=5))
    before = adapting.written
    adapting.present.now += timedelta(days=4)  # four more days mature, and are not built
    adapting.release(adapting.train(), 1)

    waiting = adapting.adjust()

    assert waiting.recorded == 0
    assert "not built yet" in str(waiting.reason)
    adapting.adjust_at(RELEASED_ON + timedelta(days=9))
    [first] = adapting.written
    assert first.valid_from > before[-1].valid_from


def test_a_version_follows_by_the_rule_of_its_own_training(copied: Callable[[], Adapting]) -> None:
    promised, changed = copied(), copied()
    changed.declare(coverage=0.5, adaptation={"step": 0.1, "window_days": 3})
    for adapting in (promised, changed):
        adapting.adjust_at(RELEASED_ON + timedelta(days=6))

    assert [a.constants for a in changed.written] == [a.constants for a in promised.written]


def test_what_is_valid_from_when_never_goes_back(adapting: Adapting) -> None:
    slow = MODEL["monitoring"]["performance"] | {"mature_after_days": 4}
    fast = adapting.spec
    adapting.spec = ModelSpec.model_validate({**MODEL, "monitoring": {"performance": slow}})
    adapting.adjust_at(RELEASED_ON + timedelta(days=7))
    adapting.spec = fast

    adapting.adjust()

    moments = [adjustment.valid_from for adjustment in adapting.written]
    assert moments == sorted(moments)
    assert len(moments) == 5 + 1


def test_a_model_whose_yaml_lost_its_adaptation_stays_under_the_last_adjustment(
    adapting: Adapting,
) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=4))
    adapting.declare(adaptation=None)
    late = RELEASED_AT + timedelta(days=90)

    state = adjustment_state(
        adapting.deployment.ledger, adapting.spec, adapting.champion.release, late
    )

    assert state is not None
    assert (state.number, state.stale) == (len(adapting.written), False)
    assert "no adaptation any more" in state.told


def test_nothing_is_stale_that_cannot_or_may_not_follow(adapting: Adapting) -> None:
    ledger, release = adapting.deployment.ledger, adapting.champion.release
    adapting.adjust_at(RELEASED_ON + timedelta(days=4))
    late = RELEASED_AT + timedelta(days=90)

    def is_stale(spec: ModelSpec) -> bool:
        state = adjustment_state(ledger, spec, release, late)
        assert state is not None
        return state.stale

    assert is_stale(adapting.spec)
    window = adapting.spec.window.model_copy(update={"end": RELEASED_ON + timedelta(days=4)})
    assert not is_stale(adapting.spec.model_copy(update={"window": window}))
    freeze(ledger, MODEL["name"], "radar is down", "alice")
    assert not is_stale(adapting.spec)


def test_before_the_first_release_there_is_nothing_to_adjust(adapting: Adapting) -> None:
    unknown = adapting.spec.model_copy(update={"name": "taxis"})
    rule = adapting.spec.task.adaptation_rule
    assert rule is not None
    adapting.spec = unknown
    with pytest.raises(LedgerError, match=r"'taxis' has no champion .* `mlops train taxis`"):
        adapting.adjust()


@pytest.mark.parametrize(("days_later", "stale"), [(4, False), (5, True)])
def test_an_adjustment_is_stale_once_more_days_have_matured_than_the_yaml_allows(
    adapting: Adapting, days_later: int, stale: bool
) -> None:
    adapting.adjust_at(RELEASED_ON + timedelta(days=2))  # knows its first day
    moment = day_matures_at(adapting.spec, RELEASED_ON + timedelta(days=days_later - 1))

    state = adjustment_state(
        adapting.deployment.ledger, adapting.spec, adapting.champion.release, moment
    )

    assert state is not None
    assert (state.behind_days, state.stale) == (days_later - 1, stale)
    assert state.told.startswith("intervals reach ")


def test_scored_days_come_in_order_whatever_that_of_the_rows() -> None:
    days = np.array(["2024-03-02", "2024-03-01", "2024-03-02"], dtype="datetime64[D]")

    first, second = by_day(days, np.array([1.0, 2.0, 3.0]))

    assert (first.day, first.scores.tolist()) == (date(2024, 3, 1), [2.0])
    assert (second.day, second.scores.tolist()) == (date(2024, 3, 2), [1.0, 3.0])
