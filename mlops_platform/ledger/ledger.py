"""Ledger: what was decided, what was released, and what served when."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, select

from mlops_platform.errors import LedgerError
from mlops_platform.ledger import rows, tables
from mlops_platform.ledger.append import (
    append_activation,
    append_adjustments,
    append_decision,
    append_packaging,
    append_release,
    require_newest,
)
from mlops_platform.ledger.database import Database
from mlops_platform.ledger.ledger_rows import LedgerRow, decision_rows, release_rows
from mlops_platform.ledger.records import (
    ACCEPTANCE,
    RELEASE_KINDS,
    REPLAYED,
    Activation,
    BentoIdentity,
    ChainFault,
    Decision,
    DecisionKind,
    NewActivation,
    NewAdjustment,
    NewDecision,
    Release,
    Seen,
    VersionIdentity,
    WrittenAdjustment,
)
from mlops_platform.ledger.schema.append_only import changes_are_refused
from mlops_platform.ledger.schema.backup import back_up
from mlops_platform.ledger.schema.restoring import restore_rows
from mlops_platform.ledger.schema.set_up import has_old_rows, is_set_up, set_up_schema
from mlops_platform.ledger.verification import (
    first_fault,
    lacking_hashes,
    lost_hashes,
    models_with_rows,
    newest_hashes,
    require_known,
    unknown_hashes,
)


def machine_clock(model: str) -> datetime:
    """The present of a model that is not replayed."""
    return datetime.now(UTC)


class Ledger:
    """Decisions and releases of every model, in SQLite or Postgres.

    Args:
        url: SQLAlchemy URL, ``sqlite:////path`` or ``postgresql+psycopg2://...``.
        moment_of: gives the aware present of a model, by which its rows are dated.
        is_replayed: whether that is the moment of a replay, as its decisions say then.
        written: called after rows of a model were written.
        newest_known: hashes of the newest rows of a model as they were written down outside of the
            ledger; where one of them is not there any more, nothing is written.
    """

    def __init__(
        self,
        url: str,
        moment_of: Callable[[str], datetime] = machine_clock,
        is_replayed: Callable[[str], bool] = lambda model: False,
        written: Callable[[str], None] = lambda model: None,
        newest_known: Callable[[str], Collection[str]] = lambda model: (),
    ) -> None:
        self._database, self._newest_known = Database(url), newest_known
        self._moment_of, self._is_replayed, self._written = moment_of, is_replayed, written

    def exists(self) -> bool:
        """Whether there is a database; a server is taken to have one, and not asked."""
        return self._database.exists()

    def kept_open(self) -> AbstractContextManager[None]:
        """Read through one connection meanwhile, in this thread: for many reads in a row."""
        return self._database.kept_open()

    def create_schema(self, backups: Path | None = None) -> Path | None:
        """Create or migrate the schema; safe when several processes do it at once.

        Args:
            backups: where a backup is written before rows are migrated.

        Returns:
            The file of that backup, if there was one to write.

        Raises:
            FormatError: a newer version of the platform made the schema; nothing was changed.
            LedgerError: the backup or the migration failed; nothing was changed.
        """
        return set_up_schema(self._database, backups)

    def needs_migration(self) -> bool:
        """Whether `create_schema` would migrate rows, and first back them up.

        Raises:
            FormatError: a newer version of the platform made the schema.
        """
        if not self._database.exists():
            return False
        with self._database.reading_any_schema() as connection:
            return has_old_rows(connection, self._database.name)

    def is_set_up(self) -> bool:
        """Whether it is there as `create_schema` makes it, guards included.

        Raises:
            FormatError: a newer version of the platform made the schema.
            LedgerError: the database cannot be read.
        """
        return self._database.exists() and is_set_up(self._database)

    def refuses_changes(self) -> bool:
        """Whether the database refuses to change or remove a row, as `create_schema` makes it.

        Raises:
            LedgerError: the database is not there, or cannot be read.
        """
        with self._database.reading() as connection:
            return changes_are_refused(connection, tables.metadata.sorted_tables)

    def back_up(self, target_directory: Path) -> Path:
        """Write a consistent copy, whatever the schema; return its file.

        Raises:
            LedgerError: the database cannot be read, or the copy not be written.
        """
        return back_up(self._database, target_directory)

    def restore_rows(self, dump: Path) -> int:
        """Load the `ledger.jsonl` of a backup into this empty ledger; return how many rows.

        Raises:
            LedgerError: the ledger has rows, the file is no dump, or a chain in it is broken.
            FormatError: a newer version of the platform wrote a row.
        """
        return restore_rows(self._database, dump)

    def record_decision(
        self, model: str, decision: NewDecision, *, after: Iterable[Seen] = ()
    ) -> Decision:
        """Write a decision that changes nothing about what serves.

        Args:
            after: decisions that this one rests on.

        Raises:
            LedgerError: the decision is one that only a release can make.
            ReleaseConflict: one of `after` is not the newest any more; nothing was written.
        """
        if decision.kind in RELEASE_KINDS:
            raise LedgerError(
                f"decision {decision.kind!r} of {model!r} changes what serves; "
                "write it together with its release through `release`."
            )
        accepts = decision.kind == ACCEPTANCE
        with self._writing(model, despite_losses=accepts) as connection:
            require_newest(connection, model, after)
            marked = self._marked(model, decision)
            decision_id = append_decision(connection, model, marked, self._now(model))
            query = select(tables.decisions).where(tables.decisions.c.id == decision_id)
            return rows.decision_from(connection.execute(query).mappings().one())

    def release(
        self,
        model: str,
        identity: VersionIdentity,
        decision: NewDecision,
        *,
        expected_sequence: int | None,
        bento: BentoIdentity | None = None,
        after: Iterable[Seen] = (),
    ) -> Release:
        """Write a decision and the release it causes, both or neither.

        Args:
            expected_sequence: sequence of the champion that the decision was made against;
                None where the model had none. This is the compare of the compare-and-swap.
            bento: Bento of this very version, where one exists already.
            after: as in `record_decision`.

        Raises:
            ReleaseConflict: another release came first, or one of `after` is not the newest.
            LedgerError: the decision is none that releases.
        """
        if decision.kind not in RELEASE_KINDS:
            raise LedgerError(
                f"decision {decision.kind!r} of {model!r} releases nothing; "
                f"use one of {RELEASE_KINDS}, or `record_decision`."
            )
        with self._writing(model) as connection:
            require_newest(connection, model, after)
            moment, marked = self._now(model), self._marked(model, decision)
            sequence = append_release(
                connection, model, identity, marked, expected_sequence or 0, moment
            )
            if bento is not None:
                append_packaging(connection, model, sequence, bento, decision.actor, moment)
            return _release(connection, model, sequence)

    def record_packaging(
        self, model: str, sequence: int, bento: BentoIdentity, actor: str
    ) -> Release:
        """Attach the Bento that was built from a release; a later one takes its place.

        Raises:
            LedgerError: the release does not exist.
        """
        with self._writing(model) as connection:
            if _release(connection, model, sequence).bento != bento:
                append_packaging(connection, model, sequence, bento, actor, self._now(model))
            return _release(connection, model, sequence)

    def record_adjustments(
        self, model: str, adjustments: Sequence[NewAdjustment], *, after: int
    ) -> None:
        """Write adjustments of the current release, all of them or none.

        Args:
            after: number of the adjustment that the first one follows, or 0. This is the compare
                of the compare-and-swap.

        Raises:
            ReleaseConflict: another release came first, or other adjustments of this one.
        """
        with self._writing(model) as connection:
            append_adjustments(connection, model, adjustments, after, self._now(model))

    def record_activations(self, model: str, activations: Iterable[NewActivation]) -> int:
        """Write what workers did, each report once; return how many were new."""
        with self._writing(model) as connection:
            written = [
                append_activation(connection, model, activation) for activation in activations
            ]
        return len(written) - written.count(None)

    def models(self) -> list[str]:
        """Every model about which something was decided."""
        query = select(tables.decisions.c.model).distinct().order_by(tables.decisions.c.model)
        with self._database.reading() as connection:
            return list(connection.scalars(query))

    def current_release(self, model: str) -> Release | None:
        """Release that serves, or None before the first one."""
        return self._last_of(rows.releases_of(model))

    def serving_at(self, model: str, moment: datetime) -> Release | None:
        """Release that served at an aware moment, or None before the first one."""
        until = tables.releases.c.released_at <= _aware(moment)
        return self._last_of(rows.releases_of(model).where(until))

    def releases(self, model: str) -> list[Release]:
        """Every release of a model, oldest first."""
        query = rows.releases_of(model).order_by(tables.releases.c.sequence)
        with self._database.reading() as connection:
            return [rows.release_from(row) for row in connection.execute(query).mappings()]

    def adjustments(self, model: str, sequence: int) -> list[WrittenAdjustment]:
        """Every adjustment of a release, oldest first."""
        query = rows.adjustments_of(model, sequence).order_by(tables.adjustments.c.number)
        with self._database.reading() as connection:
            return [rows.adjustment_from(row) for row in connection.execute(query).mappings()]

    def latest_adjustment(self, model: str, sequence: int) -> WrittenAdjustment | None:
        """The newest adjustment of a release; None where its version answers as it was released."""
        newest_first = tables.adjustments.c.number.desc()
        query = rows.adjustments_of(model, sequence).order_by(newest_first).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else rows.adjustment_from(row)

    def decisions(
        self, model: str, limit: int | None = 100, kinds: Collection[DecisionKind] = ()
    ) -> list[Decision]:
        """Latest decisions of a model, of some kinds or of all, newest first.

        Args:
            limit: how many; every one where None.
        """
        table = tables.decisions
        query = select(table).where(table.c.model == model).order_by(table.c.id.desc())
        if kinds:
            query = query.where(table.c.kind.in_(kinds))
        with self._database.reading() as connection:
            result = connection.execute(query.limit(limit)).mappings()
            return [rows.decision_from(row) for row in result]

    def newest_decision(self, model: str, kinds: Collection[DecisionKind]) -> Decision | None:
        """The newest decision of some kinds about a model; None where there is none."""
        return next(iter(self.decisions(model, limit=1, kinds=kinds)), None)

    def newest_decisions(self, kinds: Collection[DecisionKind]) -> dict[str, Decision]:
        """The newest decision of some kinds, of each model that has one."""
        table = tables.decisions
        newest = select(func.max(table.c.id)).where(table.c.kind.in_(kinds)).group_by(table.c.model)
        query = select(table).where(table.c.id.in_(newest)).order_by(table.c.model)
        with self._database.reading() as connection:
            written = map(rows.decision_from, connection.execute(query).mappings())
            return {decision.model: decision for decision in written}

    def activations(self, model: str, limit: int = 100) -> list[Activation]:
        """Latest reports of a model's workers, newest first by the clocks of their machines."""
        table = tables.activations
        query = select(table).where(table.c.model == model)
        latest = query.order_by(table.c.happened_at.desc(), table.c.id.desc()).limit(limit)
        with self._database.reading() as connection:
            return [rows.activation_from(row) for row in connection.execute(latest).mappings()]

    def verify_chain(self, model: str) -> ChainFault | None:
        """First row of a model that was changed, or whose neighbours were removed, if any.

        Whoever can rewrite every row with new hashes, or remove the newest decisions that released
        nothing, is not found: keep a copy of the newest hashes elsewhere against that.

        Raises:
            FormatError: a newer version of the platform wrote a row.
        """
        with self._database.reading() as connection:
            return first_fault(connection, model)

    def models_with_rows(self) -> list[str]:
        """Every model of which anything is written, incidents included."""
        with self._database.reading() as connection:
            return models_with_rows(connection)

    def newest_hashes(self, model: str) -> dict[str, str]:
        """Hash of the newest row of a model by chain: kept elsewhere, it tells of removed rows."""
        with self._database.reading() as connection:
            return newest_hashes(connection, model)

    def lacking_hashes(self, model: str, hashes: Mapping[str, str]) -> list[str]:
        """Chains of a model that have lost a row of which `newest_hashes` told once."""
        with self._database.reading() as connection:
            return lacking_hashes(connection, model, hashes)

    def unknown_hashes(self, model: str, hashes: Collection[str]) -> set[str]:
        """Those of which no chain of a model has the row."""
        with self._database.reading() as connection:
            return unknown_hashes(connection, model, hashes)

    def lost_hashes(self, model: str, hashes: Collection[str]) -> set[str]:
        """Those of which it has lost the row, and nobody has decided to go on without it."""
        with self._database.reading() as connection:
            return lost_hashes(connection, model, hashes)

    def require_whole(self, model: str) -> None:
        """Refuse to answer a person from a ledger that has lost rows, as to write to it.

        Raises:
            LedgerError: it has, and nobody has decided to go on without them.
        """
        with self._database.reading() as connection:
            require_known(connection, model, self._newest_known(model))

    def release_rows(self, model: str, sequence: int) -> tuple[LedgerRow, ...]:
        """The row of a release, of its newest Bento and of its newest adjustment, as they are."""
        with self._database.reading() as connection:
            return release_rows(connection, model, sequence)

    def decision_rows(self, ids: Collection[int]) -> tuple[LedgerRow, ...]:
        """The rows of decisions, as they are."""
        with self._database.reading() as connection:
            return decision_rows(connection, ids)

    @contextmanager
    def _writing(self, model: str, *, despite_losses: bool = False) -> Iterator[Connection]:
        known = () if despite_losses else self._newest_known(model)
        with self._database.writing() as connection:
            require_known(connection, model, known)
            yield connection
        self._written(model)

    def _last_of(self, query: Select[tuple[Any, ...]]) -> Release | None:
        last = query.order_by(tables.releases.c.sequence.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(last).mappings().first()
        return None if row is None else rows.release_from(row)

    def _now(self, model: str) -> datetime:
        return _aware(self._moment_of(model))

    def _marked(self, model: str, decision: NewDecision) -> NewDecision:
        if not self._is_replayed(model):
            return decision
        return decision.model_copy(update={"evidence": {**decision.evidence, REPLAYED: True}})


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise LedgerError(f"moment {moment} has no time zone; pass an aware one, such as UTC.")
    return moment


def _release(connection: Connection, model: str, sequence: int) -> Release:
    query = rows.releases_of(model).where(tables.releases.c.sequence == sequence)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise LedgerError(f"{model!r} has no release {sequence}; see `Ledger.releases`.")
    return rows.release_from(row)
