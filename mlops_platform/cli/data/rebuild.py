"""`mlops rebuild`: what late deliveries have made stale is built again."""

from datetime import UTC, datetime
from pathlib import Path

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import counted, say
from mlops_platform.cli.data.running import opened_driver
from mlops_platform.cli.data.shown import show_stale
from mlops_platform.cli.home.setup import ensure_set_up


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would be built again, and why.")
@click.option(
    "--retract",
    is_flag=True,
    help="Files that somebody put into a landed day may take rows back, however many.",
)
@click.option("--actor", callback=not_blank, help="Who asks for it  [default: the login name]")
def command(dry_run: bool, retract: bool, actor: str | None) -> None:
    """Build again what late deliveries have made stale; measure windows again.

    A day is stale where something landed after it was built that it would have been built from.
    Windows are measured again where their labels have changed.
    """
    from mlops_platform.data.features.builds import kept_builds
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
    if stale:
        show_stale(stale)
    else:
        say("No day is stale." if states else "No build has told yet what it was made from.")
    if dry_run:
        _tell_foreign(place.landing)
    if dry_run or not states:
        return
    with opened_driver() as (driver, models, display):
        rebuild = Rebuild(deployment, driver, models, display, actor or login_name())
        built = rebuild.build(states)
        measured = list(rebuild.measure())
    if built:
        days = sum((last - first).days + 1 for first, last in built)
        say(f"Built again: {counted(days, 'day')}, in {counted(len(built), 'build')}.")
    say(
        f"Measured again: {counted(len(measured), 'window')}."
        if measured
        else "No window was to be measured again."
    )


def _tell_foreign(landing: Path) -> None:
    from mlops_platform.data.landing.verification import foreign_files

    if files := foreign_files(landing):
        say(f"Not looked at: {counted(len(files), 'new file')}, which the next build takes.")
        say(f"For example: {files[0]}")
