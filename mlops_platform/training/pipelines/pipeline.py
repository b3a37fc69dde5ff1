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

    Raises:
        SpecError: a class or a parameter does not exist.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    built = _Builder(spec, candidate, params)
    groups = [
        (built.group_name(group), built.group(group), list(spec.columns_of(entry)))
        for group, entry in enumerate(candidate.preprocessing)
    ]
    steps = [
        (f"step_{position}", built.part(f"steps.{position}", step))
        for position, step in enumerate(candidate.steps)
    ]
    return Pipeline(
        [
            ("columns", ColumnTransformer(groups)),
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
