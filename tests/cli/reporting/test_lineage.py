"""`mlops lineage` where the SQL of the project has been read before."""

import json

import pytest

from mlops_platform.data.features.project.sources import project_digest
from mlops_platform.data.lineage.project_lineage import ProjectLineage
from mlops_platform.files import write_text
from mlops_platform.settings import DBT_PROJECT, Settings

LANDED, FEATURES = "landing/weather", "features/flight_features"


@pytest.fixture
def known(home: Settings) -> None:
    lineage = ProjectLineage(
        project=project_digest(DBT_PROJECT),
        tables={
            LANDED: {"temp": (), "gust": ()},
            FEATURES: {"temperature_f": ((LANDED, "temp"),), "humidity_percent": ()},
        },
        parents={LANDED: (), FEATURES: (LANDED,)},
        unread={FEATURES: "its SQL was not compiled"},
    )
    write_text(home.dbt_target / "column_lineage.json", lineage.to_stored())


@pytest.mark.usefixtures("known")
def test_a_column_is_shown_as_a_tree_with_the_models_that_read_it(mlops) -> None:
    shown = mlops("lineage", "flight_features.temperature_f")
    assert shown.exit_code == 0, shown.output
    first, second, *rest = shown.output.splitlines()
    assert (first, second) == (f"{FEATURES}.temperature_f", f"└── {LANDED}.temp")
    assert "read by flight_delay: temperature_f" in rest
    assert rest[-1].endswith(
        f"of {FEATURES} it is not known what columns are made from: its SQL was not compiled"
    )


@pytest.mark.usefixtures("known")
def test_what_no_model_reads_says_so(mlops) -> None:
    shown = mlops("lineage", "weather.gust", "--down")
    assert shown.output.splitlines() == [f"{LANDED}.gust", "no model reads it"]


@pytest.mark.usefixtures("known")
def test_the_same_is_there_for_programs(mlops) -> None:
    report = json.loads(mlops("lineage", "weather", "--down", "--json").output)
    assert report["tree"] == {"name": LANDED, "steps": [{"name": FEATURES, "steps": []}]}
    readers = {"arrival_delay", "flight_delay", "flight_status"}
    assert {reading["model"] for reading in report["read_by"]} == readers


@pytest.mark.usefixtures("known")
def test_a_mistake_is_one_sentence_with_what_is_like_it(mlops) -> None:
    refused = mlops("lineage", "wether.temp")
    assert refused.exit_code == 1
    assert "no table or model 'wether'. Did you mean 'weather'?" in refused.output
