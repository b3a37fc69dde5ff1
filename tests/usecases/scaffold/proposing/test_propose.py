"""What follows from a scan and a few answers, and that flags win over what is proposed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.errors import SpecError
from mlops_platform.usecases.scaffold.files.project_files import project_files
from mlops_platform.usecases.scaffold.inquiry import (
    check_draft,
    completed_choices,
    outcome_of,
    unanswered,
)
from mlops_platform.usecases.scaffold.proposing.draft import Draft
from mlops_platform.usecases.scaffold.proposing.names import TakenNames
from tests.usecases.scaffold.proposing.conftest import Propose, written

Drafted = Callable[..., Draft]


def test_names_follow_from_the_file_and_the_label(propose: Propose) -> None:
    choices = propose()
    assert (choices.domain, choices.table) == ("orders", "orders")
    assert choices.model == choices.label_name == "delay_above_15"


def test_moments_are_those_of_the_columns(propose: Propose) -> None:
    choices = propose()
    assert (choices.event_time, choices.time_column) == ("ordered_at", "ordered_at")
    assert choices.known_at == "arrived_at"
    assert choices.first_day == date(2024, 1, 1)
    assert choices.label_delay_days == 1
    types = {column.output: column.type for column in choices.columns}
    assert types["ordered_at"] == types["arrived_at"] == "TIMESTAMP WITH TIME ZONE"


def test_the_label_is_over_landed_columns(propose: Propose) -> None:
    choices = propose(label='"Delay" > 15 and "Order ID" > 5000')
    assert choices.label == "delay > 15 and order_id > 5000"
    assert choices.task["type"] == "binary_classification"


def test_a_number_is_a_regression(propose: Propose) -> None:
    choices = propose(label="Delay")
    assert choices.task["type"] == "regression"
    assert choices.label_name == "delay"


def test_roles_have_their_reasons(propose: Propose) -> None:
    columns = {column.output: column for column in propose().columns}
    roles = {output: column.role for output, column in columns.items()}
    assert roles == {
        "order_id": "kept",
        "ordered_at": "kept",
        "arrived_at": "kept",
        "carrier": "feature",
        "delay": "kept",
        "weight": "feature",
        "email": "sensitive",
        "country": "kept",
        "note": "feature",
    }
    assert all(column.reason for column in columns.values())
    assert columns["country"].reason == "it says DE in every row"
    assert columns["carrier"].kind == "categorical"


@pytest.mark.parametrize("said", [{}, {"sensitive": ("email",)}])
def test_of_many_values_there_are_no_groups_to_judge(
    propose: Propose, said: dict[str, object]
) -> None:
    columns = {column.output: column for column in propose(**said).columns}
    assert (columns["email"].role, columns["email"].is_grouped) == ("sensitive", False)
    assert columns["email"].reason.endswith("no group of it is large enough to be judged")
    assert columns["carrier"].is_grouped


def test_what_means_missing_is_no_end_of_the_range(propose: Propose) -> None:
    [weight] = [column for column in propose().columns if column.output == "weight"]
    assert weight.missing_as == ("-999",)
    assert weight.low is None
    assert weight.high == 49


def test_flags_win(propose: Propose) -> None:
    choices = propose(
        name="late",
        domain="shop",
        drop=("note",),
        sensitive=("carrier",),
        keep=("email",),
        timezone="Europe/Berlin",
        owner="team:shop",
        known_at="ordered_at + interval 2 days",
    )
    roles = {column.output: column.role for column in choices.columns}
    assert (choices.model, choices.domain, choices.owners) == ("late", "shop", ("team:shop",))
    assert (roles["note"], roles["carrier"], roles["email"]) == ("dropped", "sensitive", "feature")
    assert choices.timezone == "Europe/Berlin"
    assert choices.known_at == "ordered_at + interval 2 days"
    assert choices.label_delay_days == 2
    # A time that no outcome is known by is no feature all the same.
    assert roles["arrived_at"] == "kept"


def test_rolling_means_are_of_keys_that_tell_something(propose: Propose) -> None:
    names = [rolling.name for rolling in propose().rolling]
    assert names == ["outcome_mean_7d", "carrier_outcome_mean_28d"]


def test_without_a_moment_at_which_outcomes_are_known_there_are_none(propose: Propose) -> None:
    choices = propose(known_at="landing")
    assert choices.known_at is None
    assert choices.rolling == ()
    assert "lands" in choices.reasons["label.known_at"]


def test_rows_without_time(draft: Drafted, orders: ScannedTable) -> None:
    today = date(2024, 6, 1)
    said = replace(draft(time="none", known_at=None), today=today)
    choices = completed_choices(orders, said, outcome_of(orders, said))
    assert (choices.event_time, choices.time_column, choices.known_at) == (None, None, None)
    assert (choices.first_day, choices.goes_on, choices.cadence) == (today, True, "daily")


def test_rows_that_are_new_go_on(draft: Drafted, orders: ScannedTable) -> None:
    said = draft()
    for today, goes_on in ((date(2024, 3, 10), True), (date(2025, 3, 10), False)):
        dated = replace(said, today=today)
        choices = completed_choices(orders, dated, outcome_of(orders, dated))
        assert choices.goes_on is goes_on


def test_moments_that_do_not_say_their_zone_are_of_the_one_of_the_data(propose: Propose) -> None:
    choices = propose(
        known_at="CAST(CAST(arrived_at AS DATE) AS TIMESTAMP)", timezone="Europe/Berlin"
    )
    assert choices.known_at is not None
    assert choices.known_at.startswith("timezone('Europe/Berlin', ")


def test_names_that_others_have_are_left_to_them(draft: Drafted) -> None:
    taken = TakenNames(
        domains=("orders",), tables={"orders": "other"}, models={"delay_above_15": "other"}
    )
    said = replace(draft(), taken=taken)
    assert said.domain == "orders_2"
    assert said.table == "orders_2_orders"
    assert said.model == "orders_2_delay_above_15"
    with pytest.raises(SpecError, match="was not made by `mlops init`"):
        _ = replace(draft(domain="orders"), taken=taken).domain
    for domain in (None, "other"):
        with pytest.raises(SpecError, match="The domain other has a model of this name"):
            _ = replace(draft(name="delay_above_15", domain=domain), taken=taken).model


def test_a_model_that_is_made_again_keeps_its_name(draft: Drafted, propose: Propose) -> None:
    taken = TakenNames(models={"late": "orders"})
    again = replace(draft(name="late"), taken=taken, earlier=propose(name="late"))
    assert again.model == "late"


def test_a_second_model_leaves_the_landing_as_it_is(
    draft: Drafted, orders: ScannedTable, propose: Propose
) -> None:
    first = propose(drop=("note",), timezone="Europe/Berlin", name="late")
    said = replace(draft(label="Delay"), earlier=first)
    second = completed_choices(orders, said, outcome_of(orders, said))
    for shared in ("domain", "table", "key", "timezone", "duplicates", "first_day"):
        assert getattr(second, shared) == getattr(first, shared)
    dropped = {column.output for column in second.columns if column.role == "dropped"}
    assert dropped == {"note"}
    assert second.model == "delay"


def test_the_outcome_of_another_model_is_no_feature_unless_somebody_keeps_it(
    draft: Drafted, propose: Propose
) -> None:
    late = propose(label="weight > 20", name="heavy", known_at="arrived_at + interval 1 day")
    said = {"label": "Delay", "known_at": "ordered_at + interval 2 days"}
    for answers, role in (({}, "kept"), ({"keep": ("weight",)}, "feature")):
        second = replace(draft(**said, **answers), earlier=late, others=(late,))
        columns = {column.output: column for column in second.columns()}
        assert columns["weight"].role == role
    second = replace(draft(**said), others=(late,))
    columns = {column.output: column for column in second.columns()}
    reason = "the outcome of the model heavy, or when it is known"
    assert columns["weight"].reason == columns["arrived_at"].reason == reason
    assert columns["carrier"].role == "feature"


def test_a_second_label_has_the_time_the_zone_and_the_types_that_landed(
    draft: Drafted, orders: ScannedTable, propose: Propose
) -> None:
    first = propose(
        name="late",
        time="date_trunc('hour', ordered_at)",
        known_at="ordered_at + interval 2 days",
        timezone="Europe/Berlin",
    )
    said = draft(label="weight > 20", known_at="arrived_at")
    said = replace(said, earlier=first, landed=first, others=(first,))
    check_draft(orders, said)
    second = completed_choices(orders, said, outcome_of(orders, said))
    assert (second.event_time, second.time_column) == (first.event_time, first.time_column)
    assert second.known_at == "arrived_at"
    then, now = project_files(first), project_files(second)
    [labels] = [text for path, text in now.items() if path.name.endswith("_labels.sql")]
    assert "timezone('Europe/Berlin', arrived_at)" in labels
    assert {path for path in then if "landing" in path.name or "landing" in path.parent.name}
    for path in then.keys() & now.keys():
        assert now[path] == then[path], path


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"timezone": "Europe/Paris"}, "timezone: 'Europe/Paris' .*days of UTC.*--domain"),
        ({"time": "arrived_at"}, "time: 'arrived_at' .*the time ordered_at.* late: .*--domain"),
        ({"time": "none", "known_at": None}, "time: 'none' .*the time ordered_at"),
        ({"time": "ORDERED_AT", "timezone": "UTC"}, None),
    ],
)
def test_another_time_than_the_landed_one_is_refused(
    draft: Drafted,
    orders: ScannedTable,
    propose: Propose,
    answers: dict[str, object],
    message: str | None,
) -> None:
    first = propose(name="late")
    said = replace(draft(label="weight > 20", **answers), earlier=first, landed=first)
    if message is None:
        check_draft(orders, said)
        return
    with pytest.raises(SpecError, match=message):
        check_draft(orders, said)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"label": "Dellay"}, "label: 'Dellay' .* Did you mean 'Delay'"),
        ({"label": "Delay >"}, "label: 'Delay >' .* no SQL: syntax error"),
        ({"label": "country"}, "It is DE in every row"),
        ({"label": "sum(Delay) > 3"}, "DuckDB cannot compute it"),
        ({"label": "Delay > 15 OVER ()"}, "no SQL"),
        ({"label": "row_number() over () > 3"}, "reads other rows"),
        ({"label": "(select 1) > Delay"}, "reads a query inside"),
        ({"label": "carrier + 1"}, "DuckDB cannot compute it"),
        ({"label": "1 = 1"}, "reads no column"),
        ({"label": "Delay, weight"}, "Write one value of a row"),
        ({"label": "nullif(country, 'DE')"}, "It is NULL in every row"),
        ({"time": "carrier"}, "time: 'carrier' .* of type VARCHAR and no moment"),
        ({"time": "ordered"}, "Did you mean 'ordered_at'"),
        ({"known_at": "Delay"}, "known-at: 'delay' .* no moment"),
        ({"known_at": "arrived_at + 7 dais"}, "no SQL|write one value|Did you mean"),
        ({"entity": ("carrier",)}, "repeat another one's.*such as Order ID"),
        ({"entity": ("Oder ID",)}, "entity: 'Oder ID' .* Did you mean 'Order ID'"),
        ({"drop": ("Delay",)}, "The label is made of it"),
        ({"drop": ("nothing_like_it",)}, "It has: Order ID, ordered_at"),
        ({"task": "regression"}, "does not fit this label.*binary_classification"),
        ({"name": "Late Orders"}, "such as 'late_orders'"),
        ({"domain": "a/b"}, "such as 'a_b'"),
    ],
)
def test_what_cannot_be_is_refused_by_its_flag(
    propose: Propose, answers: dict[str, object], message: str
) -> None:
    with pytest.raises(SpecError, match=f"(?i){message}"):
        propose(**answers)


GERMAN = "strptime(wann, '%d.%m.%Y %H:%M Uhr')"
SAY_IT = "Say how a CSV file writes it with --time-format"


@pytest.mark.parametrize(
    ("answers", "advice"),
    [
        ({"time": GERMAN}, SAY_IT),
        ({"time": "wann"}, SAY_IT),
        ({"known_at": "wann"}, SAY_IT),
        ({"known_at": "tag || ' 10:00'"}, "cast it: `CAST.tag .* AS TIMESTAMP.`"),
    ],
)
def test_times_that_are_not_read_are_told_what_to_do(
    draft: Drafted, tmp_path: Path, answers: dict[str, object], advice: str
) -> None:
    rows = [
        f"{n},{1 + n % 28:02}.02.2026 10:{n % 60:02} Uhr,2026-02-01,{n % 7}" for n in range(300)
    ]
    with scan_files([written(tmp_path, "\n".join(["id,wann,tag,x", *rows]) + "\n")]) as table:
        said = draft(table, **{"label": "x > 3", "known_at": "tag", **answers})
        with pytest.raises(SpecError, match=advice) as refused:
            check_draft(table, said)
            said.landed_moments()
    assert ("CAST" in str(refused.value)) is ("CAST" in advice)


LEAK = Finding(kind="leakage", columns=("weight",), level="refuse", text="weight tells all.")


def test_a_leak_is_no_feature_unless_somebody_keeps_it(draft: Drafted) -> None:
    for answers, role in (({}, "kept"), ({"keep": ("weight",)}, "feature")):
        said = replace(draft(**answers), findings=(LEAK,))
        [weight] = [column for column in said.columns() if column.output == "weight"]
        assert weight.role == role


def test_what_is_refused_stops_until_it_is_answered(draft: Drafted) -> None:
    early = LEAK.model_copy(update={"kind": "known_before_event", "columns": ("arrived_at",)})
    assert unanswered(draft(), (LEAK, early)) == [LEAK, early]
    assert unanswered(draft(drop=("weight",)), (LEAK, early)) == [early]
    assert unanswered(draft(keep=("weight",)), (LEAK,)) == []
    assert unanswered(draft(), (LEAK.model_copy(update={"level": "warn"}),)) == []
