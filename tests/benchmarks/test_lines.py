"""All files that an instance consists of are counted, and no other's."""

from typing import Any

from benchmarks.instances.lines import lines_of
from mlops_platform.components.models import DEFS, declared_spec
from mlops_platform.settings import DBT_PROJECT, PROJECT_ROOT


def node(name: str, file: str, *above: str, kind: str = "model") -> dict[str, Any]:
    """As a manifest has it."""
    return {
        "name": name,
        "resource_type": kind,
        "original_file_path": file,
        "patch_path": None if kind == "source" else f"p://{file.removesuffix('.sql')}.yml",
        "depends_on": {"nodes": list(above)},
    }


def counted(*files: Any, comment: str = "#") -> int:
    lines = [line.strip() for file in files for line in file.read_text().splitlines()]
    return sum(bool(line) and not line.startswith(comment) for line in lines)


INSURANCE = {
    "nodes": {
        "f": node(
            "person_year_features", "models/insurance/marts/person_year_features.sql", "s", "x"
        ),
        "l": node("person_year_labels", "models/insurance/marts/person_year_labels.sql", "s"),
        "s": node("stg_person_years", "models/insurance/staging/stg_person_years.sql", "raw"),
        "o": node("order_features", "models/shop/marts/order_features.sql", "s"),
    },
    "sources": {
        "raw": node(
            "person_years", "models/insurance/staging/_landing_person_years.yml", kind="source"
        )
    },
}


def test_yaml_is_of_the_model_its_landing_its_features_and_of_dbt() -> None:
    lines = lines_of(declared_spec("doctor_visits"), INSURANCE)

    domain, models = DEFS / "insurance", DBT_PROJECT / "models" / "insurance"
    assert lines.model == counted(domain / "doctor_visits" / "defs.yaml")
    tables = [domain / name / "defs.yaml" for name in ("landing_person_years", "features")]
    assert lines.tables == counted(*tables, *models.rglob("*.yml"))
    assert lines.sql == counted(*models.rglob("*.sql"), comment="--")
    assert lines.python == 0


def test_a_landing_in_python_counts_for_whoever_reads_its_tables() -> None:
    folder, staging = "models/flights", "models/flights/staging"
    flights = {
        "nodes": {
            "f": node("flight_features", f"{folder}/marts/flight_features.sql", "s"),
            "s": node("stg_flight_schedules", f"{staging}/stg_flight_schedules.sql", "raw"),
        },
        "sources": {"raw": node("flight_schedules", f"{staging}/_landing.yml", kind="source")},
    }

    lines = lines_of(declared_spec("arrival_delay"), flights)

    demo = PROJECT_ROOT / "mlops_platform" / "demo"
    assert lines.python == counted(demo / "landing.py", demo / "nycflights.py")
    assert lines.sql > counted(demo / "nycflights.sql", comment="--")


def test_a_table_that_another_landing_names_needs_no_python() -> None:
    folder = "models/flights"
    weather = {
        "nodes": {
            "w": node("weather_hour_features", f"{folder}/marts/weather_hour_features.sql", "raw")
        },
        "sources": {"raw": node("weather", f"{folder}/staging/_landing.yml", kind="source")},
    }

    assert lines_of(declared_spec("unusual_weather"), weather).python == 0
