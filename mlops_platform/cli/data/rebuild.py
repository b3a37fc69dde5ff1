"""`mlops rebuild`: what late deliveries have made stale is built again."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, counted, json_option, say
from mlops_platform.cli.data.running import opened_driver
from mlops_platform.cli.data.shown import show_stale
from mlops_platform.cli.home.setup import ensure_set_up

if TYPE_CHECKING:
    from mlops_platform.data.features.builds import StaleDays


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would be built again, and why.")
@click.option(
    "--retract",
    is_flag=True,
    help="Files that somebody put into a landed day may take rows back, however many.",
)
@click.option("--actor", callback=not_blank, help="Who asks for it  [default: the login name]")
@json_option
def command(dry_run: bool, retract: bool, actor: str | None, as_json: bool) -> None:
    """Build again what late deliveries have made stale; measure windows again.

    A day is stale where something landed after it was built that it would have been built from.
    Windows are measured again where their labels have changed.
    """
    from mlops_platform.data.features.builds import Builds, kept_builds
    from mlops_platform.data.landing.verification import foreign_files
    from mlops_platform.driving.rebuild import Rebuild, notice
    from mlops_platform.usecases.deployment import open_deployment

    ensure_set_up()
    deployment = open_deployment()
    place, now = deployment.settings, datetime.now(UTC)
    if dry_run and retract:
        raise click.UsageError(
            "--dry-run takes no file, so that nothing is retracted: leave one out."
        )
    if dry_run:
        kept = kept_builds(place.landing, place.published)
        states = {builds.store: state for builds in kept if (state := builds.noticed(now))}
    else:
        states = notice(place, now, retract=retract)
    stale = [noticed for state in states.values() for noticed in state.stale]
    foreign = foreign_files(place.landing) if dry_run else []
    if not as_json:
        _show_stale(stale, was_built=bool(states))
        _tell_foreign(foreign)
    built: list[tuple[date, date]] = []
    measured: list[str] = []
    unread: list[str] = []
    if not dry_run and states:
        with opened_driver() as (driver, models, display):
            rebuild = Rebuild(deployment, driver, models, display, actor or login_name())
            built = rebuild.build(states)
            measured = list(rebuild.measure())
            unread = rebuild.unread(states)
    if as_json:
        answer(
            {
                "stale": [noticed.model_dump(mode="json") for noticed in stale] if states else None,
                "built": [
                    {"first_day": str(first), "last_day": str(last)} for first, last in built
                ],
                "measured": measured,
                "unread": unread,
                "not_looked_at": [str(file) for file in foreign],
            }
        )
    elif not dry_run and states:
        _tell(built, measured)
        for store in unread:
            file = Builds(place.landing, place.published, store).file
            say(
                f"Stale days of {store} stay: no model reads what it builds. Where its domain is "
                f"gone, remove {file} and its tables beside it."
            )


def _show_stale(stale: "Sequence[StaleDays]", *, was_built: bool) -> None:
    if stale:
        show_stale(stale)
    else:
        say("No day is stale." if was_built else "No build has told yet what it was made from.")


def _tell(built: Sequence[tuple[date, date]], measured: Sequence[str]) -> None:
    if built:
        days = sum((last - first).days + 1 for first, last in built)
        say(f"Built again: {counted(days, 'day')}, in {counted(len(built), 'build')}.")
    say(
        f"Measured again: {counted(len(measured), 'window')}."
        if measured
        else "No window was to be measured again."
    )


def _tell_foreign(files: Sequence[Path]) -> None:
    if files:
        say(f"Not looked at: {counted(len(files), 'new file')}, which the next build takes.")
        say(f"For example: {files[0]}")
