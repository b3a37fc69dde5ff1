"""What a proof has found, as it is kept and told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import ValidationError, computed_field

from mlops_platform.data.scratch.built_rows import RowDifference
from mlops_platform.errors import DataError
from mlops_platform.files import write_text
from mlops_platform.record import Record

Property = Literal["future", "cutoff", "incremental", "reach"]
Outcome = Literal["proved", "not proved", "failed"]
FILE: Final = "proof.json"


class PerturbedFact(Record):
    """A fact that changed what it must not, or did not change what it must.

    Args:
        became: what was done to it.
        known_at: moment from which the source or its delivery says it.
        others: so many more were perturbed together with it and could not be told apart.
    """

    table: str
    day: date
    key: Mapping[str, str]
    became: str
    known_at: datetime | None
    others: int = 0


class Finding(Record):
    """One column that is not as it should be, with the first of its rows.

    Args:
        rows: so many are.
        expected, actual: the value as text; None where it is NULL, or there is no such row.
        fact: None where none could be told apart.
    """

    table: str
    column: str
    rows: int
    entity: str
    day: date
    event_time: datetime | None
    expected: str | None
    actual: str | None
    fact: PerturbedFact | None
    fix: str

    @classmethod
    def of(
        cls, table: str, difference: RowDifference, fact: PerturbedFact | None, fix: str
    ) -> Self:
        """Of rows of a table that two builds made differently: as they must be, and as they are."""
        return cls(
            table=table,
            column=difference.column,
            rows=difference.rows,
            entity=difference.entity,
            day=difference.day,
            event_time=difference.event_time,
            expected=difference.before,
            actual=difference.after,
            fact=fact,
            fix=fix,
        )


class Verdict(Record):
    """Of one property and one table."""

    property: Property
    table: str
    outcome: Outcome
    detail: str
    findings: tuple[Finding, ...] = ()


class Proof(Record):
    """All verdicts of one run.

    Args:
        project: digest of the dbt project.
        first_day, last_day: of the landed days that were taken.
        rows: landed on them.
    """

    model: str
    features: str
    label: str
    proved_at: datetime
    project: str
    seed: int
    rounds: int
    first_day: date
    last_day: date
    rows: int
    builds: int
    seconds: float
    verdicts: tuple[Verdict, ...]

    # What is told to a program says it too.
    @computed_field  # type: ignore[prop-decorator]
    @property
    def outcome(self) -> Outcome:
        """`proved` where every verdict is."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        if "failed" in outcomes:
            return "failed"
        return "proved" if outcomes == {"proved"} else "not proved"


def keep_proof(model_home: Path, proof: Proof) -> None:
    """Keep the last proof of a model."""
    write_text(model_home / FILE, proof.to_stored(exclude={"outcome"}))


def last_proof(model_home: Path) -> Proof | None:
    """The last proof of a model; None where there was none.

    Raises:
        DataError: the file was damaged.
    """
    file = model_home / FILE
    try:
        return Proof.from_stored(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise DataError(f"{file} is damaged. Delete it, and run `mlops prove` again.") from error
