"""Every mistake is told, each in one line with its place and its fix, and none hides another."""

import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from mlops_platform.components.checking.check import Checked, Project, check_project
from mlops_platform.data.features import kept_projects
from mlops_platform.data.features.dbt import DbtProjectFolder, parse
from mlops_platform.settings import DBT_PROJECT, PROJECT_ROOT
from mlops_platform.training.check import check_candidates
from tests.components.test_model_lifecycle_yaml import MISTAKES, MISTAKES_OF_ESTIMATORS, MODEL
from tests.documents.cases import Case, refuse_undocumented

DEFS = PROJECT_ROOT / "mlops_platform" / "defs"
FLIGHTS = DEFS / "flights"
LANDING = """\
type: mlops_platform.components.FolderLandingComponent
attributes:
  table: visits
  folder: /data/visits
  pattern: "*.csv"
  time_column: at
  key: [visit_id]
  partitions: {start: "2013-01-01", end: "2014-01-01", timezone: Europe/Zurich}
  description: Visits.
  owners: ["team:tests"]
"""


class Declared:
    """A folder of declarations of a test: those of all deployed landings, and what it adds."""

    def __init__(self, folder: Path) -> None:
        self.defs = folder / "defs"
        for landing in FLIGHTS.parent.glob("*/landing_*"):
            shutil.copytree(landing, self.defs / landing.name)
        self.project = Project(
            defs=self.defs,
            dbt=DBT_PROJECT,
            parse=lambda: DBT_PROJECT / "target" / "manifest.json",
            load=dg.Definitions,
            misfits=check_candidates,
        )

    def write(self, name: str, text: str, file: str = "defs.yaml") -> Path:
        path = self.defs / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def checked(self) -> Checked:
        return check_project(self.project)

    def lines(self) -> list[str]:
        return [str(mistake) for mistake in self.checked().mistakes]


@pytest.fixture
def declared(tmp_path: Path) -> Declared:
    return Declared(tmp_path)


def test_what_is_right_has_no_mistake(declared: Declared) -> None:
    declared.write("late_flights", MODEL)
    checked = declared.checked()
    assert checked.mistakes == []
    assert [spec.name for spec in checked.models] == ["late_flights"]


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [*MISTAKES.values(), *MISTAKES_OF_ESTIMATORS.values()],
    ids=[*MISTAKES, *MISTAKES_OF_ESTIMATORS],
)
def test_each_mistake_of_a_model_is_one_line(
    declared: Declared, old: str, new: str, shown: tuple[str, str, str]
) -> None:
    field, value, fix = shown
    file = declared.write("late_flights", MODEL.replace(old, new))
    checked = declared.checked()
    lines = [str(mistake) for mistake in checked.mistakes]
    (line,) = [line for line in lines if fix in line]
    assert line.startswith(f"{file}:")
    assert f"attributes.{field}" in line
    assert value.removeprefix("input_value=") in line
    assert "\n" not in line
    assert checked.models == []


def test_mistakes_of_several_files_are_told_at_once(declared: Declared) -> None:
    broken = declared.write("broken", "type: [\nattributes: {}\n")
    model = declared.write(
        "late_flights",
        MODEL.replace("calibration: sigmoid", "calibraton: sigmoid").replace(
            "{trials: 4, seed: 1}", "{trials: 0, seed: 1}"
        ),
    )
    other = declared.write("other", MODEL.replace("max_iter: 100", "max_iters: 100"))
    lines = declared.lines()
    assert [line.partition(":")[0] for line in lines] == [
        str(broken), str(model), str(model), str(other)
    ]  # fmt: skip
    assert "It is no YAML at column" in lines[0]
    assert "Did you mean 'calibration'?" in lines[1]
    assert "greater than or equal to 1" in lines[2]
    assert "Did you mean 'max_iter'?" in lines[3] or "max_iter" in lines[3]


DOCUMENTS = {
    "a type that is misspelt": (
        "type: mlops_platform.components.FolderLandingComponnt\n",
        "1: type: 'mlops_platform.components.FolderLandingComponnt' is not usable. Did you mean "
        "'mlops_platform.components.FolderLandingComponent'?",
    ),
    "a type of something else": ("type: os.path\n", "Name a known component type: mlops_platform."),
    "no type": ("attributes: {}\n", "1: Write a mapping with `type` and `attributes`"),
    "no mapping": ("- type\n", "1: Write a mapping with `type` and `attributes`"),
    "nothing": ("", "It declares nothing"),
    "a key that is misspelt": (
        LANDING.replace("attributes:", "atributes: 1\nattributes:"),
        "2: atributes: 1 is not usable. Unknown key. Did you mean 'attributes'?",
    ),
    "an attribute that is missing": (
        LANDING.replace("  time_column: at\n", ""),
        "2: attributes.time_column: `time_column` is missing; it is required.",
    ),
    "an attribute that is misspelt": (
        LANDING.replace("time_column", "time_colum"),
        "attributes.time_colum: 'at' is not usable. unknown attribute. Did you mean 'time_column'?",
    ),
    "an attribute of another type": (
        LANDING.replace("[visit_id]", "3"),
        "7: attributes.key: 3 is not usable.",
    ),
    "a choice that there is not": (
        LANDING + "  delivery: replace\n",
        "11: attributes.delivery: 'replace' is not usable. Did you mean 'replaces'?",
    ),
    "a variable that is not set": (
        LANDING.replace("/data/visits", '"{{ env.NOBODY_SETS_THIS }}"'),
        "4: attributes.folder: '{{ env.NOBODY_SETS_THIS }}' is not usable. env.NOBODY_SETS_THIS is "
        "not set. Set the environment variable, or give a default",
    ),
    "a template that is code": (
        LANDING.replace("/data/visits", '"{{ cycler.__init__.__globals__.os.getcwd() }}"'),
        "4: attributes.folder: '{{ cycler.__init__.__globals__.os.getcwd() }}' is not usable. a "
        "call is more than a template may name, which is executed as code when",
    ),
    "a template beside the attributes": (
        LANDING + "requirements: {env: ['{{ lipsum }}']}\n",
        "`lipsum` is more than a template may name",
    ),
    "a format of times in another notation": (
        LANDING + "  csv: {timestamp_format: DD.MM.YYYY}\n",
        "csv.timestamp_format: 'DD.MM.YYYY' is in another notation. Write '%d.%m.%Y' for it.",
    ),
    "a time zone that does not exist": (LANDING.replace("Zurich", "Zurch"), "Europe/Zurch"),
    "bytes that are no text": (b"\xff\xfe\x00type", "It is no YAML"),
}


@pytest.mark.parametrize(("text", "said"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_is_checked_against_its_type(
    declared: Declared, text: str | bytes, said: str
) -> None:
    file = declared.write("landing_visits", "")
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    lines = [line for line in declared.lines() if line.startswith(str(file))]
    assert any(said in line for line in lines), lines
    assert not any("\n" in line for line in lines)


def test_a_landed_table_that_dbt_does_not_read_is_told(declared: Declared) -> None:
    file = declared.write("landing_visits", LANDING)
    (line,) = declared.lines()
    assert line.startswith(f"{file}:3: attributes.table: 'visits'")
    assert (
        "Declare `visits` among the `tables` of the source `landing` in dbt_project/models" in line
    )


def test_a_table_that_is_landed_twice_is_told_with_both_files(declared: Declared) -> None:
    weather = declared.defs / "landing_weather" / "defs.yaml"
    copy = declared.write("weather_again", weather.read_text())
    (line,) = declared.lines()
    assert line.startswith(f"{copy}:4: attributes.table: 'weather'")
    assert f"{weather}:4 lands this table, too" in line


def test_two_models_of_one_name_are_told_with_both_files(declared: Declared) -> None:
    first, second = declared.write("a_model", MODEL), declared.write("b_model", MODEL)
    (line,) = declared.lines()
    assert line.startswith(f"{second}:4: attributes.name: 'late_flights'")
    assert f"{first}:4 has this name, too: rename one." in line


def test_a_file_that_nobody_reads_is_told(declared: Declared) -> None:
    misnamed = declared.write("late_flights", MODEL, "definitions.yaml")
    below = declared.write("landing_weather/late_flights", MODEL)
    declared.write(".init", "anything: [")
    lines = declared.lines()
    assert [line.partition(": ")[0] for line in lines] == [str(below), str(misnamed)]
    assert all("Nobody reads this file" in line for line in lines)


def test_what_only_loading_tells_is_told_last(declared: Declared) -> None:
    def load() -> dg.Definitions:
        return dg.Definitions(jobs=[dg.define_asset_job("of_nothing", selection=["chicken"])])

    declared.project = replace(declared.project, load=load)
    (line,) = declared.lines()
    assert line.startswith(f"{declared.defs}: ")
    assert "AssetKey(s) ['chicken'" in line


TABLES = {
    "a dbt model that is not published": (
        "table: flight_features",
        "table: int_flights",
        "attributes.features.table: 'int_flights' is not usable. dbt builds it and does not "
        "publish it. In models/flights/intermediate/int_flights.yml give it `config: {meta: "
        "{mlops: {publish: true, partition_by: ..., order_by: [...]}}}`",
    ),
    "a text declared as a number": (
        "numeric: [distance_miles, plane_seats]",
        "numeric: [distance_miles, plane_seats, origin]",
        "attributes.features.numeric.2: 'origin' is not usable. column 'origin' of flight_features "
        "is VARCHAR, and DOUBLE is needed.",
    ),
    "a label of the wrong type": (
        "column: is_late}",
        "column: status}",
        "attributes.label.column: 'status' is not usable. column 'status' of flight_labels is "
        "VARCHAR, and BOOLEAN is needed.",
    ),
    "a `known_at` that the label table lacks": (
        "column: is_late}",
        "column: is_late, known_at: known_att}",
        "attributes.label.known_at: 'known_att' is not usable. Table 'flight_labels' lacks it. Did "
        "you mean 'known_at'?",
    ),
    "a KPI table that is unknown": (
        "  card:\n",
        "  monitoring: {kpi: {table: flight_lables, columns: {status: flights}}}\n  card:\n",
        "attributes.monitoring.kpi.table: 'flight_lables' is not usable. Did you mean "
        "'flight_labels'?",
    ),
    "a figure that the KPI table lacks": (
        "  card:\n",
        "  monitoring: {kpi: {table: flight_labels, columns: {delay_minutes: minutes}}}\n  card:\n",
        "attributes.monitoring.kpi.columns.delay_minutes: 'delay_minutes' is not usable. Table "
        "'flight_labels' lacks it.",
    ),
    "a KPI that is no number": (
        "  card:\n",
        "  monitoring: {kpi: {table: flight_labels, columns: {status: flights}}}\n  card:\n",
        "attributes.monitoring.kpi.columns.status: 'status' is not usable. column 'status' of "
        "flight_labels is VARCHAR, and DOUBLE is needed.",
    ),
    "windows of before anything has landed": (
        "start: 2013-01-07",
        "start: 2012-12-03",
        "attributes.window.start: '2012-12-03' is not usable. Nothing of flight_features lands "
        "before 2013-01-01, the first day of flight_outcomes, flight_schedules, weather: begin "
        "there",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), TABLES.values(), ids=TABLES)
def test_a_model_is_checked_against_the_tables_that_dbt_declares(
    declared: Declared, old: str, new: str, said: str
) -> None:
    assert MODEL.count(old) == 1
    declared.write("late_flights", MODEL.replace(old, new))
    assert any(said in line for line in declared.lines()), declared.lines()


@pytest.fixture
def dbt(declared: Declared, tmp_path: Path) -> Path:
    """The dbt project as a copy, which is checked."""
    copy = tmp_path / "dbt"
    shutil.copytree(DBT_PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    place = DbtProjectFolder(copy, tmp_path / "warehouse", tmp_path / "lake", tmp_path / "target")
    declared.project = replace(declared.project, dbt=copy, parse=lambda: parse(place))
    return copy


def change(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)


def test_sources_and_tests_that_do_not_fit_are_told(declared: Declared, dbt: Path) -> None:
    sources = dbt / "models" / "flights" / "staging" / "_landing.yml"
    features = dbt / "models" / "flights" / "marts" / "flight_features.yml"
    added = "    tables:\n      - name: wheather\n        description: Misspelt.\n"
    change(sources, ("    tables:\n", added))
    change(features, ("- daily_rows_near_median:", "- daily_rows_near_medain:"))
    columns, nothing, undefined = sorted(declared.lines(), key=lambda line: "No data test" in line)
    assert columns.startswith(f"{sources}:14: The source `wheather` has no `columns`.")
    assert nothing.startswith(f"{sources}:14: Nothing lands the source `wheather`. Did you mean")
    assert undefined.startswith(f"{features}:90: No data test is called `daily_rows_near_medain`.")
    assert "Did you mean 'daily_rows_near_median'?" in undefined


BROKEN: dict[str, tuple[str, tuple[str, str], str]] = {
    "YAML": (
        "marts/flight_features.yml",
        ("    config:\n", "   config:\n"),
        ":9: dbt says: while parsing a block collection did not find expected '-' indicator",
    ),
    "a template": (
        "marts/flight_features.sql",
        ("select", "select {{ foo( }}"),
        ":2: dbt says: unexpected '}', expected ')'",
    ),
    "a reference": (
        "marts/flight_features.sql",
        ("ref('", "ref('x"),
        ":2: dbt says: Model 'model.mlops_features.flight_features'",
    ),
    "a source": (
        "staging/stg_weather.sql",
        ("'weather'", "'wheather'"),
        "depends on a source named 'landing.wheather' which was not found",
    ),
    "an argument of a test": (
        "marts/flight_features.yml",
        ("ratio: [0.5, 1.5]", "ratoi: [0.5, 1.5]"),
        "takes no keyword argument 'ratoi'",
    ),
    "a table described twice": (
        "marts/flight_features.yml",
        ("name: flight_features", "name: flight_labels"),
        "models/flights/marts/flight_labels.yml",
    ),
}


@pytest.mark.parametrize(("name", "changed", "said"), BROKEN.values(), ids=BROKEN)
def test_a_dbt_project_that_does_not_parse_is_one_line_with_its_file(
    declared: Declared, dbt: Path, name: str, changed: tuple[str, str], said: str
) -> None:
    file = dbt / "models" / "flights" / name
    change(file, changed)
    declared.write("late_flights", MODEL)
    (line,) = declared.lines()
    assert line.startswith(f"{file}:")
    assert said in line


def test_a_project_is_parsed_again_where_it_or_dbt_has_changed_since(
    declared: Declared, dbt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = DbtProjectFolder(dbt, tmp_path / "warehouse", tmp_path / "lake", tmp_path / "target")
    assert not place.is_parsed
    parse(place)
    assert place.is_parsed
    with monkeypatch.context() as patch:
        patch.setattr(kept_projects, "installed_versions", lambda names: dict.fromkeys(names, "0"))
        assert not place.is_parsed
    assert place.is_parsed
    (dbt / "models" / "flights" / "overview.md").write_text("{% docs other %}Other.{% enddocs %}")
    assert not place.is_parsed


IN_SILENCE = "it passed"
WERE = {
    "a choice that there is not": IN_SILENCE,
    "a variable that is not set": IN_SILENCE,
    "a template that is code": "it ran, at every loading",
    "a template beside the attributes": "it ran, at every loading",
    "a format of times in another notation": "no such option",
    "a text declared as a number": "it passed, and the training failed",
    "a label of the wrong type": "it passed, and the training failed",
    "windows of before anything has landed": IN_SILENCE,
    **dict.fromkeys((name for name in TABLES if "KPI" in name), "no such option"),
    "a dbt model that is not published": "a table of this name was asked for among the others",
}
"""What became of a case before; else it was the one mistake that a page of Dagster's was of."""


def case_of(given: str, said: str) -> Case:
    of_dagster = "a traceback of Dagster's, of the first mistake only"
    was = "set-up told all that dbt says" if given.startswith("dbt: ") else of_dagster
    was = WERE.get(given, was)
    return Case(given, was, "a line with file, line, field and fix, beside all others", said)


def test_every_case_is_documented() -> None:
    of_yaml = [case_of(given, said) for given, (_, said) in DOCUMENTS.items()]
    of_tables = [case_of(given, said) for given, (_, _, said) in TABLES.items()]
    of_dbt = [case_of(f"dbt: {given}", said) for given, (_, _, said) in BROKEN.items()]
    refuse_undocumented("What is declared", of_yaml)
    refuse_undocumented("What is declared", [*of_tables, *of_dbt])
