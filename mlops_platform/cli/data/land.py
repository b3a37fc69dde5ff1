"""`mlops land`: days of one table, delivered for the first time or again."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, counted, hidden_json_option, say, wants_json
from mlops_platform.cli.data.running import opened_driver
from mlops_platform.cli.data.shown import show_stale
from mlops_platform.cli.home.setup import ensure_set_up

if TYPE_CHECKING:
    from mlops_platform.data.features.builds import StaleDays
    from mlops_platform.data.landing.deliveries import Delivery

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("table")
@click.option("--from", "first", type=DAY, help="First day to deliver, again if need be.")
@click.option("--to", "last", type=DAY, help="Last day.")
@click.option("--retract", is_flag=True, help="Rows may be taken back, however many.")
@click.option("--actor", callback=not_blank, help="Who asks for it  [default: the login name]")
@hidden_json_option
def command(
    table: str, first: datetime | None, last: datetime | None, retract: bool, actor: str | None
) -> None:
    """Land days of a table: those that it lacks, or some again.

    Without --from and --to it lands the days of TABLE that have ended and have not landed. What a
    day has is kept; another delivery of it keeps what it changes.
    """
    from mlops_platform.driving.landing import TableLanding
    from mlops_platform.usecases.deployment import open_deployment

    ensure_set_up()
    deployment = open_deployment()
    with opened_driver() as (driver, _, display):
        landing = TableLanding(
            driver,
            display,
            deployment.settings.landing,
            datetime.now(UTC),
            actor or login_name(),
        )
        days = landing.days(table, (_day(first), _day(last)))
        delivered = [] if days == [] else landing.land(table, days, retract=retract)
        left_out = [] if days == [] else landing.left_out(table)
    same = len(days or ()) - len({delivery.day for delivery in delivered})
    stale = _stale(delivered)
    if wants_json():
        answer(
            {
                "table": table,
                "deliveries": [delivery.model_dump(mode="json") for delivery in delivered],
                "days_as_before": same,
                "left_out": list(left_out),
                "stale": [noticed.model_dump(mode="json") for noticed in stale],
            }
        )
        return
    if days == []:
        say(f"{table}: every day that has ended has landed. Name days to deliver them again.")
        return
    for line in (*_told(table, delivered), *_warnings(delivered)):
        say(line)
    if same > 0:
        say(f"{table}: {counted(same, 'day')} as before: no delivery")
    for text in left_out:
        say(f"{table}: {text}")
    if stale:
        show_stale(stale)
        say("`mlops rebuild` builds them again; automation does so every morning.")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _told(table: str, delivered: "list[Delivery]") -> Iterator[str]:
    """One line for what landed for the first time, and one for each day that landed again."""
    from mlops_platform.data.features.stretches import told_days

    first = [delivery for delivery in delivered if delivery.meaning is None]
    if first:
        rows = sum(delivery.facts for delivery in first)
        days = told_days(delivery.day for delivery in first)
        yield f"{table}: {counted(rows, 'row')} landed for the first time, of {days}"
    for delivery in delivered:
        if delivery.meaning is not None:
            yield (
                f"{table} of {delivery.day} landed again: {delivery.added} new, "
                f"{delivery.changed} changed, {delivery.gone} gone; it has "
                f"{counted(delivery.facts, 'row')} now"
            )


def _warnings(delivered: "list[Delivery]") -> Iterator[str]:
    """What a person should know of the rows."""
    from mlops_platform.data.landing.landing import warnings_of

    for delivery in delivered:
        yield from warnings_of(delivery)


def _stale(delivered: "list[Delivery]") -> "list[StaleDays]":
    """What is to be built again because of these deliveries."""
    from mlops_platform.data.features.builds import kept_builds
    from mlops_platform.data.landing.deliveries import delivery_name
    from mlops_platform.usecases.deployment import open_deployment

    deployment = open_deployment()
    place = deployment.settings
    now, kept = datetime.now(UTC), kept_builds(place.landing, place.published)
    states = [state for builds in kept if (state := builds.noticed(now))]
    mine = {
        (delivery.table, delivery.day, delivery_name(delivery.delivered_at))
        for delivery in delivered
    }
    return [
        noticed
        for state in states
        for noticed in state.stale
        if (noticed.table, noticed.day, noticed.delivery) in mine
    ]
