"""All state lives under one folder unless a URL says otherwise."""

import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from mlops_platform.errors import SettingsError
from mlops_platform.settings import PROJECT_ROOT, read_settings, sqlite_url
from tests.data.size_cases import CASES, NO_SIZE
from tests.documents.cases import refuse_undocumented


def test_without_an_environment_everything_is_beside_the_project() -> None:
    settings = read_settings({})

    assert settings.home == PROJECT_ROOT / ".mlops"
    assert settings.dagster_yaml == PROJECT_ROOT / "dagster.yaml"


def test_every_path_and_database_is_below_home(tmp_path: Path) -> None:
    settings = read_settings({"MLOPS_HOME": str(tmp_path)})

    paths = [
        getattr(settings, name)
        for name, member in vars(type(settings)).items()
        if isinstance(member, property)
    ]
    assert len(paths) > 8
    assert all(path.is_relative_to(tmp_path) for path in paths)
    assert settings.release_pointer("churn").is_relative_to(tmp_path)
    assert settings.ledger_url.startswith(f"sqlite:///{tmp_path}")
    assert settings.mlflow_tracking_uri.startswith(f"sqlite:///{tmp_path}")


def test_urls_and_files_can_be_elsewhere(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "MLOPS_HOME": "~/state",
            "MLOPS_LEDGER_URL": "postgresql+psycopg2://host/ledger",
            "MLOPS_MLFLOW_TRACKING_URI": "postgresql+psycopg2://host/mlflow",
            "MLOPS_DAGSTER_YAML": str(tmp_path / "dagster.yaml"),
            "MLOPS_MLFLOW_UI_URL": "https://mlflow.example.org/",
        }
    )

    assert settings.home == Path.home() / "state"
    assert settings.ledger_url == "postgresql+psycopg2://host/ledger"
    assert settings.mlflow_tracking_uri == "postgresql+psycopg2://host/mlflow"
    assert settings.dagster_yaml == tmp_path / "dagster.yaml"
    assert settings.mlflow_ui_url == "https://mlflow.example.org"


@pytest.mark.parametrize(
    "name", ["MLOPS_LEDGER_URL", "MLOPS_MLFLOW_TRACKING_URI", "MLOPS_DAGSTER_DATABASE_URL"]
)
@pytest.mark.parametrize("start", ["postgresql://", "postgres://", "postgresql+psycopg://"])
def test_a_postgres_without_its_driver_is_refused_without_telling_its_password(
    name: str, start: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({name: f"{start}mlops:secret@host/database"})
    assert str(refused.value) == (
        f"{name} begins with {start}, which does not name the driver that is installed. Write "
        "postgresql+psycopg2:// instead, and leave the rest as it is."
    )


def test_the_url_of_a_file_is_the_url_of_that_file(odd_folder: Path) -> None:
    file = odd_folder / "ledger.db"
    assert make_url(sqlite_url(file)).database == str(file)

    with create_engine(sqlite_url(file)).begin() as connection:
        connection.execute(text("CREATE TABLE written (number INTEGER)"))

    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("written",)]
    connection.close()
    assert [path.name for path in odd_folder.iterdir()] == ["ledger.db"]


def test_urls_of_ordinary_homes_are_as_they_always_were() -> None:
    assert sqlite_url(Path("/srv/a b/é/x.db")) == "sqlite:////srv/a b/é/x.db"


def test_a_home_that_duckdb_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"MLOPS_HOME=.*a\\b has a backslash"):
        read_settings({"MLOPS_HOME": str(tmp_path / "a\\b")})


@pytest.mark.parametrize("size", ["1.5GB", "512MiB", "2 TB"])
def test_how_much_memory_duckdb_takes_can_be_set(size: str) -> None:
    assert read_settings({"MLOPS_MEMORY_LIMIT": size}).memory_limit == size
    assert read_settings({}).memory_limit == "1.5GB"


@pytest.mark.parametrize("size", ["lots", "1.5", "-1GB", "0GB", "80%", "1GB;"])
def test_what_is_no_size_is_refused_by_name(size: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(NO_SIZE.reads.replace("lots", size))):
        read_settings({"MLOPS_MEMORY_LIMIT": size})


def test_every_case_of_size_is_documented() -> None:
    refuse_undocumented("Size", CASES)
