"""All state lives under one folder unless a URL says otherwise."""

from pathlib import Path

from mlops_platform.settings import PROJECT_ROOT, read_settings


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
