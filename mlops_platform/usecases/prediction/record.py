"""What came of scoring a file, as a record with stable names."""

from typing import Literal

from mlops_platform.record import Record

WarningKind = Literal["unseen_category", "outside_range", "all_missing", "more_missing"]


class Unseen(Record):
    """What a column holds that training never saw.

    Args:
        rows: that hold it.
        share: of all rows of the file.
        examples: the most frequent categories, or the smallest and the largest number.
        seen: what training saw, in words.
    """

    column: str
    kind: WarningKind
    rows: int
    share: float
    examples: tuple[str, ...]
    seen: str

    @property
    def text(self) -> str:
        """One line."""
        count = f"{self.column}: {self.rows:,} rows ({100 * self.share:.1f} %)"
        if self.kind == "unseen_category":
            examples = ", ".join(self.examples)
            return f"{count} hold categories that training never saw, such as {examples}"
        if self.kind == "outside_range":
            numbers = " to ".join(self.examples)
            return f"{count} are outside of what training saw, {self.seen}: {numbers}"
        if self.kind == "all_missing":
            return f"{self.column}: no row has a value; in training {self.seen} lacked one"
        return f"{count} have no value; in training {self.seen} lacked one"


class AbsentFeature(Record):
    """A feature that a file does not have.

    Args:
        training_share: of the training rows that had a value; None where it is not known.
    """

    column: str
    training_share: float | None


class PredictedFile(Record):
    """A file of predictions, and what is to be known of it.

    Args:
        source, output: files, as they were named.
        means: of each output; of a flag the share of rows that have it.
        absent: features that the file does not have, scored as missing.
        unseen_rows: rows with a category or a number that training never saw.
        unseen: the same by column, and columns that lack more than they did in training.
        columns: of the output, in order.
        read_as: landing as whose files it was read; None where its columns are called as features.
        left_out: columns of the file that are called like predictions, which the output lacks.
        warnings: sentences without which the predictions must not be used.
        notes: sentences for a person.
    """

    model: str
    version: int
    release: int
    source: str
    output: str
    rows: int
    means: dict[str, float]
    absent: tuple[AbsentFeature, ...]
    unseen_rows: int
    unseen: tuple[Unseen, ...]
    columns: tuple[str, ...]
    read_as: str | None
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
