"""From validated rows to the numbers of a model."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mlops_platform.errors import ServingError
from mlops_platform.serving.frames import Row, frame_of_columns
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, known_categories
from mlops_platform.serving.scoring.late_pipeline import LatePipeline
from mlops_platform.serving.scoring.rounding import TOLERANCE, largest_difference
from mlops_platform.tasks import Task

if TYPE_CHECKING:
    from mlops_platform.serving.scoring.compiled.model import CompiledModel
    from mlops_platform.serving.scoring.compiled.plain_model import PlainModel


Columns = Sequence[Sequence[Any]]
"""Values of each feature, in the order of the schema."""
PROVED_ROWS = 50
"""Of the first batch of a version: scored by columns and row by row."""

logger = logging.getLogger("mlops_platform.serving")


class UnscorableRow(ServingError):
    """A row for which the model has no finite answer.

    Args:
        position: of the row, from 0; None where it is the only one, or nobody knows which it is.
    """

    def __init__(self, model: str, reason: str, position: int | None = None) -> None:
        self._model, self._reason, self._position = model, reason, position
        which = "" if position is None else f"of rows.{position} "
        super().__init__(f"{model} cannot score these values: {which}{reason}")

    def among(self, positions: Sequence[int]) -> UnscorableRow:
        """The same where its rows are those of some positions in a request."""
        if self._position is None:
            return self
        return UnscorableRow(self._model, self._reason, positions[self._position])


@dataclass(frozen=True)
class PositionalScorer:
    """What one loaded model says of the values of a row, where nothing about it is odd."""

    scorer: Scorer
    compiled: CompiledModel
    categories: tuple[tuple[int, frozenset[str | None]], ...]

    def numbers(self, values: Sequence[Any]) -> tuple[float, ...] | None:
        """What the model says of one row; None where that is for `Scorer` to tell.

        So it is where there is something to warn of, and where the numbers are not usable.
        """
        for position, known in self.categories:
            if values[position] not in known:
                return None
        try:
            numbers = self.compiled.numbers(values)
        except (ArithmeticError, ValueError):
            return None
        return numbers if self.scorer.task.usable(numbers) else None

    def numbers_of(self, columns: Columns, count: int) -> list[tuple[float, ...]] | None:
        """The same of each of `count` rows, which come by their columns."""
        if not all(known.issuperset(columns[position]) for position, known in self.categories):
            return None
        pipeline = self.scorer.pipeline_for(count)
        try:
            if pipeline is None:
                numbers = self.compiled.numbers_alone(columns, count)
            else:
                numbers = self.scorer.numbers_of_columns(pipeline, columns, count)
        except (ArithmeticError, ValueError):
            return None
        return numbers if all(map(self.scorer.task.usable, numbers)) else None


class Scorer:
    """One loaded model with its schema and its task.

    Args:
        model: the pipeline, or what loads it once many rows need it.
        compiled: score by the compiled model, where there is one: few rows one by one, many by
            their columns once the pipeline is there, and with it what scores by columns.
        form: what the compiled model is made of; None reads it off the pipeline.

    Attributes:
        compiled: whether it does so.
        reason: why not, if it cannot.
    """

    def __init__(
        self,
        schema: FeatureSchema,
        task: Task,
        model: Any,
        compiled: bool = True,
        form: PlainModel | None = None,
    ) -> None:
        self.schema, self.task, self.model = schema, task, model
        self.reason: str | None = None
        self._usable = task.usable
        self._compiled: CompiledModel | None = None
        self._positional: CompiledModel | None = None
        # None until a batch has told.
        self._scores_by_column: bool | None = None
        if compiled:
            from mlops_platform.serving.scoring.compiled.model import (
                NotCompilable,
                compile_model,
                compile_plain,
            )

            try:
                self._compiled = (
                    compile_model(model, schema, every_class=task.states_every_class)
                    if form is None
                    else compile_plain(form)
                )
                self._positional = self._compiled.by_position(schema.names)
            except NotCompilable as error:
                self.reason = str(error)
        self.compiled = self._compiled is not None
        self._categories = tuple(
            (
                column.name,
                known_categories(column.categories, column.name in task.told_if_missing),
            )
            for column in schema.columns
            if isinstance(column, CategoricalColumn) and column.categories is not None
        )

    def numbers(self, row: Row) -> tuple[float, ...]:
        """What the model says of one row.

        Raises:
            UnscorableRow: its values are too large for the model.
        """
        if self._compiled is None:
            return self.numbers_of([row])[0]
        numbers = self._compiled.numbers(row)
        if self._usable(numbers):
            return numbers
        raise self._unscorable(self.task.unusable_text(numbers))

    def by_position(self) -> PositionalScorer | None:
        """The same of values in the order of the schema; None where only the pipeline scores."""
        if self._positional is None:
            return None
        categories = dict(self._categories)
        known = tuple(
            (position, categories[name])
            for position, name in enumerate(self.schema.names)
            if name in categories
        )
        return PositionalScorer(self, self._positional, known)

    def numbers_of(self, rows: Sequence[Row]) -> list[tuple[float, ...]]:
        """What the model says of each row.

        Raises:
            UnscorableRow: the values of one of them are too large for the model.
        """
        pipeline = self.pipeline_for(len(rows))
        if self._compiled is not None and pipeline is None:
            numbers = self._compiled.numbers_of(rows)
        else:
            columns = [list(map(itemgetter(name), rows)) for name in self.schema.names]
            try:
                numbers = self.numbers_of_columns(pipeline, columns, len(rows))
            except ValueError as error:
                raise self._unscorable(str(error)) from error
        unusable = next((at for at, row in enumerate(numbers) if not self._usable(row)), None)
        if unusable is None:
            return numbers
        reason = self.task.unusable_text(numbers[unusable])
        raise self._unscorable(reason, unusable if len(rows) > 1 else None)

    @property
    def compiled_rows(self) -> int | None:
        """The most rows at once that the compiled model scores where there is a pipeline.

        None where it scores any number of them.
        """
        return 0 if self._compiled is None else self._compiled.most_rows

    def pipeline_for(self, count: int) -> Any | None:
        """The pipeline, where it scores so many rows; None where the compiled model does.

        That scores any number, more slowly, as long as a pipeline that comes late is not there.
        """
        if (most := self.compiled_rows) is None or count <= most:
            return None
        return self.model.get() if isinstance(self.model, LatePipeline) else self.model

    def require_pipeline(self) -> Any:
        """The pipeline, waited for where it would come late.

        Raises:
            ArtifactError: a file of it was changed, or cannot be loaded here.
            ServingError: it answers a golden row otherwise.
        """
        return self.model.require() if isinstance(self.model, LatePipeline) else self.model

    def unknown_categories(self, row: Row) -> tuple[str, ...]:
        """Fields of a row with a category that training never saw, or that lack one they need."""
        return tuple([name for name, known in self._categories if row[name] not in known])

    def unknown_in_each(self, rows: Sequence[Row]) -> list[tuple[str, ...]]:
        """The same of each of many rows, of which most hold none."""
        if all(known.issuperset(map(itemgetter(name), rows)) for name, known in self._categories):
            return [()] * len(rows)
        return [self.unknown_categories(row) for row in rows]

    def numbers_of_columns(
        self, pipeline: Any, columns: Columns, count: int
    ) -> list[tuple[float, ...]]:
        """What the model says of `count` rows, whether it is usable or not.

        By the columns of the compiled model, where it says of the first batch what it says row by
        row; else by the pipeline.

        Raises:
            ValueError: the pipeline cannot score them.
        """
        compiled = self._positional
        if compiled is not None and self._may_score_by_column(compiled, columns):
            try:
                return compiled.numbers_by_column(columns, count)
            except ArithmeticError:  # where Python refuses a number, the pipeline has infinity
                pass
        frame = frame_of_columns(self.schema, columns, count)
        return list(map(tuple, self.task.numbers(pipeline, frame).tolist()))

    def _may_score_by_column(self, compiled: CompiledModel, columns: Columns) -> bool:
        """Whether both compiled forms say the same of the first rows of the first batch.

        Packaging has compared both with the pipeline on thousands of rows. But what scores by
        columns is loaded by the first batch only, and may be another one here.
        """
        if self._scores_by_column is None:
            import numpy as np

            from mlops_platform.serving.scoring.compiled.columns import NotCompilable

            few = [column[:PROVED_ROWS] for column in columns]
            rows = list(zip(*few, strict=True))
            try:
                expected = np.array(compiled.numbers_of(rows))
                if not np.isfinite(expected).all():
                    return False  # another batch has to tell
                by_column = np.array(compiled.numbers_by_column(few, len(rows)))
                difference = largest_difference(expected, by_column)
                self._scores_by_column = difference <= TOLERANCE
                reason = f"by columns the compiled model differs by {difference:g}"
            except ArithmeticError:
                return False
            except NotCompilable as error:
                self._scores_by_column, reason = False, str(error)
            if not self._scores_by_column:
                logger.error("%s: batches go through the pipeline: %s", self.schema.model, reason)
        return self._scores_by_column

    def _unscorable(self, reason: str, position: int | None = None) -> UnscorableRow:
        return UnscorableRow(self.schema.model, reason, position)
