"""Whether every SQLite database of a home is sound, and the ledger guarded and its chains whole."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.usecases.diagnosis.deep.finished_files import finished_files
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.looking import RESTORE, looked_at
from mlops_platform.usecases.home.contents import SQLITE_ENDINGS

BUSY_SECONDS = 5.0


def faults_of_databases(home: Path) -> Iterator[Fault]:
    """Every file that is called as a database is one, and none of its pages is damaged."""
    for file in finished_files(home, *SQLITE_ENDINGS):
        yield from looked_at(str(file), home, partial(_of_database, file))


def faults_of_ledger(ledger: Ledger) -> Iterator[Fault]:
    """Its guards, and all chains: of incidents and of models that nobody declares any more, too."""
    if not ledger.refuses_changes():
        yield Fault(
            severity="error",
            what="the triggers by which the database refuses to change or remove rows are gone, "
            "or are others",
            where="ledger",
            cure="mlops setup",
        )
    for model in ledger.models_with_rows():
        fault = ledger.verify_chain(model)
        if fault is not None:
            yield Fault(
                severity="error",
                what=f"the row {fault.problem}",
                where=f"ledger, {fault.table} {fault.row}",
                cure=RESTORE,
            )


def _of_database(file: Path) -> Iterator[Fault]:
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", BUSY_SECONDS, uri=True)) as connection:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        yield Fault(severity="error", what=f"is damaged: {verdict}", where=str(file), cure=RESTORE)
