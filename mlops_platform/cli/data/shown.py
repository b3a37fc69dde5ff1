"""How what is stale is shown."""

from collections.abc import Sequence

from mlops_platform.cli.console import console, folding_table
from mlops_platform.clock import moment_text
from mlops_platform.data.features.builds import StaleDays
from mlops_platform.data.features.stretches import told_days
from mlops_platform.data.landing.deliveries import delivery_moment

ARRIVED = "arrived"


def show_stale(stale: Sequence[StaleDays]) -> None:
    """One line for every delivery, and the days that are to be built again because of it."""
    table = folding_table({"landed": 18, "delivery": 20, "rows": 26, "to be built again": None})
    for noticed in stale:
        table.add_row(
            f"{noticed.table}\n{noticed.day}",
            moment_text(delivery_moment(noticed.delivery)),
            f"{noticed.added} new, {noticed.changed} changed, {noticed.gone} gone"
            if noticed.happened == ARRIVED
            else f"its files are {'gone' if noticed.happened == 'vanished' else 'others'}",
            f"{told_days(noticed.days)} ({len(noticed.days)})",
        )
    console.print(table)
