"""The number of the format in which this version of the platform writes."""

from typing import Final

from mlops_platform.errors import FormatError

FORMAT: Final = 7
"""0: nothing says its format, and paths begin at the root of the machine.
1: files and rows of the ledger say their format, and paths begin at the home.
2: losses of a window are one record, and the bins of a profile have the names of the field.
3: incidents of runs name the stage of the lifecycle, where they named a job of the model.
4: what depended on one task has names for any: constants, baseline, targets, loss, metrics.
5: landing keeps deliveries below its days, and the ledger tells what was erased.
6: each model that is replayed has a clock, where the home had one for all.
7: a release says what decides beside its files, a packaging the digest of its whole Bento.
"""


def refuse_newer(stored: int, what: str) -> None:
    """Refuse what a newer version of the platform has written.

    Raises:
        FormatError: `stored` is greater than the format of this version.
    """
    if stored > FORMAT:
        raise FormatError(
            f"{what} has format {stored}, and this version of the platform reads formats up to "
            f"{FORMAT}: install the version that wrote it, or a newer one."
        )
