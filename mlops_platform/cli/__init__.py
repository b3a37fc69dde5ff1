"""`mlops`: thin commands over the layers below, each imported only when it is called."""

import os
import signal
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache, wraps
from importlib import import_module
from typing import Any, NamedTuple

import click

from mlops_platform.cli.errors import error_text, is_broken_pipe, was_interrupted
from mlops_platform.cli.starting import put_scipy_first
from mlops_platform.components.garbage_collection import rest_from_full_collections
from mlops_platform.formats.home_stamp import require_set_up
from mlops_platform.interrupts import heeded_interrupts
from mlops_platform.privacy import keep_private
from mlops_platform.settings import settings


class Listed(NamedTuple):
    """A command as `mlops --help` lists it, with the module that holds it."""

    module: str
    help: str


COMMANDS = {
    "setup": Listed(
        "home.setup",
        "Prepare MLOPS_HOME: manifest, databases, Dagster home. Does nothing twice.",
    ),
    "init": Listed(
        "project.init",
        "Make a model of your own data: look at it, ask what must be known, write its files.",
    ),
    "demo": Listed(
        "demo",
        "Release a first champion on three months of flights, then replay the weeks that followed.",
    ),
    "portfolio": Listed(
        "portfolio",
        "Bring every other model to its first champion, and live through its latest windows.",
    ),
    "up": Listed("home.up", "Start Dagster and the MLflow UI on loopback; Ctrl-C stops them."),
    "check": Listed(
        "check", "Check everything that is declared; tell every mistake with file, line and fix."
    ),
    "train": Listed(
        "train", "Train and judge a candidate now; land and build what it needs first."
    ),
    "watch": Listed("watch", "Score and measure windows that have ended; build what they need."),
    "replay": Listed(
        "replay",
        "Replay the past windows of MODEL: a first champion, then window by window what followed.",
    ),
    "predict": Listed(
        "predict",
        "Score FILE with the champion of MODEL: one row per entity, the model's features as "
        "columns.",
    ),
    "land": Listed("data.land", "Land days of a table: those that it lacks, or some again."),
    "rebuild": Listed(
        "data.rebuild", "Build again what late deliveries have made stale; measure windows again."
    ),
    "prove": Listed(
        "data.prove",
        "Prove what the feature and label tables of MODEL promise, on its own landed facts.",
    ),
    "status": Listed(
        "reporting.status", "Show for every model what serves, how well, and what was decided last."
    ),
    "why": Listed("reporting.why", "Tell what served, what was decided and why, from the ledger."),
    "lineage": Listed(
        "reporting.lineage",
        "Show what a table or a column is made from, and which models read it.",
    ),
    "sql": Listed("reporting.sql", "Query the lake with SQL, read-only."),
    "doctor": Listed(
        "home.doctor", "Look for what is stuck, late or out of step, each with its cure."
    ),
    "incidents": Listed(
        "incidents", "List what is wrong now; acknowledge it, resolve it, try the channels."
    ),
    "serve": Listed(
        "service.serve",
        "Serve the champion of a model; later releases are followed by themselves.",
    ),
    "export": Listed(
        "release.export",
        "Write the champion of MODEL as files that score without the platform.",
    ),
    "rollback": Listed(
        "release.rollback",
        "Release the previous champion again; wait until running services follow.",
    ),
    "approve": Listed(
        "release.approve",
        "Promote the challenger or start the suggested retraining, or --reject it.",
    ),
    "replay-request": Listed(
        "service.replay_request",
        "Run a logged request again, by the very version that answered it.",
    ),
    "explain": Listed(
        "service.explain",
        "Tell what each feature added to a prediction, by the very version that made it.",
    ),
    "reproduce": Listed(
        "reporting.reproduce",
        "Train a version again from its snapshot, and compare what both predict.",
    ),
    "backtest": Listed(
        "backtest", "Replay the past under every retraining policy, and recommend one."
    ),
    "freeze": Listed("release.freeze", "Stop automatic retraining and releases of a model."),
    "unfreeze": Listed(
        "release.unfreeze", "Allow automatic retraining and releases of a model again."
    ),
    "retire": Listed(
        "release.retire",
        "Retire a model: sensors and commands ask nothing of it any more.",
    ),
    "reconcile": Listed("release.reconcile", "Rebuild aliases, tags and pointers from the ledger."),
    "backup": Listed(
        "home.backup",
        "Copy the whole home into a folder, while it is in use, and verify the copy.",
    ),
    "erase": Listed(
        "home.erase",
        "Erase facts of a landed TABLE from every delivery, with all of their versions.",
    ),
    "restore": Listed("home.restore", "Make a home from a backup, wherever MLOPS_HOME is."),
}
"""In the order of a first session."""

WORKING_ON_ANY_HOME = (
    *("setup", "init", "demo", "portfolio", "up", "train", "watch", "replay"),
    *("land", "rebuild", "restore"),
)
"""They set the home up themselves."""

WITHOUT_HOME = ("check",)
"""They read what is declared, and nothing that was recorded."""

LOOKING_AT_ANY_HOME = ("doctor",)
"""They tell themselves what is wrong with the home."""

LOADING_DEFINITIONS = ("erase", "prove")
"""They need the manifest of the dbt project as it is now; who sets the home up makes it as well."""

WITH_MODELS = (
    *("demo", "portfolio", "check", "train", "watch", "replay", "predict", "export"),
    *("replay-request", "explain", "reproduce", "backtest"),
)
"""They store or load a fitted model, with skops."""

RESUMED = ("setup", "demo", "portfolio", "replay", "backtest")
"""They keep what they have finished."""

INTERRUPTED = 128 + signal.SIGINT
"""Exit code by the convention of shells."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, with its one-line help."""
        return _command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named, or the one that it looks like."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(_unknown_command(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.help) for name, listed in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; whatever goes wrong is a message, and what is a bug is kept in a file."""
        rest_from_full_collections()
        try:
            with heeded_interrupts():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except (KeyboardInterrupt, click.Abort) as ended:
            if not was_interrupted(ended):
                raise
            click.echo(_interrupted(ctx.invoked_subcommand), err=True)
            raise click.exceptions.Exit(INTERRUPTED) from ended
        except Exception as error:
            if ctx.params["debug"] or is_broken_pipe(error):
                raise
            raise click.ClickException(error_text(error, ctx.invoked_subcommand)) from error


def _unknown_command(name: str) -> str:
    close = get_close_matches(name, COMMANDS, n=1)
    fix = f"Did you mean '{close[0]}'?" if close else "`mlops --help` lists them."
    return f"No such command '{name}'. {fix}"


def _interrupted(name: str | None) -> str:
    if name not in RESUMED:
        return "Interrupted."
    return f"Interrupted: what was finished is kept, and `mlops {name}` again goes on where it was."


@cache
def _command(name: str) -> click.Command:
    """A command, which runs where its home is as it must be."""
    if name in WITH_MODELS:
        put_scipy_first()
    module = import_module(f"mlops_platform.cli.{COMMANDS[name].module}")
    command: click.Command = module.command
    on_any_home = (*WORKING_ON_ANY_HOME, *WITHOUT_HOME, *LOOKING_AT_ANY_HOME)
    if name not in on_any_home and command.callback is not None:
        command.callback = _on_a_current_home(command.callback, name in LOADING_DEFINITIONS)
    return command


def _on_a_current_home(run: Callable[..., Any], loading: bool) -> Callable[..., Any]:
    @wraps(run)
    def checked(*arguments: Any, **options: Any) -> Any:
        require_set_up(settings().home)
        if loading:
            from mlops_platform.cli.home.setup import parsed_project

            parsed_project()
        return run(*arguments, **options)

    return checked


@click.group(cls=LazyGroup)
@click.version_option(package_name="mlops-platform", message="mlops %(version)s")
@click.option(
    "--debug",
    is_flag=True,
    envvar="MLOPS_DEBUG",
    help="Show the traceback of what goes wrong; so does MLOPS_DEBUG=1.",
)
@click.pass_context
def main(context: click.Context, debug: bool) -> None:
    """One YAML file per model; the whole governed lifecycle as Dagster assets."""
    umask = keep_private()
    context.call_on_close(lambda: os.umask(umask))
