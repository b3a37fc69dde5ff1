"""Warnings on clean tables that were looked at and are true; all others count as false."""

from typing import Final

TRUE: Final[dict[tuple[str, str, str], str]] = {}
"""By table, kind and column: why it is true."""
