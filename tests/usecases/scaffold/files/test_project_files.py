"""Which files follow from choices, what they say, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_platform.data.profiling.profile import Dialect
from mlops_platform.errors import SpecError
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec, inconsistencies
from mlops_platform.usecases.scaffold.choices import (
    Choices,
    DatabaseSourceChoice,
    FileSourceChoice,
    RollingChoice,
)
from mlops_platform.usecases.scaffold.files.project_files import project_files
from tests.usecases.scaffold.files.cases import (
    CASES,
    alarms,
    churn,
    late_orders,
    long_trips,
    order_delays,
    short_trips,
)

EXPORTS = Path("/exports")
LANDING = Path("mlops_platform/defs/shop/landing_orders/defs.yaml")
MODEL = Path("mlops_platform/defs/shop/late_orders/defs.yaml")
MARTS = Path("dbt_project/models/shop/marts")


def changed(choices: Choices, **update: Any) -> Choices:
    return Choices.model_validate(choices.model_dump() | update)


def attributes(files: dict[Path, str], path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(files[path])["attributes"]
    return read


@pytest.fixture(scope="module")
def orders() -> dict[Path, str]:
    return project_files(late_orders(EXPORTS))


def test_all_files_lie_in_folders_of_the_domain(orders: dict[Path, str]) -> None:
    assert [str(path) for path in orders] == [
        "mlops_platform/defs/shop/landing_orders/defs.yaml",
        "dbt_project/models/shop/staging/_landing_orders.yml",
        "dbt_project/models/shop/staging/stg_orders.sql",
        "dbt_project/models/shop/staging/stg_orders.yml",
        "mlops_platform/defs/shop/features/defs.yaml",
        "dbt_project/models/shop/marts/late_orders_features.sql",
        "dbt_project/models/shop/marts/late_orders_features.yml",
        "dbt_project/models/shop/marts/late_orders_labels.sql",
        "dbt_project/models/shop/marts/late_orders_labels.yml",
        "mlops_platform/defs/shop/late_orders/defs.yaml",
    ]


def test_another_label_of_the_same_data_leaves_landing_and_staging(
    orders: dict[Path, str],
) -> None:
    others = project_files(order_delays(EXPORTS))
    shared = orders.keys() & others.keys()
    assert {path.parent.name for path in shared} == {"features", "landing_orders", "staging"}
    assert all(orders[path] == others[path] for path in shared)


def test_of_a_dbt_model_nothing_lands() -> None:
    files = project_files(short_trips(EXPORTS))
    assert {path.parent.name for path in files} == {"features", "marts", "short_trips"}
    folder = Path("dbt_project/models/more_trips/marts")
    assert "from {{ ref('trip_facts') }}" in files[folder / "short_trips_features.sql"]


def test_of_rows_that_are_no_versions_every_row_is_a_fact() -> None:
    choices = short_trips(EXPORTS)
    plain = changed(choices, source={"type": "dbt_model", "model": "facts", "day": "on_day"})
    files = project_files(plain)
    folder = Path("dbt_project/models/more_trips/marts")
    features = files[folder / "short_trips_features.sql"]
    assert "known_at_event" not in features
    assert "in_build_range('on_day'" in features
    assert "null::timestamptz as superseded_at" in features
    assert "merged_versions" not in files[folder / "short_trips_labels.sql"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_every_definition_is_a_model_without_contradictions(
    case: Callable[[Path], Choices],
) -> None:
    choices = case(EXPORTS)
    path = Path("mlops_platform", "defs", choices.domain, choices.model, "defs.yaml")
    spec = ModelSpec.model_validate(attributes(project_files(choices), path))
    assert list(inconsistencies(spec)) == []


def test_a_column_that_is_called_like_a_prediction_has_another_name(
    orders: dict[Path, str],
) -> None:
    assert "score_value" in attributes(orders, MODEL)["features"]["numeric"]
    assert "known.score as score_value" in orders[MARTS / "late_orders_features.sql"]


def test_reasons_stand_beside_what_they_explain(orders: dict[Path, str]) -> None:
    text = orders[MODEL]
    assert "# delay: The label is made of it.\n  features:" in text
    assert "# It is about a person.\n      - gender" in text
    assert "# Left out are\n  # junk: It says the same in every row.\n  columns:" in orders[LANDING]


def test_a_reason_that_is_given_takes_the_place_of_ours() -> None:
    given = {"window": "Because we meet on Mondays.", "key": "They promised it."}
    files = project_files(changed(late_orders(EXPORTS), reasons=given))
    assert "# Because we meet on Mondays.\n  window:" in files[MODEL]
    assert "# They promised it.\n  key:" in files[LANDING]


def test_what_is_missing_in_disguise_is_null(orders: dict[Path, str]) -> None:
    staging = orders[Path("dbt_project/models/shop/staging/stg_orders.sql")]
    assert "nullif(groesse_m, -999) as groesse_m" in staging
    assert """nullif(nullif("order", 'unknown'), 'it''s n/a') as "order\"""" in staging


def test_files_are_read_as_they_are_written() -> None:
    source = FileSourceChoice(
        folder="/exports",
        pattern="*.csv",
        dialect=Dialect(delimiter=";", decimal=","),
        null_values=("", "k.A."),
    )
    files = project_files(changed(late_orders(EXPORTS), source=source.model_dump()))
    landing = attributes(files, LANDING)
    assert landing["csv"] == {"delimiter": ";", "decimal": ","}
    assert landing["null_values"] == ["", "k.A."]


@pytest.mark.parametrize(
    ("formats", "csv"),
    [
        (
            {"ordered_at": "%d.%m.%Y %H:%M", "delivered": "%d.%m.%Y %H:%M"},
            {"timestamp_format": "%d.%m.%Y %H:%M"},
        ),
        ({"ordered_at": "%d.%m.%Y"}, {"formats": {"ordered_at": "%d.%m.%Y"}}),
        (
            {"ordered_at": "%d.%m.%Y %H:%M", "delivered": "epoch"},
            {"formats": {"ordered_at": "%d.%m.%Y %H:%M", "delivered": "epoch"}},
        ),
        ({}, None),
    ],
)
def test_the_landing_says_how_times_are_written(
    formats: dict[str, str], csv: dict[str, object] | None
) -> None:
    choices = late_orders(EXPORTS)
    columns = [
        {**column.model_dump(), "time_format": formats.get(column.output)}
        for column in choices.columns
    ]
    source = FileSourceChoice(folder="/exports", pattern="*.csv", dialect=Dialect()).model_dump()
    files = project_files(changed(choices, source=source, columns=columns))
    assert attributes(files, LANDING).get("csv") == csv
    if csv is not None:
        assert "another one is refused" in files[LANDING]


def test_the_landing_says_how_it_reads_changed_hours(orders: dict[Path, str]) -> None:
    assert "clock_change" not in attributes(orders, LANDING)
    because = {"clock_change": "Nine times do not exist."}
    files = project_files(changed(late_orders(EXPORTS), clock_change="earlier", reasons=because))
    assert attributes(files, LANDING)["clock_change"] == "earlier"
    assert "# Nine times do not exist.\n  clock_change: earlier\n" in files[LANDING]


def test_what_has_no_groups_is_sensitive_and_no_subgroup(orders: dict[Path, str]) -> None:
    assert attributes(orders, MODEL)["evaluation"] == {"subgroups": ["gender"]}
    columns = [
        of.model_dump() | {"is_grouped": of.output != "gender"}
        for of in late_orders(EXPORTS).columns
    ]
    model = attributes(project_files(changed(late_orders(EXPORTS), columns=columns)), MODEL)
    assert model["features"]["sensitive"] == ["gender"]
    assert "evaluation" not in model
    assert model["card"]["ethical_considerations"].endswith("gender is no feature.")


def test_ranges_are_short_numbers_and_hold_what_was_seen() -> None:
    ends = {"low": -33.4100000001, "high": 1234567.25}
    columns = [
        of.model_dump() | (ends if of.output == "score" else {})
        for of in late_orders(EXPORTS).columns
    ]
    files = project_files(changed(late_orders(EXPORTS), columns=columns))
    (model,) = yaml.safe_load(files[MARTS / "late_orders_features.yml"])["models"]
    [ranges] = [
        test["within_ranges"]["arguments"]["ranges"]
        for test in model["data_tests"]
        if "within_ranges" in test
    ]
    assert ranges["score_value"] == [-1_234_640.0, 2_469_170.0]
    assert ranges["groesse_m"] == [0.0, 8.0]


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("sqlite:////data/shop.db", "sqlite:////data/shop.db"),
        ("SHOP_URL", "{{ env('SHOP_URL') }}"),
    ],
)
def test_a_table_of_a_database_lands_by_its_component(url: str, written: str) -> None:
    source = DatabaseSourceChoice(url=url, relation="sales.orders")
    files = project_files(changed(late_orders(EXPORTS), source=source.model_dump()))
    component = "mlops_platform.components.DatabaseLandingComponent"
    assert yaml.safe_load(files[LANDING])["type"] == component
    landing = attributes(files, LANDING)
    assert (landing["url"], landing["relation"]) == (written, "sales.orders")
    assert {"folder", "pattern", "null_values", "csv"}.isdisjoint(landing)
    assert {"time_column", "partitions"} <= landing.keys()


def test_rows_without_time_are_a_snapshot_and_split_by_shares() -> None:
    files = project_files(churn(EXPORTS))
    folder = Path("mlops_platform/defs/people")
    landing = yaml.safe_load(files[folder / "landing_people" / "defs.yaml"])
    assert landing["type"] == "mlops_platform.components.SnapshotLandingComponent"
    model = attributes(files, folder / "churn" / "defs.yaml")
    assert model["features"]["event_time"] is model["label"]["known_at"] is None
    # A fifth of 150 events would be too few to judge by.
    assert model["training"]["history"]["split"] == {
        "by": "stratified",
        "validation_share": 0.2,
        "test_share": 0.4,
        "seed": 42,
    }


def test_many_rows_are_fitted_on_and_searched_in_part() -> None:
    files = project_files(changed(late_orders(EXPORTS), rows=3_000_000))
    training = attributes(files, MODEL)["training"]
    assert training["max_rows"] == 500_000
    # Enough for days of all folds: 500,000 rows of 42 days are 12,000 a day.
    assert training["tuning"]["max_rows"] == 96_000


def test_a_rare_event_has_a_longer_test() -> None:
    rare = late_orders(EXPORTS).label_facts
    assert rare is not None
    facts = rare.model_copy(update={"positives": 400}).model_dump()
    files = project_files(changed(late_orders(EXPORTS), label_facts=facts))
    split = attributes(files, MODEL)["training"]["history"]["split"]
    assert split == {"validation_days": 6, "test_days": 11}


def test_a_short_history_is_compared_on_the_days_that_there_are() -> None:
    files = project_files(long_trips(EXPORTS))
    model = attributes(files, Path("mlops_platform/defs/trips/long_trips/defs.yaml"))
    assert model["training"]["history"]["split"] == {"validation_days": 2, "test_days": 3}
    assert model["gate"]["improvement"] == {"min_days": 3}


@pytest.mark.parametrize(
    ("goes_on", "end", "last_window"),
    [(False, "2024-04-15", "2024-04-15"), (True, "2034-01-01", None)],
)
def test_days_end_where_rows_do(goes_on: bool, end: str, last_window: str | None) -> None:
    files = project_files(changed(late_orders(EXPORTS), goes_on=goes_on))
    assert attributes(files, LANDING)["partitions"]["end"] == end
    window = attributes(files, MODEL)["window"]
    assert str(window.get("end")) == str(last_window)


def test_weeks_begin_on_a_monday() -> None:
    files = project_files(changed(late_orders(EXPORTS), first_day=date(2024, 3, 6)))
    assert attributes(files, MODEL)["window"]["start"] == date(2024, 3, 11)


def test_outcomes_that_are_missing_anyway_ring_no_alarm() -> None:
    performance = attributes(project_files(late_orders(EXPORTS)), MODEL)["monitoring"][
        "performance"
    ]
    assert performance["outcomes_missing"] == {"warn": 0.098}
    assert performance["mature_after_days"] == 1


def test_rolling_features_say_how_far_they_reach(orders: dict[Path, str]) -> None:
    (model,) = yaml.safe_load(orders[MARTS / "late_orders_features.yml"])["models"]
    # Three days of window, one until outcomes are known, and days of grace.
    assert model["config"]["meta"]["mlops"]["reach_days"] == 7
    assert "lookback_days=7" in orders[MARTS / "late_orders_features.sql"]


@pytest.mark.parametrize(
    ("known_at", "sql"),
    [
        ("checked_on", "timezone('UTC', (checked_on + 1)::timestamp)"),
        ("read_at", "            read_at\n"),
        ("read_at + interval '1 day'", "(read_at + interval '1 day')::timestamptz  -- noqa"),
    ],
)
def test_a_label_is_known_at_the_end_of_a_day_or_at_its_moment(known_at: str, sql: str) -> None:
    files = project_files(changed(alarms(EXPORTS), known_at=known_at))
    assert sql in files[Path("dbt_project/models/works/marts/alarms_labels.sql")]


def _renamed(choices: Choices, old: str, new: str) -> list[dict[str, Any]]:
    return [
        of.model_dump() | ({"output": new} if of.output == old else {}) for of in choices.columns
    ]


@pytest.mark.parametrize(
    ("update", "field"),
    [
        ({"model": "features"}, "name"),
        ({"entity": []}, "entity"),
        ({"entity": ["nobody"]}, "entity"),
        ({"key": ["junk"]}, "key"),
        ({"first_day": None}, "first_day"),
        ({"event_time": None}, "event_time"),
        ({"label": "delay > 15 -- late"}, "label"),
        ({"label": "{{ delay }}"}, "label"),
        ({"known_at": "delivered; drop table x"}, "known_at"),
        ({"label_facts": None}, None),
        (
            {"rolling": [RollingChoice(name="x", key=("nobody",), hours=1).model_dump()]},
            "rolling.x.key",
        ),
        ({"columns": _renamed(late_orders(EXPORTS), "gift", "known_at")}, "columns.known_at"),
        ({"columns": _renamed(late_orders(EXPORTS), "gift", "order")}, "columns.order"),
        (
            {
                "columns": [
                    of.model_dump() | ({"name": "{{x}}"} if of.output == "gift" else {})
                    for of in late_orders(EXPORTS).columns
                ]
            },
            "columns.gift",
        ),
    ],
)
def test_choices_of_which_nothing_can_be_made_are_refused(
    update: dict[str, Any], field: str | None
) -> None:
    choices = changed(late_orders(EXPORTS), **update)
    if field is None:  # a classifier need not know
        assert project_files(choices)
        return
    with pytest.raises(SpecError) as refused:
        project_files(choices)
    assert refused.value.field == field


def test_a_regression_has_to_know_how_far_its_label_spreads() -> None:
    with pytest.raises(SpecError, match="how far"):
        project_files(changed(order_delays(EXPORTS), label_facts=None))


def test_rows_without_time_have_no_rolling_features() -> None:
    rolling = [RollingChoice(name="x", key=("plan",), hours=1).model_dump()]
    with pytest.raises(SpecError, match="nothing before them"):
        project_files(changed(churn(EXPORTS), rolling=rolling))


@pytest.mark.slow
def test_no_line_of_sql_is_against_the_style_of_the_project(written: Path) -> None:
    linter = Path(sys.executable).with_name("sqlfluff")
    linted = subprocess.run(
        [linter, "lint", "dbt_project/models"],
        cwd=written,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout
    assert (PROJECT_ROOT / "dbt_project" / ".sqlfluff").is_file()
