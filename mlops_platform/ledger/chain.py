"""The hash chain: each row carries the hash of its columns and of the row before it."""

from collections.abc import Sequence
from typing import get_args

from mlops_platform.formats.row_formats import Row, unhashed_columns
from mlops_platform.formats.row_hash import row_hash
from mlops_platform.ledger.records import ChainFault, ReleaseKind

GENESIS = "0" * 64
"""Previous hash of the first row."""


def first_broken_link(table: str, key: str, rows: Sequence[Row]) -> ChainFault | None:
    """First row, in chain order, that was changed or whose predecessor is gone.

    Raises:
        FormatError: a newer version of the platform wrote a row.
    """
    previous = GENESIS
    for row in rows:
        name = f"{row['model']}/{row[key]}"
        # A row that this version cannot read is refused, and not judged.
        later = unhashed_columns(table, row)
        if row["previous_hash"] != previous:
            return ChainFault(
                table=table, row=name, problem="does not follow the row before it: one was removed"
            )
        if row["hash"] != row_hash(table, row):
            return ChainFault(
                table=table, row=name, problem="was changed after it was written: its hash differs"
            )
        if later:
            return ChainFault(
                table=table,
                row=name,
                problem=f"was changed after it was written: its format knows no {later[0]!r}",
            )
        previous = row["hash"]
    return None


def first_loose_end(decisions: Sequence[Row], releases: Sequence[Row]) -> ChainFault | None:
    """First decision without the release it caused, or release without its decision.

    This finds the removal of the newest rows, which no chain alone can.
    """
    causes = {row["id"] for row in decisions if row["kind"] in get_args(ReleaseKind)}
    for row in releases:
        if row["decision_id"] not in causes:
            name, gone = f"{row['model']}/{row['sequence']}", f"decision {row['decision_id']}"
            return ChainFault(table="releases", row=name, problem=f"its {gone} was removed")
    released = {row["decision_id"] for row in releases}
    for row in decisions:
        if row["id"] in causes - released:
            name = f"{row['model']}/{row['id']}"
            return ChainFault(table="decisions", row=name, problem="its release was removed")
    return None
