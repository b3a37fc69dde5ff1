"""One scikit-learn Pipeline per candidate: columns, then steps, then the estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_platform.spec import CandidateSpec, EstimatorSpec, ModelSpec
from mlops_platform.training.pipelines.estimators import build_estimator
from mlops_platform.training.pipelines.space import Params, chosen_for
from mlops_platform.training.refusal import unusable

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


ALWAYS_SPARSE, USUAL_THRESHOLD, ALWAYS_DENSE = 1.0, 0.3, 0.0


def candidate_named(spec: ModelSpec, name: str) -> CandidateSpec:
    """The candidate with that name.

    Raises:
        TrainingError: the spec declares none (a recipe of another version of the YAML).
    """
    for candidate in spec.training.candidates:
        if candidate.name == name:
            return candidate
    declared = ", ".join(candidate.name for candidate in spec.training.candidates)
    raise unusable("recipe.candidate", name, f"The YAML declares {declared}: search again.")


def build_pipeline(spec: ModelSpec, candidate: CandidateSpec, params: Params) -> Pipeline:
    """Unfitted pipeline that takes a DataFrame with the feature columns.

    The outputs of the preprocessing entries stand side by side in the order of the YAML, so that a
    parameter such as `categorical_features` may name columns by position.

    Each text column goes through its own copy of the steps of its entry, as a series of strings in
    which "" stands for a missing one.

    Raises:
        SpecError: a class or a parameter does not exist.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    built = _Builder(spec, candidate, params)
    groups = [
        entry for group in range(len(candidate.preprocessing)) for entry in built.entries(group)
    ]
    steps = [
        (f"step_{position}", built.part(f"steps.{position}", step))
        for position, step in enumerate(candidate.steps)
    ]
    return Pipeline(
        [
            ("columns", ColumnTransformer(groups, sparse_threshold=built.sparse_threshold)),
            *steps,
            ("estimator", built.part("estimator", candidate.estimator)),
        ]
    )


@dataclass(frozen=True)
class _Builder:
    """Builds the parts of one candidate; errors name their place in the YAML."""

    spec: ModelSpec
    candidate: CandidateSpec
    params: Params

    def part(self, path: str, part: EstimatorSpec) -> Any:
        position = self.spec.training.candidates.index(self.candidate)
        return build_estimator(
            part,
            chosen_for(path, self.params),
            seed=self.spec.training.tuning.seed,
            field=f"training.candidates.{position}.{path}",
        )

    @property
    def sparse_threshold(self) -> float:
        """Density from which sparse columns are made dense: scikit-learn's own, but beside text.

        There it is never: whether an estimator gets what it takes must not depend on the words.
        Without text it is always where the task needs dense columns: that must not depend on how
        many categories there are.
        """
        if self.spec.features.text:
            return ALWAYS_SPARSE
        return ALWAYS_DENSE if self.spec.task.needs_dense_columns else USUAL_THRESHOLD

    def entries(self, group: int) -> list[tuple[str, Any, list[str]]]:
        """Name, transformer and columns of the parts of one preprocessing entry."""
        name = self.group_name(group)
        columns = self.spec.columns_of(self.candidate.preprocessing[group])
        if self.spec.features.text and set(columns) <= set(self.spec.features.text):
            return [
                (f"{name}_{position}", _of_one_text(self.group(group)), [column])
                for position, column in enumerate(columns)
            ]
        return [(name, self.group(group), list(columns))]

    def group_name(self, group: int) -> str:
        columns = self.candidate.preprocessing[group].columns
        return columns if isinstance(columns, str) else f"columns_{group}"

    def group(self, group: int) -> Any:
        from sklearn.pipeline import Pipeline

        steps = [
            (f"step_{position}", self.part(f"preprocessing.{group}.steps.{position}", step))
            for position, step in enumerate(self.candidate.preprocessing[group].steps)
        ]
        if not steps:
            return "passthrough"
        return steps[0][1] if len(steps) == 1 else Pipeline(steps)


def _of_one_text(steps: Any) -> Any:
    """Steps that take one text column as a series of strings, fed from a frame of that column.

    Made of scikit-learn's own parts, so that a stored model needs nothing of the platform.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    missing_is_empty = SimpleImputer(
        missing_values=None, strategy="constant", fill_value="", keep_empty_features=True
    )
    # A column that is named by a number and no list comes as a series.
    series = ColumnTransformer([("text", steps, 0)], sparse_threshold=ALWAYS_SPARSE)
    return Pipeline([("missing", missing_is_empty), ("series", series)])
