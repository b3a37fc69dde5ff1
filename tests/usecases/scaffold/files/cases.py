"""Data that somebody owns, and what was chosen of it: one case for each kind of table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from mlops_platform.tasks.proposals.proposal import LabelFacts, Proposal
from mlops_platform.tasks.starting import propose_tasks
from mlops_platform.usecases.scaffold.choices import (
    Choices,
    ColumnChoice,
    DbtSourceChoice,
    FileSourceChoice,
    RollingChoice,
)

FIRST_DAY, DAYS, ORDERS_OF_DAY = date(2024, 3, 4), 42, 40
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
OWNERS = ("team:shop",)
LATE = LabelFacts(
    expression="delay > 15",
    type="BOOLEAN",
    rows=1600,
    distinct=2,
    values=("true", "false"),
    positives=500,
)
DELAY = LabelFacts(
    expression="delay",
    type="DOUBLE",
    rows=1600,
    distinct=1500,
    low_quantile=-5.0,
    median=8.0,
    high_quantile=30.0,
    deviation=14.0,
)


def column(name: str, output: str, landed: str, role: Any = "feature", **more: Any) -> ColumnChoice:
    return ColumnChoice(name=name, output=output, type=landed, role=role, **more)


def number(name: str, output: str | None = None, **more: Any) -> ColumnChoice:
    return column(name, output or name, "DOUBLE", kind="numeric", **more)


def category(name: str, output: str | None = None, **more: Any) -> ColumnChoice:
    return column(name, output or name, "VARCHAR", kind="categorical", **more)


ORDER_COLUMNS = (
    column("Order ID", "order_id", "BIGINT", "kept", reason="It says which row it is."),
    column("Ordered at", "ordered_at", "TIMESTAMPTZ", "kept", reason="The time of the row"),
    column("delivered", "delivered", "TIMESTAMPTZ", "kept", reason="It is known afterwards"),
    number("Größe (m)", "groesse_m", low=0.0, high=4.0, missing_as=("-999",), missing_share=0.05),
    category("order", missing_as=("unknown", "it's n/a")),
    number("score", low=-1.0, high=1.0),
    column("gift", "gift", "BOOLEAN", kind="boolean"),
    column('remark: "free"', "remark", "VARCHAR", kind="text"),
    category("gender", reason="It is about a person.").model_copy(update={"role": "sensitive"}),
    column("delay", "delay", "DOUBLE", "kept", reason="The label is made of it"),
    column("junk", "junk", "VARCHAR", "dropped", reason="It says the same in every row."),
)


def proposed(facts: LabelFacts) -> Proposal:
    (proposal,) = propose_tasks(facts)
    return proposal


def late_orders(exports: Path) -> Choices:
    """Odd names, a label by an expression, and rolling features of all kinds."""
    proposal = proposed(LATE)
    return Choices(
        domain="shop",
        table="orders",
        model="late_orders",
        description="The probability that an order comes late: {{ as they say }}.",
        owners=OWNERS,
        source=FileSourceChoice(folder=str(exports), pattern="orders.csv", null_values=("", "NA")),
        columns=ORDER_COLUMNS,
        key=("order_id",),
        entity=("order_id",),
        event_time="ordered_at",
        time_column="Ordered at",
        timezone="Europe/Berlin",
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        label=proposal.label,
        label_name="is_late",
        known_at="delivered",
        label_delay_days=1,
        task=proposal.task,
        label_facts=LATE,
        rolling=(
            RollingChoice(name="order_late_rate_3d", key=("order",), hours=72),
            RollingChoice(name="late_rate_1d", key=(), hours=24),
            RollingChoice(name="size_2d", key=("order", "gender"), hours=48, value="2 * groesse_m"),
        ),
        rows=DAYS * ORDERS_OF_DAY,
        reasons=proposal.reasons,
    )


def order_delays(exports: Path) -> Choices:
    """Another label of the same rows: a number."""
    proposal = proposed(DELAY)
    return late_orders(exports).model_copy(
        update={
            "model": "order_delays",
            "description": "By how many minutes an order comes late.",
            "label": proposal.label,
            "label_name": "minutes_late",
            "known_at": "delivered + interval '1 hour'",
            "task": proposal.task,
            "label_facts": DELAY,
            "rolling": (RollingChoice(name="mean_delay_2d", key=("order",), hours=48),),
            "reasons": proposal.reasons,
        }
    )


def write_orders(exports: Path) -> None:
    """Orders of which large ones, and those of one kind, come late."""
    random = np.random.default_rng(0)

    def rows() -> Iterator[Iterable[object]]:
        for at in range(DAYS * ORDERS_OF_DAY):
            minutes = at * 24 * 60 // ORDERS_OF_DAY
            ordered = datetime(2024, 3, 3, 23, 5, tzinfo=UTC) + timedelta(minutes=minutes)
            size, kind = random.gamma(4, 0.4), random.choice(["shoes", "hats", "unknown"])
            delay = 12 * (size - 1.6) + 15 * (kind == "hats") + random.normal(5, 6)
            yield (
                1000 + at,
                ordered.isoformat(),
                (ordered + timedelta(hours=5, minutes=delay)).isoformat(),
                -999 if random.random() < 0.05 else round(size, 2),
                kind,
                round(random.normal(0, 0.3), 3),
                random.random() < 0.3,
                str(random.choice(["please, hurry", 'a "gift"', "no remark at all"])),
                str(random.choice(["f", "m"])),
                "NA" if random.random() < 0.05 else round(delay, 1),
                "x",
            )

    _write(exports / "orders.csv", [column.name for column in ORDER_COLUMNS], rows())


def churn(exports: Path) -> Choices:
    """Rows without any time."""
    facts = LabelFacts(
        expression="has_left",
        type="VARCHAR",
        rows=400,
        distinct=2,
        values=("yes", "no"),
        positives=150,
    )
    proposal = proposed(facts)
    return Choices(
        domain="people",
        table="people",
        model="churn",
        description="Will this customer leave?",
        owners=OWNERS,
        source=FileSourceChoice(folder=str(exports), pattern="people.csv"),
        columns=(
            column("customer", "customer", "VARCHAR", "kept"),
            number("age", low=18.0, high=80.0),
            number("calls", low=0.0, high=9.0),
            category("plan"),
            column("has_left", "has_left", "VARCHAR", "kept"),
        ),
        key=("customer",),
        entity=("customer",),
        event_time=None,
        time_column=None,
        timezone="Europe/Berlin",
        first_day=LAST_DAY,
        label=proposal.label,
        label_name="leaves",
        known_at=None,
        task=proposal.task,
        label_facts=facts,
        cadence="daily",
        rows=400,
    )


def write_people(exports: Path) -> None:
    random = np.random.default_rng(1)

    def rows() -> Iterator[Iterable[object]]:
        for at in range(400):
            calls = int(random.poisson(2))
            leaves = random.random() < 1 / (1 + np.exp(-2.0 * (calls - 2.5)))
            plan = str(random.choice(["basic", "plus"]))
            yield f"c{at}", int(random.integers(18, 80)), calls, plan, "yes" if leaves else "no"

    _write(exports / "people.csv", ["customer", "age", "calls", "plan", "has_left"], rows())


def alarms(exports: Path) -> Choices:
    """Readings that nothing identifies, some of them equal, with a known moment by day."""
    facts = LATE.model_copy(update={"expression": "alarm", "rows": 900, "positives": 200})
    proposal = proposed(facts)
    columns = (
        column("read_at", "read_at", "TIMESTAMPTZ", "kept"),
        category("machine"),
        number("heat", low=0.0, high=9.0),
        column("alarm", "alarm", "BOOLEAN", "kept"),
        column("checked_on", "checked_on", "DATE", "kept"),
    )
    return Choices(
        domain="works",
        table="readings",
        model="alarms",
        description="Will the machine raise an alarm?",
        owners=OWNERS,
        source=FileSourceChoice(folder=str(exports), pattern="readings.csv"),
        columns=columns,
        key=(*(of.output for of in columns), "number_of_row"),
        duplicates="number",
        numbered_by="number_of_row",
        entity=(*(of.output for of in columns), "number_of_row"),
        event_time="read_at",
        time_column="read_at",
        first_day=FIRST_DAY,
        last_day=FIRST_DAY + timedelta(days=19),
        label=proposal.label,
        label_name="raises_alarm",
        known_at="checked_on",
        task=proposal.task,
        label_facts=facts,
        rolling=(RollingChoice(name="heat_1d", key=("machine",), hours=24, value="heat"),),
        cadence="daily",
        rows=1000,
    )


def write_readings(exports: Path) -> None:
    random = np.random.default_rng(2)

    def rows() -> Iterator[Iterable[object]]:
        for day in range(20):
            for hour in range(0, 24, 2):
                at = datetime(2024, 3, 4, hour, tzinfo=UTC) + timedelta(days=day)
                for machine in ("a", "b", "b"):
                    # Hardly any digits: some readings of a machine are equal.
                    heat = int(random.integers(0, 3)) * 3
                    alarm = random.random() < 0.1 + 0.08 * heat
                    yield at.isoformat(), machine, heat, alarm, at.date()

    header = ["read_at", "machine", "heat", "alarm", "checked_on"]
    _write(exports / "readings.csv", header, rows())


def long_trips(exports: Path) -> Choices:
    """A key of several columns; the label is known at its landing."""
    facts = LATE.model_copy(update={"expression": "minutes > 60", "rows": 900, "positives": 300})
    proposal = proposed(facts)
    return Choices(
        domain="trips",
        table="trips",
        model="long_trips",
        description="Will the trip take more than an hour?",
        owners=OWNERS,
        source=FileSourceChoice(folder=str(exports), pattern="trips.csv"),
        columns=(
            column("vehicle", "vehicle", "INTEGER", "kept"),
            column("started", "started", "TIMESTAMPTZ", "kept"),
            number("kilometres"),
            column("minutes", "minutes", "BIGINT", "kept"),
        ),
        key=("vehicle", "started"),
        entity=("vehicle", "started"),
        event_time="started - interval '1 hour'",
        time_column="started",
        timezone="America/New_York",
        first_day=FIRST_DAY,
        last_day=FIRST_DAY + timedelta(days=9),
        label=proposal.label,
        label_name="is_long",
        known_at=None,
        task=proposal.task,
        label_facts=facts,
        rolling=(RollingChoice(name="long_share_1d", key=(), hours=24),),
        cadence="daily",
        rows=900,
    )


def write_trips(exports: Path) -> None:
    random = np.random.default_rng(3)

    def rows() -> Iterator[Iterable[object]]:
        for at in range(300):
            started = datetime(2024, 3, 4, 6, tzinfo=UTC) + timedelta(minutes=47 * at)
            kilometres = random.gamma(3, 20)
            yield at % 7, started.isoformat(), round(kilometres, 1), int(kilometres) + 5

    _write(exports / "trips.csv", ["vehicle", "started", "kilometres", "minutes"], rows())


FACTS = "trip_facts"
FACTS_SQL = """
select
    vehicle,
    started,
    kilometres,
    minutes,
    landing_day as local_date,
    known_at,
    superseded_at
from {{ ref('stg_trips') }}
"""
FACTS_YAML = """
version: 2
models:
  - name: trip_facts
    description: What somebody has of trips already.
    config: {materialized: view}
    columns:
      - {name: vehicle, data_type: integer}
      - {name: started, data_type: timestamptz}
      - {name: kilometres, data_type: double}
      - {name: minutes, data_type: bigint}
      - {name: local_date, data_type: date}
      - {name: known_at, data_type: timestamptz}
      - {name: superseded_at, data_type: timestamptz}
"""


def short_trips(exports: Path) -> Choices:
    """A label of what the dbt project has already."""
    return long_trips(exports).model_copy(
        update={
            "domain": "more_trips",
            "model": "short_trips",
            "source": DbtSourceChoice(model=FACTS, is_versioned=True),
            "label": "minutes < 50",
            "label_name": "is_short",
            "known_at": "started + minutes * interval '1 minute'",
            "label_delay_days": 1,
            "rolling": (RollingChoice(name="short_share_1d", key=("vehicle",), hours=24),),
        }
    )


CASES = (late_orders, order_delays, churn, alarms, long_trips, short_trips)


def write_exports(exports: Path) -> None:
    """All files that somebody owns."""
    for write in (write_orders, write_people, write_readings, write_trips):
        write(exports)


def own_models() -> Mapping[Path, str]:
    """The dbt model that was there before."""
    folder = Path("dbt_project", "models", "more_trips", "intermediate")
    return {folder / f"{FACTS}.sql": FACTS_SQL.lstrip(), folder / f"{FACTS}.yml": FACTS_YAML}


def _write(file: Path, header: list[str], rows: Iterable[Iterable[object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(header)
        writer.writerows(rows)
