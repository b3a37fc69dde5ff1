"""How candidates are split, preprocessed and tuned."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from mlops_platform.column_kind import KindName
from mlops_platform.record import left_out_where_empty
from mlops_platform.section import Identifier, ImportPath, Section
from mlops_platform.spec.retraining.history import HistorySpec


class RangeSpec(Section):
    """A numeric search range, both ends included."""

    low: float = Field(description="Smallest value that is tried.")
    high: float = Field(description="Greatest value that is tried.")
    log: bool = Field(default=False, description="Sample on a logarithmic scale.")
    integer: bool = Field(default=False, description="Sample whole numbers.")

    @model_validator(mode="after")
    def _ends_are_ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low={self.low} must be below high={self.high}; swap or widen them")
        if self.log and self.low <= 0:
            raise ValueError(f"low={self.low} must be positive where log is true")
        if self.integer and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(
                f"low={self.low}, high={self.high} must be whole where integer is true"
            )
        return self


SearchDimension = RangeSpec | Annotated[list[Any], Field(min_length=1)]
"""A range, or a list of choices."""


class EstimatorSpec(Section):
    """A scikit-learn class by import path, with its parameters.

    A parameter that is itself a mapping with a `type` key is built as an estimator, so that
    meta-estimators (feature selection, stacking, chains) need no code.
    """

    type: ImportPath = Field(
        description="Import path.", examples=["sklearn.preprocessing.StandardScaler"]
    )
    params: dict[str, Any] = Field(default={}, description="Constructor arguments.")
    search: dict[str, SearchDimension] = Field(
        default={}, description="Constructor arguments that tuning chooses."
    )

    @model_validator(mode="after")
    def _parameters_are_fixed_or_searched(self) -> Self:
        both = sorted(self.params.keys() & self.search.keys())
        if both:
            raise ValueError(f"{both} are in both `params` and `search`; keep each in one of them")
        return self


class ColumnStepsSpec(Section):
    """Transformers applied in order to some feature columns."""

    columns: KindName | tuple[Identifier, ...] = Field(
        description="All columns of one kind, or a list of names."
    )
    steps: tuple[EstimatorSpec, ...] = Field(
        default=(),
        description=(
            "Transformers in order; none passes the columns through. Each text column goes through "
            'its own copy of them, as a series of strings with "" where it is missing: the first '
            "step is a vectorizer."
        ),
    )


class ResamplingSpec(Section):
    """Rows of a fit drawn by class: of the folds of the search and of the final fit, of no others.

    What is judged, and what calibrates, is never resampled.
    """

    method: Literal["undersample", "oversample"] = Field(
        description=(
            "`undersample` leaves rows of frequent classes out, `oversample` repeats rows of rare "
            "ones."
        )
    )
    ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0,
        description="Rows of the rarest class over those of the most frequent one, afterwards.",
    )


class CandidateSpec(Section):
    """One kind of pipeline that may win: preprocessing by column, then steps, then an estimator."""

    name: Identifier = Field(description="What the candidate is called in tables and in the card.")
    preprocessing: Annotated[tuple[ColumnStepsSpec, ...], Field(min_length=1)] = Field(
        description="Every feature column must be named by exactly one entry."
    )
    steps: tuple[EstimatorSpec, ...] = Field(
        default=(), description="Transformers of the whole row, such as feature selection or PCA."
    )
    estimator: EstimatorSpec = Field(
        description="What predicts, of the kind that the task asks for."
    )
    resampling: ResamplingSpec | None = Field(
        default=None,
        exclude_if=left_out_where_empty,
        description="That it is fitted on rows resampled by class; null fits on all as they are.",
    )


class TuningSpec(Section):
    """The budget of the search. It counts trials, not seconds, so that a seed repeats it."""

    trials: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=10, description="Parameter settings tried for each candidate."
    )
    folds: Annotated[int, Field(ge=2, le=20)] = Field(
        default=3,
        description=(
            "Expanding time-series folds over the training days; without event time random ones."
        ),
    )
    max_rows: Annotated[int, Field(ge=100)] | None = Field(
        default=None, description="Search on at most this many most recent rows; null for all."
    )
    metric: Identifier | None = Field(
        default=None, description="Metric that chooses; the task's loss where null."
    )
    seed: int = Field(default=0, description="Every random step of a training follows from it.")


class TrainingSpec(Section):
    """From a training set to one candidate."""

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "calibration": "`calibration` belongs to the task: write `task.calibration`",
            "costs": "`costs` belong to the task: write `task.costs`",
        }
    )

    history: HistorySpec = Field(
        default=HistorySpec(), description="How much of the past is read, and how it is split."
    )
    max_rows: Annotated[int, Field(ge=100)] | None = Field(
        default=None,
        description=(
            "Fit on at most this many of the rows that are known, the final fit included: a random "
            "sample that follows from `tuning.seed` and the entities alone. Validation and test "
            "judge by all of theirs. Null for all."
        ),
        exclude_if=left_out_where_empty,
    )
    candidates: Annotated[tuple[CandidateSpec, ...], Field(min_length=1)] = Field(
        description="Pipelines that are tuned; the best of them on unseen folds goes to the gate."
    )
    tuning: TuningSpec = Field(default=TuningSpec(), description="Budget and metric of the search.")
    trusted_types: tuple[ImportPath, ...] = Field(
        default=(),
        description=(
            "Types of packages that you trust, by import path: a stored model may hold them, and "
            "loading one runs their code. Estimators of scikit-learn, LightGBM and XGBoost need "
            "none; `mlops check` names those that are missing."
        ),
        exclude_if=left_out_where_empty,
    )

    @field_validator("candidates")
    @classmethod
    def _names_are_unique(cls, candidates: tuple[CandidateSpec, ...]) -> tuple[CandidateSpec, ...]:
        names = [candidate.name for candidate in candidates]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"candidates {repeated} share a name; give each its own")
        return candidates
