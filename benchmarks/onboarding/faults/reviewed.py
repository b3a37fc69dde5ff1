"""Warnings on clean tables that were looked at and are true; all others count as false."""

from typing import Final

TRUE: Final[dict[tuple[str, str, str], str]] = {
    ("births", "disguised_missing", "fage"): "no father is 0 years old",
    ("randhie", "disguised_missing", "fmde"): "0 stands for plans without a deductible",
    ("occupancy", "little_history", "time"): "it has seven days",
}
"""By table, kind and column: why it is true."""
