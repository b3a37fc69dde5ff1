"""Trains a version again from its snapshot, in memory, and compares what both predict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, computed_field

from mlops_platform.artifacts.model_store import load_model, save_model
from mlops_platform.errors import DataError, RegistryError
from mlops_platform.monitoring.reference import read_reference
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.usecases.candidate.going_on import with_constants
from mlops_platform.usecases.candidate.provenance import git_commit
from mlops_platform.usecases.candidate.training_record import packages_of
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.candidate.update import Update
from mlops_platform.usecases.release.reference import FOLDER as REFERENCE
from mlops_platform.usecases.reproduction.difference import (
    Difference,
    changed,
    differences,
)
from mlops_platform.usecases.reproduction.recorded import RecordedVersion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.registry.registry import Registry
    from mlops_platform.training.search.search import Recipe, Trial
    from mlops_platform.training.split import Split

Columns = Mapping[str, "NDArray[np.generic]"]
SAMPLED_ROWS: Final = 20_000
JUDGED: Final = "held-out rows, as judged"
TESTED: Final = "held-out rows, as released"
SAMPLED: Final = "sample of all rows, as released"


class OutputComparison(Record):
    """One column of predictions, by the version and by what was trained again.

    Args:
        rows_of: which rows, predicted by which fit of the training.
        different: rows in which not every bit is the same.
        largest: greatest difference of numbers, 0 where only the sign of zero differs; of flags and
            categories 1.
    """

    rows_of: str
    output: str
    rows: int
    different: int
    largest: float


class TrainedAgain(Record):
    """A training that was repeated, and what came of it.

    Args:
        spec_recorded: whether the YAML of then was used; the present one otherwise.
        environment: packages and machine that are not those of then.
        commit: of the platform, where it is another one.
        started_from: run whose recipe the search began with.
        update: version that was taught again what was new to it; None of what was fitted anew.
        recipe_then, recipe_now: what the search found, in words; then None where it was not kept.
        constants: of the released predictions that are not what they were.
    """

    run_id: str
    training_set: str
    rows: int
    spec_recorded: bool
    environment: tuple[Difference, ...]
    commit: Difference | None
    started_from: str | None
    update: Update | None = Field(default=None, exclude_if=left_out_where_empty)
    trials: int
    recipe_then: str | None
    recipe_now: str
    constants: tuple[Difference, ...]
    outputs: tuple[OutputComparison, ...]
    seconds: float

    # What is told to a program says it too.
    @computed_field  # type: ignore[prop-decorator]
    @property
    def equal(self) -> bool:
        """Whether every prediction and constant is the same, bit for bit."""
        return not self.constants and not any(output.different for output in self.outputs)


@dataclass(frozen=True, eq=False)
class _Fits:
    """A recipe with the fit that is judged and the one that is released."""

    recipe: Recipe
    judged: Finished
    released: Finished


def train_again(
    version: RecordedVersion,
    registry: Registry,
    project_root: Path,
    report: Callable[[str], None] = lambda line: None,
) -> TrainedAgain:
    """Search, fit, finish and refit, or teach, as it was done; no run, record or file stays.

    Args:
        report: told one line per trial.

    Raises:
        DataError: the snapshot is not what its hash says.
        TrainingError: nothing can be trained with it.
    """
    spec, begun = version.spec, time.monotonic()
    split = split_rows(spec, version.training_set)
    fits = _fits(version, split, report)
    now, commit = packages_of(spec), git_commit(project_root)
    then = version.recipe
    return TrainedAgain(
        run_id=version.run_id,
        training_set=version.training_set.hash,
        rows=version.training_set.rows,
        spec_recorded=version.record is not None,
        environment=differences(version.packages, now),
        commit=_commit(version.commit, commit),
        started_from=version.start[0] if version.start else None,
        update=version.update,
        trials=len(fits.recipe.trials) if version.update is None else 0,
        recipe_then=None if then is None else _in_words(then),
        recipe_now=_in_words(fits.recipe),
        constants=changed(_as_text(version.constants), _as_text(fits.released.constants)),
        outputs=(
            *_compared_with_judged(version, registry, fits.judged, split),
            *_compared_with_released(version, fits.released, split),
        ),
        seconds=time.monotonic() - begun,
    )


def _fits(version: RecordedVersion, split: Split, report: Callable[[str], None]) -> _Fits:
    from mlops_platform.training.fitting import fit_candidate, refit

    spec, base = version.spec, version.base
    recipe = version.recipe if base is not None else None
    recipe = recipe or _searched(version, split, report)
    fitted = with_constants(fit_candidate(spec, recipe, split, base), version.gone_on)
    judged = _through_storage(spec, fitted)
    released = refit(spec, recipe, judged, split, base)
    return _Fits(recipe, judged, _through_storage(spec, released))


def _searched(version: RecordedVersion, split: Split, report: Callable[[str], None]) -> Recipe:
    from mlops_platform.training.search.search import budget, search

    spec, start = version.spec, version.start
    total = budget(spec, warm=start is not None)

    def tell(trial: Trial) -> None:
        report(f"trial {trial.number + 1} of {total}: {trial.candidate}, {trial.state}")

    return search(spec, split.train, tell, start[1] if start else None)


def _through_storage(spec: ModelSpec, fitted: Finished) -> Finished:
    """As it is after it was stored: the version was stored, too."""
    with TemporaryDirectory() as temporary:
        digests = save_model(fitted.model, Path(temporary), spec.training.trusted_types)
        model = load_model(Path(temporary), digests)
    return Finished(model, fitted.constants, fitted.baseline)


def _compared_with_judged(
    version: RecordedVersion, registry: Registry, judged: Finished, split: Split
) -> Iterator[OutputComparison]:
    """With predictions of the candidate that the gate judged, which were kept for a sample."""
    try:
        with registry.fetched_directory(version.run_id, REFERENCE) as directory:
            kept = read_reference(directory).held_out
    except (RegistryError, DataError):
        # What is released is compared all the same.
        return
    spec = version.spec
    entity = spec.features.entity
    names = [output.name for output in spec.task.outputs]
    if not {entity, *names} <= set(kept.column_names):
        return
    rows = split.test.set_index(entity, drop=False)
    held_out = kept[entity].to_pandas()
    common = held_out.isin(rows.index).to_numpy()
    then = {name: kept[name].to_numpy(zero_copy_only=False)[common] for name in names}
    now = _predicted(version, judged, rows.loc[held_out[common]])
    for compared in compare_outputs(JUDGED, then, now):
        # A row that is held out no more is predicted no more.
        different = compared.different + len(common) - int(common.sum())
        yield compared.model_copy(update={"rows": len(common), "different": different})


def _compared_with_released(
    version: RecordedVersion, released: Finished, split: Split
) -> Iterator[OutputComparison]:
    original = Finished(version.model, version.constants, {})
    everything = split.everything
    every = -(-len(everything) // SAMPLED_ROWS)
    for name, rows in ((TESTED, split.test), (SAMPLED, everything.iloc[::every])):
        then, now = (_predicted(version, fit, rows) for fit in (original, released))
        yield from compare_outputs(name, then, now)


def _predicted(version: RecordedVersion, fit: Finished, rows: DataFrame) -> Columns:
    names = [str(name) for name in fit.model.feature_names_in_]
    if lacking := sorted(set(names) - set(rows.columns)):
        raise DataError(
            f"the snapshot {version.training_set.hash} lacks {lacking}, which version "
            f"{version.version} reads: it is not what the version was trained on."
        )
    return version.spec.task.predict(fit.model, fit.constants, rows[names]).columns


def compare_outputs(rows_of: str, then: Columns, now: Columns) -> Iterator[OutputComparison]:
    """Compare columns of predictions bit for bit."""
    for name, before in then.items():
        after = now[name]
        different = _differing_bits(before, after)
        yield OutputComparison(
            rows_of=rows_of,
            output=name,
            rows=len(before),
            different=int(different.sum()),
            largest=_largest(before[different], after[different]),
        )


def _differing_bits(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    if before.dtype == object:
        return np.asarray(before != after)
    kind = np.result_type(before, after)
    bits = [
        np.ascontiguousarray(values, dtype=kind).view(f"u{kind.itemsize}")
        for values in (before, after)
    ]
    return np.asarray(bits[0] != bits[1])


def _largest(before: NDArray[Any], after: NDArray[Any]) -> float:
    import numpy as np

    if not len(before):
        return 0.0
    if before.dtype == object:
        return 1.0
    return float(np.max(np.abs(before.astype(np.float64) - after.astype(np.float64))))


def _in_words(recipe: Recipe) -> str:
    params = ", ".join(f"{name}={value!r}" for name, value in sorted(recipe.params.items()))
    return f"{recipe.candidate} ({params})" if params else recipe.candidate


def _as_text(constants: Mapping[str, float]) -> dict[str, str]:
    return {name: repr(float(value)) for name, value in constants.items()}


def _commit(then: str | None, now: str) -> Difference | None:
    if then is None or then == now:
        return None
    return Difference(name="commit", then=then, now=now)
