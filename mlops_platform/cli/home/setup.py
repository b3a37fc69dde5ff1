"""`mlops setup`: everything a fresh MLOPS_HOME needs, once."""

import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from rich.markup import escape

from mlops_platform.cli.console import answer, console, counted, json_option
from mlops_platform.data.features.dbt import DbtProjectFolder, parse
from mlops_platform.data.features.project.sources import project_digest
from mlops_platform.files import sha256_of_file, write_json, write_text
from mlops_platform.formats.home_stamp import FORMAT_KEY, PATH_KEY, STAMP_FILE, stamp_content
from mlops_platform.formats.number import FORMAT
from mlops_platform.ledger.revisions import REVISIONS
from mlops_platform.privacy import close_home
from mlops_platform.settings import DBT_PROJECT, PROJECT_ROOT, Settings, settings
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.writing import take_back_unfinished

DBT_PROJECT_KEY: Final = "dbt_project"


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Prepare MLOPS_HOME: manifest, databases, Dagster home. Does nothing twice."""
    changed, home = ensure_set_up(), str(settings().home)
    if as_json:
        answer({"home": home, "format": FORMAT, "changed": changed})
    elif changed:
        console.print(f"[green]set up[/] {escape(home)}")


def ensure_set_up() -> bool:
    """Set up what is missing or out of date; returns whether there was anything to do."""
    current = settings()
    close_home(current.home)
    take_back_unfinished(Journal(PROJECT_ROOT))
    inputs = _inputs()
    stamp = stamp_content(current.home)
    has_ledger = deployment_at(current).ledger.is_set_up()
    if stamp == inputs and has_ledger:
        # Another home, or another version of the project, may have had the last word.
        made_before = _dbt_project(current).is_parsed
        parsed_project()
        return not made_before
    if has_ledger and stamp == inputs | {DBT_PROJECT_KEY: stamp.get(DBT_PROJECT_KEY)}:
        parsed_project()  # databases know nothing of it
    else:
        _set_up(current)
    write_json(current.home / STAMP_FILE, inputs)
    close_home(current.home)
    return True


def parsed_project() -> Path:
    """The manifest of the dbt project, made anew where it is older than the project.

    Raises:
        ProjectError: the project does not parse.
    """
    project = _dbt_project(settings())
    if not project.is_parsed:
        with console.status("making the manifest of the dbt project"):
            parse(project)
    return project.manifest


def _dbt_project(current: Settings) -> DbtProjectFolder:
    return DbtProjectFolder(DBT_PROJECT, current.warehouse, current.lake, current.dbt_target)


def _set_up(current: Settings) -> None:
    from mlops_platform.components.instance import forget_automation_of, open_instance
    from mlops_platform.data.landing.adoption import adopt_files
    from mlops_platform.usecases.home.upgrade import upgrade_home
    from mlops_platform.usecases.ledger.anchors import lost_ledger

    deployment = deployment_at(current)
    if (lost := lost_ledger(deployment)) is not None:
        console.print(
            f"{lost}. This makes an empty one, on which nothing rests until the loss is accepted: "
            "`mlops doctor` tells the ways on.",
            style="yellow",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    with console.status("initialising the ledger and the registry"):
        saved = upgrade_home(deployment)
    if saved is not None:
        console.print(
            f"upgraded {current.home} to format {FORMAT}; what it was is kept in {saved}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    with console.status("looking for landed files that are no delivery yet"):
        adopted = adopt_files(current.landing, datetime.now(UTC), of_before=True)
    if adopted:
        console.print(f"made deliveries of {counted(len(adopted), 'landed day')}", highlight=False)
    copy_dagster_yaml(current)
    parsed_project()
    with console.status("initialising the Dagster instance"), open_instance() as instance:
        switched_off = forget_automation_of(instance, deployment.ledger.models())
    if switched_off:
        console.print(
            f"{', '.join(switched_off)} were switched off; all models share their sensors now, and "
            "the YAML of a model says in `schedules` which act on it",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def copy_dagster_yaml(current: Settings) -> None:
    """Write the deployment's `dagster.yaml` to where Dagster reads it."""
    text = current.dagster_yaml.read_text(encoding="utf-8")
    write_text(current.dagster_home / "dagster.yaml", text)


def _inputs() -> dict[str, str | int]:
    """What set-up depends on: a change of any of it is a reason to set up again."""
    databases = f"{settings().ledger_url}\n{settings().mlflow_tracking_uri}"
    return {
        FORMAT_KEY: FORMAT,
        PATH_KEY: str(settings().home),
        # Hashed, because a URL may hold a password.
        "databases": hashlib.sha256(databases.encode()).hexdigest(),
        "ledger_schema": REVISIONS[-1],
        DBT_PROJECT_KEY: project_digest(DBT_PROJECT),
        "dagster_yaml": sha256_of_file(settings().dagster_yaml),
        "requirements_lock": sha256_of_file(PROJECT_ROOT / "requirements.lock"),
        "python": sys.version,
    }
