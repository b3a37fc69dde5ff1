"""Landing jobs: one for each set of days, because a run of days is of assets that have these days.

A table whose days start on another date, or in another time zone, has partitions of its own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from mlops_platform.components.landing.landing_asset import DAILY, LANDING, SNAPSHOT

LAND_DAYS, LAND_SNAPSHOTS = "land_days", "land_snapshots"


@dataclass(frozen=True)
class DailyLanding:
    """A job that lands days, and whose they are.

    Args:
        keys: of the assets that it lands.
    """

    job: str
    partitions: dg.TimeWindowPartitionsDefinition
    keys: Sequence[dg.AssetKey]


def daily_landings(definitions: dg.Definitions) -> list[DailyLanding]:
    """The jobs that land days, by name: `land_days` where all tables have the same."""
    by_days: dict[dg.TimeWindowPartitionsDefinition, list[dg.AssetKey]] = {}
    for partitions, key in _landed_daily(definitions):
        by_days.setdefault(partitions, []).append(key)
    names = {
        partitions: LAND_DAYS if len(by_days) == 1 else f"{LAND_DAYS}_{_days_in_words(partitions)}"
        for partitions in by_days
    }
    landings = [
        DailyLanding(names[partitions], partitions, sorted(keys))
        for partitions, keys in by_days.items()
    ]
    return sorted(landings, key=lambda landing: landing.job)


def _landed_daily(
    definitions: dg.Definitions,
) -> Iterator[tuple[dg.TimeWindowPartitionsDefinition, dg.AssetKey]]:
    for asset in definitions.assets or ():
        if isinstance(asset, dg.AssetsDefinition):
            for spec in asset.specs:
                if spec.tags.get(LANDING) == DAILY:
                    assert isinstance(spec.partitions_def, dg.TimeWindowPartitionsDefinition)
                    yield spec.partitions_def, spec.key


def _days_in_words(partitions: dg.TimeWindowPartitionsDefinition) -> str:
    """Such as `from_2013_01_01_to_2014_01_02_america_new_york`."""
    end = f" to {partitions.end:%Y-%m-%d}" if partitions.end else ""
    # Etc/GMT+5 would else be one with Etc/GMT-5.
    zone = re.sub(r"-(?=\d)", " minus ", partitions.timezone).replace("+", " plus ")
    words = f"from {partitions.start:%Y-%m-%d}{end} {zone}"
    return re.sub(r"\W+", "_", words).lower()


def landing_jobs(definitions: dg.Definitions) -> dg.Definitions:
    """Jobs of days and one of snapshots: a run of days plans all its assets for every day.

    Args:
        definitions: with the landed assets.
    """
    days = [
        dg.define_asset_job(
            landing.job,
            selection=dg.AssetSelection.assets(*landing.keys),
            description="Lands the facts of the chosen days, in one run however many they are.",
        )
        for landing in daily_landings(definitions)
    ]
    snapshots = dg.define_asset_job(
        LAND_SNAPSHOTS,
        selection=dg.AssetSelection.tag(LANDING, SNAPSHOT),
        description="Lands the dated snapshots of the reference tables.",
    )
    return dg.Definitions(jobs=[*days, snapshots])
