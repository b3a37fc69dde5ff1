"""A lake of orders and payments, and a dbt project of them whose tables are right or broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pyarrow as pa

from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks.forecasting.task import Forecasting

FIRST_DAY, DAYS, ORDERS, CUSTOMERS = date(2024, 1, 1), 12, 6, 4
LOADED = datetime(2026, 1, 1, tzinfo=UTC)
"""All of it long after, as the past of a deployment is."""
TABLES = (
    LandedTable(table="orders", key=("order_id",)),
    LandedTable(table="payments", key=("payment_id",), known_at="booked_at"),
    LandedTable(table="returns", key=("order_id",), known_at="told_at"),
)
MOMENT = pa.timestamp("us", "UTC")
TYPES = {
    "orders": {
        "order_id": pa.string(),
        "customer": pa.string(),
        "asked_at": MOMENT,
        "basket": pa.float64(),
    },
    "payments": {
        "payment_id": pa.int64(),
        "customer": pa.string(),
        "paid_at": MOMENT,
        "booked_at": MOMENT,
        "amount": pa.float64(),
    },
    "returns": {"order_id": pa.string(), "returned": pa.bool_(), "told_at": MOMENT},
}
PROJECT = {
    "dbt_project.yml": """
name: orders
version: "1.0.0"
config-version: 2
profile: mlops
model-paths: [models]
macro-paths: [macros]
flags: {send_anonymous_usage_stats: false}
vars: {start_day: null, end_day: null}
""",
    "macros/_macros.yml": """
version: 2
macros:
  - {name: was_known, config: &macro {meta: {mlops: {point_in_time: true}}}}
  - {name: known_at_event, config: *macro}
""",
    "models/_sources.yml": """
version: 2
sources:
  - name: landing
    config:
      meta: {external_location: "read_landing('{name}')"}
    tables:
      - name: orders
        columns: [{name: order_id}, {name: customer}, {name: asked_at}, {name: basket}, {name: day},
          {name: known_at}, {name: superseded_at}]
      - name: payments
        columns: [{name: payment_id}, {name: customer}, {name: paid_at}, {name: booked_at},
          {name: amount}, {name: day}, {name: known_at}, {name: superseded_at}]
      - name: returns
        columns: [{name: order_id}, {name: returned}, {name: told_at}, {name: day},
          {name: known_at}, {name: superseded_at}]
""",
}
MACROS = ("build_range.sql", "replace_days.sql", "versions.sql")
PAID = """
{name} as (
    select known_orders.order_id, sum(payments.amount) as {name}
    from known_orders
    inner join payments
        on
            known_orders.customer = payments.customer
            and payments.known_at > known_orders.event_time - interval '72 hours'
            and {condition}
    group by all
)"""
FEATURES = """
with orders as (
    select *, asked_at as event_time
    from {{{{ source('landing', 'orders') }}}}
    where {{{{ in_build_range('day') }}}}
),
known_orders as ({{{{ known_at_event('orders', ['order_id', 'day']) }}}}),
payments as (
    select * from {{{{ source('landing', 'payments') }}}}
    where {{{{ in_build_range('day', lookback_days={lookback}) }}}}
),
{ctes}
select
    known_orders.order_id,
    known_orders.event_time,
    known_orders.day as local_date,
    known_orders.basket,
    isodow(known_orders.event_time)::double as weekday,
    {columns}
from known_orders
{joins}
"""
STANDS = "coalesce(payments.superseded_at > known_orders.event_time, true)"
RIGHT = {"paid_3d": "{{ was_known('payments', 'known_orders.event_time') }}"}
WRONG = {
    "by_happening": "payments.paid_at <= known_orders.event_time",
    "by_present": "payments.known_at <= known_orders.event_time and payments.superseded_at is null",
    "too_early": f"payments.known_at <= known_orders.event_time + interval '1 second' and {STANDS}",
    "too_late": f"payments.known_at < known_orders.event_time and {STANDS}",
}
"""Which payments are summed up, by the feature."""
LABELS = """
select order_id, day as local_date, returned, known_at, superseded_at
from {{ source('landing', 'returns') }}
where {{ in_build_range('day') }}
"""


def features(conditions: Mapping[str, str], lookback: int = 4) -> str:
    """The SQL of a feature table with a sum for each condition."""
    ctes = ",".join(PAID.format(name=name, condition=sql) for name, sql in conditions.items())
    joins = "\n".join(
        f"left join {name} on known_orders.order_id = {name}.order_id" for name in conditions
    )
    columns = ", ".join(f"{name}.{name}" for name in conditions)
    return FEATURES.format(lookback=lookback, ctes=ctes, columns=columns, joins=joins)


def write_project(folder: Path) -> Path:
    """Tables as they should be, and others of which lines are broken."""
    models = {
        "orders": features(RIGHT),
        "leaking": features(RIGHT | WRONG),
        # A fact reaches further than is declared, and than a build of some days looks back.
        "short": features(RIGHT, lookback=1),
        "labels": LABELS,
        "present_labels": LABELS + "and superseded_at is null",
        "appended_labels": LABELS,
    }
    files = PROJECT | {f"models/{name}.sql": sql for name, sql in models.items()}
    files["models/_models.yml"] = "version: 2\nmodels:\n" + "".join(map(_declared, models))
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    for macro in MACROS:
        copyfile(PROJECT_ROOT / "dbt_project" / "macros" / macro, folder / "macros" / macro)
    copyfile(PROJECT_ROOT / "dbt_project" / "profiles.yml", folder / "profiles.yml")
    return folder


def _declared(name: str) -> str:
    columns = ["order_id", "event_time", "local_date", "basket", "weekday", *RIGHT]
    key, reach = "[order_id]", 1 if name == "short" else 4
    if name.endswith("labels"):
        columns = ["order_id", "local_date", "returned", "known_at", "superseded_at"]
        key, reach = "[order_id, known_at]", 0
    elif name == "leaking":
        columns += WRONG
    return f"""
  - name: {name}
    config:
      materialized: incremental
      incremental_strategy: {"append" if name.startswith("appended") else "replace_days"}
      meta: {{mlops: {{publish: true, partition_by: local_date, order_by: {key},
        reach_days: {reach}}}}}
    columns: [{", ".join(f"{{name: {column}}}" for column in columns)}]
"""


def spec_of(features: str, label: str) -> ModelSpec:
    """A model of two of these tables."""
    return ModelSpec.model_validate(
        {
            "name": features,
            "description": "Will the order come back?",
            "owners": ["team:orders"],
            "task": {"type": "binary_classification"},
            "features": {"table": features, "entity": "order_id", "numeric": ["basket"]},
            "label": {"table": label, "column": "returned"},
            "window": {"start": "2024-01-01"},
            "training": {
                "history": {"split": {"validation_days": 2, "test_days": 2}},
                "candidates": [
                    {
                        "name": "linear",
                        "preprocessing": [{"columns": "numeric"}],
                        "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
                    }
                ],
            },
            "gate": {"limits": {"roc_auc": {"min": 0.0}}},
            "card": {"intended_use": "Tests.", "out_of_scope": "Orders."},
        }
    )


def forecast_of(features: str, label: str, known_future: Sequence[str]) -> ModelSpec:
    """The same as a forecast of which some columns are declared as known ahead."""
    spec = spec_of(features, label)
    task = Forecasting(
        horizon=1, season=7, seasonal_naive="paid_3d", known_future=tuple(known_future)
    )
    listed = spec.features.model_copy(update={"numeric": ("step", "basket", "weekday", "paid_3d")})
    return spec.model_copy(update={"task": task, "features": listed})


def land_orders(landing: Path, days: int = DAYS) -> None:
    """Some days of orders, each paid and booked, and known to come back or not, within days."""
    for number in range(days):
        day = FIRST_DAY + timedelta(days=number)
        rows = _rows(day, number)
        for table in TABLES:
            schema = pa.schema(list(TYPES[table.table].items()))
            content = pa.Table.from_pylist(rows[table.table], schema=schema)
            land_day(landing, table, day, content, Arrival(at=LOADED, last={day: None}))


def _rows(day: date, number: int) -> Mapping[str, list[dict[str, Any]]]:
    asked = [datetime.combine(day, time(8 + 2 * order, 7), UTC) for order in range(ORDERS)]
    customers = [f"c{(number + order) % CUSTOMERS}" for order in range(ORDERS)]
    return {
        "orders": [
            {
                "order_id": f"{day}-{order}",
                "customer": customers[order],
                "asked_at": asked[order],
                "basket": float(10 * number + order),
            }
            for order in range(ORDERS)
        ],
        # Paid when the next order of the day is asked for, and booked nearly three hours later.
        "payments": [
            {
                "payment_id": 100 * number + order,
                "customer": customers[order],
                "paid_at": asked[order] - timedelta(minutes=170),
                "booked_at": asked[order] - timedelta(seconds=3),
                "amount": float(7 + (5 * number + 3 * order) % 11),
            }
            for order in range(ORDERS)
        ],
        "returns": [
            {
                "order_id": f"{day}-{order}",
                "returned": (number + order) % 3 == 0,
                "told_at": asked[order] + timedelta(hours=9),
            }
            for order in range(ORDERS)
        ],
    }
