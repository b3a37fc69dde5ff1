"""What a release says itself of the rows that its judged candidate has not seen.

Both are fits of one recipe, and no two fits say the same: a window of the release differs from what
the judged candidate said although nothing has changed. The release in turn has seen these rows, and
may say of new ones what it never says of those. What has moved differs from both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mlops_platform.monitoring.drift.profile.profile import FittedBins, Profile

PREFIX: Final = "released "
"""Of the columns of a profile that hold it; the name of no other one begins so."""


def is_of_release(name: str) -> bool:
    """Whether a column of a profile is of the release's own predictions."""
    return name.startswith(PREFIX)


def kept_beside(profile: Profile) -> Profile:
    """Predictions of the release under names that can stand beside those of the candidate."""
    columns = tuple(
        bins.model_copy(update={"column": f"{PREFIX}{bins.column}"})
        for bins in profile.bins.columns
    )
    counts = {f"{PREFIX}{name}": rows for name, rows in profile.counts.items()}
    return Profile(profile.bins.model_copy(update={"columns": columns}), counts)


def of_release(profile: Profile, names: Iterable[str]) -> Profile | None:
    """The same columns as the release predicts them; None where a profile does not hold them all.

    Profiles of earlier versions hold none.
    """
    bins_by_name, wanted = profile.bins.by_name, tuple(names)
    if not all(f"{PREFIX}{name}" in bins_by_name for name in wanted):
        return None
    return Profile(
        FittedBins(columns=tuple(bins_by_name[name] for name in wanted), unit=profile.bins.unit),
        {name: profile.counts[f"{PREFIX}{name}"] for name in wanted},
    )
