"""Fits of the past: what a training at a moment would have released, each made only once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from mlops_platform.artifacts.model_store import load_model, save_model
from mlops_platform.data.digest import table_digest
from mlops_platform.data.features.features import read_training_rows
from mlops_platform.data.predicted_columns import columns_of, predictions_in
from mlops_platform.files import new_directory, replacing_file, write_text
from mlops_platform.monitoring.policy.backtest.past import FitFacts
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Constants, Finished, Predictions
from mlops_platform.training.judging.evaluation import Evaluation
from mlops_platform.training.search.search import Recipe
from mlops_platform.usecases.backtest.past import ScoredFit
from mlops_platform.usecases.backtest.workers import parallel_fits

if TYPE_CHECKING:
    import pyarrow as pa
    from pandas import DataFrame

    from mlops_platform.training.learning_on import Base
    from mlops_platform.training.split import Split

FIT_FILE, JUDGED_FILE, MODEL_FOLDER = "fit.json", "judged.parquet", "model"
JUDGED_FOLDER: Final = "judged"
"""The judged model of what is updated later."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class PastFit(Record):
    """A training at one moment.

    Args:
        as_of: the training knew what was known then.
        rows: labelled rows that the released model was fitted on.
        cpu_seconds: of fitting, finishing, and refitting on everything known.
        constants, baseline: of the released model.
        evaluation: of the judged candidate on its test rows, as the gate reads it.
        digests: of the released model's files.
        judged_digests: of those of the judged one; empty where it is not kept.
        path: folder of the model, and of its predictions of the outcomes that
            `outcomes_digest` names.
    """

    as_of: datetime
    fitted_through: datetime
    rows: int
    cpu_seconds: float
    constants: dict[str, float]
    baseline: dict[str, float]
    evaluation: Evaluation
    digests: dict[str, str]
    judged_digests: dict[str, str] = Field(default={}, exclude_if=left_out_where_empty)
    path: Path
    outcomes_digest: str

    def scored(self, spec: ModelSpec) -> ScoredFit:
        """The released model with its predictions of what came after its fit."""
        import pyarrow.parquet as pq

        return ScoredFit(
            facts=FitFacts(
                as_of=self.as_of,
                rows=self.rows,
                cpu_seconds=self.cpu_seconds,
                test_loss=self.evaluation.loss,
                test_baseline_loss=self.evaluation.baseline_loss,
                loss_unit=self.evaluation.baseline_loss if spec.task.loss_has_unit else 1.0,
            ),
            baseline=self.baseline,
            predictions=predictions_in(pq.read_table(self.predictions_file), spec.task.outputs),
        )

    @property
    def predictions_file(self) -> Path:
        """Predictions of the last rows of the outcomes: those after the fit."""
        return self.path / f"predictions-{self.outcomes_digest}.parquet"

    def judged(self) -> pa.Table:
        """The judged candidate's test rows: `entity`, `label` as known then, its predictions."""
        import pyarrow.parquet as pq

        return pq.read_table(self.path / JUDGED_FILE)


@dataclass(frozen=True)
class PastTraining:
    """Everything that decides what the fits of one backtest are.

    Args:
        recipe: the candidate and its parameters, the same for every fit.
        outcomes: every labelled row, ordered by event time and entity: what the fits are scored on.
        cache: folder of the fits.
    """

    spec: ModelSpec
    recipe: Recipe
    published_root: Path
    outcomes: pa.Table
    cache: Path

    def fits(self, moments: Sequence[datetime]) -> list[PastFit]:
        """The fit of every moment, made in parallel.

        Raises:
            SettingsError: the declared workers are not there.
        """
        from joblib import delayed

        scored = table_digest(self.outcomes)
        with parallel_fits(self.spec.backtest) as parallel:
            return list(parallel(delayed(self._fit)(moment, scored) for moment in moments))

    def _fit(self, as_of: datetime, outcomes_digest: str) -> PastFit:
        rows = read_training_rows(self.spec, self.published_root, as_of)
        path = self.cache / self._key(table_digest(rows))
        if not path.is_dir():
            fitted = rows.to_pandas()
            with new_directory(path) as temporary:
                self._make(fitted, as_of, temporary)
        return self._kept(path, outcomes_digest)

    def _kept(self, path: Path, outcomes_digest: str) -> PastFit:
        """The fit of a folder, with its predictions of what came after it."""
        here = {"path": path, "outcomes_digest": outcomes_digest}
        fit = PastFit.from_stored((path / FIT_FILE).read_bytes(), added=here)
        if not fit.predictions_file.is_file():
            self._predict(fit)
        return fit

    def _key(self, rows_digest: str, further: Mapping[str, Any] = _NOTHING) -> str:
        sections = {"task", "features", "label", "training", "evaluation"}
        content = {
            "rows": rows_digest,
            "judged": ["entity", "label"],
            "spec": self.spec.model_dump(mode="json", include=sections),
            "split": "known as the part began",
            "fairness": self.spec.gate.model_dump(mode="json", include={"fairness"}),
            "baseline": [self.spec.gate.baseline_confidence, self.spec.gate.improvement.resamples],
            # Kept evaluations of before they were measured would leave the gate open.
            **({"taught": self.spec.gate.min_events} if self.spec.task.judged_classes else {}),
            "recipe": self.recipe.model_dump(mode="json", exclude={"trials"}),
            **further,
        }
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _make(
        self,
        rows: DataFrame,
        as_of: datetime,
        directory: Path,
        base: Base | None = None,
        *,
        keep_judged: bool = False,
    ) -> None:
        from time import process_time

        from mlops_platform.training.fitting import fit_candidate, refit
        from mlops_platform.training.judging.evaluation import evaluate
        from mlops_platform.training.split import split_by_time

        before = process_time()
        split = split_by_time(rows, self.spec)
        judged = fit_candidate(self.spec, self.recipe, split, base)
        released = refit(self.spec, self.recipe, judged, split, base)
        cpu_seconds = process_time() - before
        self._write_judged(judged, split, directory / JUDGED_FILE)
        models = {MODEL_FOLDER: released} | ({JUDGED_FOLDER: judged} if keep_judged else {})
        digests = {name: self._save(each, directory / name) for name, each in models.items()}
        fit = PastFit(
            as_of=as_of,
            fitted_through=rows[self.spec.features.moment_column].max(),
            rows=len(rows),
            cpu_seconds=cpu_seconds,
            constants=dict(released.constants),
            baseline=dict(released.baseline),
            evaluation=evaluate(self.spec, judged, split, artifact_bytes=None),
            digests=digests[MODEL_FOLDER],
            judged_digests=digests.get(JUDGED_FOLDER, {}),
            path=directory,
            outcomes_digest="",
        )
        content = fit.to_stored(exclude={"path", "outcomes_digest"})
        write_text(directory / FIT_FILE, content)

    def _save(self, finished: Finished, folder: Path) -> dict[str, str]:
        folder.mkdir()
        return save_model(finished.model, folder, self.spec.training.trusted_types)

    def _write_judged(self, judged: Finished, split: Split, file: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        keys = {"entity": self.spec.features.entity, "label": self.spec.label.column}
        rows = {name: pa.array(split.test[column]) for name, column in keys.items()}
        predictions = self._predictions(judged.model, judged.constants, split.test)
        pq.write_table(pa.table({**rows, **columns_of(predictions)}), file)

    def _predict(self, fit: PastFit) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        after = pc.greater(self.outcomes[self.spec.features.moment_column], fit.fitted_through)
        model = load_model(fit.path / MODEL_FOLDER, fit.digests)
        later = self.outcomes.filter(after).to_pandas()
        predictions = self._predictions(model, fit.constants, later)
        with replacing_file(fit.predictions_file) as temporary:
            pq.write_table(pa.table(columns_of(predictions)), temporary)

    def _predictions(self, model: Any, constants: Constants, rows: DataFrame) -> Predictions:
        from mlops_platform.training.rows import features_of

        return self.spec.task.predict(model, constants, features_of(rows, self.spec))
