"""A question about a table, a column or a model is answered, or its mistake is named."""

import pytest

from mlops_platform.components.models import declared_spec
from mlops_platform.data.lineage.project_lineage import ProjectLineage
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.reporting.lineage import (
    Step,
    features_made_from,
    lineage_report,
)

WEATHER, STAGED, FEATURES = "landing/weather", "staging/stg_weather", "features/flight_features"
LINEAGE = ProjectLineage(
    project="",
    tables={
        WEATHER: {"temp": (), "origin": ()},
        STAGED: {"temperature_f": ((WEATHER, "temp"),), "origin": ((WEATHER, "origin"),)},
        FEATURES: {"temperature_f": ((STAGED, "temperature_f"),), "flight_id": ()},
        "staging/twin": {},
        "features/twin": {},
        "staging/odd": {"x": ()},
    },
    parents={
        WEATHER: (),
        STAGED: (WEATHER,),
        FEATURES: (STAGED,),
        "staging/twin": (WEATHER,),
        "features/twin": (WEATHER,),
        "staging/odd": (WEATHER,),
    },
    unread={"staging/odd": "its SQL was not compiled"},
)


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return declared_spec("flight_delay")


def test_a_column_is_followed_up_step_by_step_with_the_models_that_read_it(
    spec: ModelSpec,
) -> None:
    report = lineage_report(LINEAGE, [spec], "flight_features.temperature_f", "up")
    landed = Step(name=f"{WEATHER}.temp")
    staged = Step(name=f"{STAGED}.temperature_f", steps=(landed,))
    assert report.tree == Step(name=f"{FEATURES}.temperature_f", steps=(staged,))
    assert report.origins == (f"{WEATHER}.temp",)
    [reading] = report.read_by
    assert (reading.model, reading.role) == ("flight_delay", "feature")


@pytest.mark.parametrize("asked", ["weather.temp", "landing/weather.temp", "landing.weather.temp"])
def test_a_column_is_followed_down_however_its_table_is_written(
    spec: ModelSpec, asked: str
) -> None:
    report = lineage_report(LINEAGE, [spec], asked, "down")
    features = Step(name=f"{FEATURES}.temperature_f")
    staged = Step(name=f"{STAGED}.temperature_f", steps=(features,))
    assert report.tree == Step(name=f"{WEATHER}.temp", steps=(staged,))
    assert [reading.column for reading in report.read_by] == [f"{FEATURES}.temperature_f"]


def test_a_table_shows_its_columns_above_and_the_tables_below(spec: ModelSpec) -> None:
    above = lineage_report(LINEAGE, [spec], "stg_weather", "up").tree
    assert [step.name for step in above.steps] == ["temperature_f", "origin"]
    assert above.steps[0].steps == (Step(name=f"{WEATHER}.temp"),)
    below = lineage_report(LINEAGE, [spec], "weather", "down").tree
    assert Step(name=STAGED, steps=(Step(name=FEATURES),)) in below.steps


def test_a_model_shows_what_each_of_its_columns_is_made_from(spec: ModelSpec) -> None:
    report = lineage_report(LINEAGE, [spec], "flight_delay", "up")
    feature = Step(
        name=f"{FEATURES}.temperature_f (feature)", steps=(Step(name=f"{WEATHER}.temp"),)
    )
    assert feature in report.tree.steps
    assert f"{FEATURES}.flight_id (entity)" in [step.name for step in report.tree.steps]
    assert "features/flight_labels.is_late (label)" in [step.name for step in report.tree.steps]
    made_from = features_made_from(LINEAGE, spec)
    assert list(made_from) == list(spec.features.names)
    assert made_from["temperature_f"] == (f"{WEATHER}.temp",)
    assert made_from["carrier"] == ()


def test_a_table_that_could_not_be_read_is_told(spec: ModelSpec) -> None:
    report = lineage_report(LINEAGE, [spec], "odd.x", "up")
    assert report.unread == {"staging/odd": "its SQL was not compiled"}
    assert lineage_report(LINEAGE, [spec], "weather", "down").unread == report.unread
    assert lineage_report(LINEAGE, [spec], "weather.temp", "down").unread == {}


@pytest.mark.parametrize(
    ("asked", "direction", "told"),
    [
        ("wether", "up", "no table or model 'wether'. Did you mean 'weather'?"),
        ("fligt_delay", "up", "Did you mean 'flight_delay'?"),
        ("stg_wether.temp", "up", "no table or model 'stg_wether'. Did you mean 'stg_weather'?"),
        ("stg_weather.temp", "up", "has no column 'temp'. Did you mean 'temperature_f'?"),
        ("weather.zzz", "up", "has no column 'zzz'. It has temp, origin."),
        ("twin", "up", "'twin' may be staging/twin or features/twin: write which."),
        ("flight_delay", "down", "flight_delay is a model"),
        ("", "up", "no table or model ''. Tables are"),
    ],
)
def test_a_mistake_is_named_with_what_is_like_it(
    spec: ModelSpec, asked: str, direction: str, told: str
) -> None:
    with pytest.raises(DataError) as refused:
        lineage_report(LINEAGE, [spec], asked, direction)  # type: ignore[arg-type]
    assert told in str(refused.value)
