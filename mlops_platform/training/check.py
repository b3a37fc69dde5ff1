"""Heavy validation of the candidates for `mlops check`: everything is built and fitted once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.artifacts.model_store import refuse_unstorable
from mlops_platform.errors import ArtifactError, SpecError, TrainingError
from mlops_platform.spec import CandidateSpec, EstimatorSpec, ModelSpec, RangeSpec
from mlops_platform.tasks import Finished, Rows
from mlops_platform.tasks.fitting.incremental import IncrementalPipeline, incremental_fault
from mlops_platform.training.pipelines.estimators import (
    build_estimator,
    load_class,
    unknown_parameters,
)
from mlops_platform.training.pipelines.pipeline import build_pipeline
from mlops_platform.training.pipelines.space import (
    Params,
    default_arguments,
    defaults_of,
    dimensions_of,
    parts_of,
)
from mlops_platform.training.pipelines.weighted import weight_fault
from mlops_platform.training.sample import Sample, draw_sample

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

SAMPLE_DAYS: Final = 20
"""Days of the tiny sample, in the order of its outcomes: most have one class, as days may have."""
_NO_TRANSFORMER = "Name a transformer with `transform` here."
SPARSE_REFUSED = "Sparse data was passed"
"""How scikit-learn begins when an estimator takes dense input only."""
_DENSE_NEEDED = (
    "It takes no sparse input, which encoders and vectorizers give: add "
    "sklearn.decomposition.TruncatedSVD behind the vectorizer and `sparse_output: false` to "
    "one-hot encoders, or choose an estimator that takes sparse input, such as "
    "sklearn.linear_model.LogisticRegression."
)


def check_candidates(spec: ModelSpec) -> list[SpecError]:
    """Every error of every candidate; none means that a training will not trip over the YAML.

    Each class must exist, be of the right kind and take its parameters; then each candidate is
    fitted on a tiny sample with missing values, once per end and choice of its search space, and
    must give predictions for rows with unseen categories. Metrics and costs of the
    YAML are tried on them.
    """
    from threadpoolctl import threadpool_limits

    sample = draw_sample(spec)
    errors: list[SpecError] = []
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a tiny fit need not converge
        for position, candidate in enumerate(spec.training.candidates):
            field = f"training.candidates.{position}"
            part_errors = list(_part_errors(spec, candidate, field))
            errors += part_errors or _fit_errors(spec, candidate, field, sample)
        errors += [] if errors else _misfits(spec, sample)
    return errors


def check_parts(spec: ModelSpec) -> list[SpecError]:
    """Every class that does not exist, is of the wrong kind or does not take its parameters.

    That is seen without fitting anything.
    """
    return [
        error
        for position, candidate in enumerate(spec.training.candidates)
        for error in _part_errors(spec, candidate, f"training.candidates.{position}")
    ]


def _part_errors(spec: ModelSpec, candidate: CandidateSpec, field: str) -> Iterator[SpecError]:
    for path, part in parts_of(candidate):
        try:
            part_class = load_class(part.type, f"{field}.{path}.type")
            unknown = list(unknown_parameters(part_class, part, f"{field}.{path}"))
            yield from unknown
            if not unknown:
                yield from _kind_errors(spec, part, path, f"{field}.{path}")
        except SpecError as error:
            yield error


def _kind_errors(
    spec: ModelSpec, part: EstimatorSpec, path: str, field: str
) -> Iterator[SpecError]:
    chosen = default_arguments(part, f"{field}.type")
    try:
        built = build_estimator(part, chosen, spec.training.tuning.seed, field)
    except TypeError as error:  # a required parameter is missing
        yield SpecError(f"{field}.params", part.params, f"{error}.")
        return
    if path == "estimator":
        fault = spec.task.estimator_fault(built) or weight_fault(spec, built)
    else:
        fault = None if hasattr(built, "transform") else _NO_TRANSFORMER
    if fault is not None:
        yield SpecError(f"{field}.type", part.type, fault)


def _misfits(spec: ModelSpec, sample: Sample) -> list[SpecError]:
    """Candidates that the task cannot finish, then metrics and costs that fail on what they say."""
    task, rows = spec.task, sample.rows
    errors, said = [], []
    for position, candidate in enumerate(spec.training.candidates):
        pipeline = build_pipeline(spec, candidate, defaults_of(candidate))
        try:
            finished = task.fit(pipeline, rows, rows)
        except SpecError as error:  # of the task, whichever candidate it is
            return [error]
        except TrainingError as error:
            field = f"training.candidates.{position}"
            errors.append(SpecError(field, candidate.name, f"It cannot be finished: {error}"))
            continue
        try:
            refuse_unstorable(finished.model, spec.training.trusted_types)
        except ArtifactError as error:
            errors.append(SpecError(f"training.candidates.{position}", candidate.name, str(error)))
            continue
        fault = _learning_fault(spec, finished, rows) if spec.learns_on else None
        if fault is not None:
            path = f"training.candidates.{position}.estimator"
            errors.append(SpecError(path, candidate.estimator.type, fault))
        else:
            predictions = task.predict(finished.model, finished.constants, sample.features)
            said.append(predictions.weighted(sample.weights))
    return errors or task.misfits(sample.targets, said[0])


def _learning_fault(spec: ModelSpec, finished: Finished, rows: Rows) -> str | None:
    """Why a finished candidate cannot be taught more rows; None where it can, or never is."""
    import numpy as np
    import pandas as pd

    if not spec.task.learns_on:
        return None
    parts = spec.task.learnt_parts(finished.model)
    fault = incremental_fault(parts.pipeline[-1])
    if fault is not None:
        return fault
    ranks = np.argsort(np.argsort(rows.targets, kind="stable"), kind="stable")
    days = pd.Series(ranks // (len(ranks) // SAMPLE_DAYS), index=rows.features.index)
    try:
        taught = spec.task.fit(IncrementalPipeline(parts, days), rows, rows)
        refuse_unstorable(taught.model, spec.training.trusted_types)
    except Exception as error:  # as of a fit
        first = str(error).partition("\n")[0]
        day = "day of one class" if spec.task.has_classes else "tiny sample"
        return f"Its `partial_fit` fails on a {day}: {type(error).__name__}: {first}"
    return None


def _fit_errors(
    spec: ModelSpec, candidate: CandidateSpec, field: str, sample: Sample
) -> list[SpecError]:
    errors: list[SpecError] = []
    for tried in _tries(candidate, field):
        try:
            problem = _problem(spec, candidate, tried.params, sample)
        except SpecError as error:  # a choice that is itself an estimator cannot be built
            errors.append(error)
            continue
        if problem:
            errors.append(SpecError(tried.field, tried.value, problem))
        if errors and tried.field == field:
            break  # the defaults already fail: the rest would only repeat it
    return errors


class _Tried(NamedTuple):
    field: str
    value: Any
    params: Params


def _tries(candidate: CandidateSpec, field: str) -> Iterator[_Tried]:
    """The defaults, then each end or choice of each dimension on its own."""
    defaults = defaults_of(candidate)
    yield _Tried(field, candidate.name, defaults)
    for name, dimension in dimensions_of(candidate).items():
        path, _, parameter = name.rpartition(".")
        ends: list[Any] = (
            [_number(dimension.low, dimension), _number(dimension.high, dimension)]
            if isinstance(dimension, RangeSpec)
            else dimension
        )
        for value in ends:
            yield _Tried(f"{field}.{path}.search.{parameter}", value, {**defaults, name: value})


def _number(value: float, dimension: RangeSpec) -> float:
    return int(value) if dimension.integer else value


def _problem(
    spec: ModelSpec, candidate: CandidateSpec, params: Params, sample: Sample
) -> str | None:
    """What is wrong with these parameters, in one sentence."""
    import numpy as np

    pipeline = build_pipeline(spec, candidate, params)
    try:
        pipeline[:-1].fit(sample.features, sample.targets)
        misplaced = _misplaced_categories(spec, candidate, pipeline)
        if misplaced:
            return misplaced
        predictions = spec.task.raw_predictions(pipeline, sample.rows, sample.unseen)
    except Exception as error:  # any estimator may raise anything; it is told, not swallowed
        if str(error).startswith(SPARSE_REFUSED):
            return _DENSE_NEEDED
        return (
            "It fails on a tiny sample with missing values and an unseen category: "
            f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        )
    if not np.isfinite([*predictions.means().values()]).all():
        return "It gives no finite prediction for rows with missing values or an unseen category."
    return None


def _misplaced_categories(
    spec: ModelSpec, candidate: CandidateSpec, pipeline: Pipeline
) -> str | None:
    """Positions in `categorical_features` move silently when a column is added before them."""
    positions = candidate.estimator.params.get("categorical_features")
    if candidate.steps or not isinstance(positions, list):
        return None
    try:
        outputs = pipeline[:-1].get_feature_names_out()
    except AttributeError:  # a part, such as HashingVectorizer, has no names to give
        return None
    names = [str(name).partition("__")[2] for name in outputs]
    pointed = [
        names[position] if position < len(names) else "nothing"
        for position in positions
        if type(position) is int  # a mask of booleans is another way to say it
    ]
    wrong = sorted(set(pointed) - set(spec.features.categorical))
    if not wrong:
        return None
    places = [names.index(name) for name in spec.features.categorical if name in names]
    return (
        f"Its `estimator.params.categorical_features` points at {', '.join(wrong)}; the "
        f"categorical columns stand at {places}. Preprocess them first, so that these stay."
    )
