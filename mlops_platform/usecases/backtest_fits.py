"""Fits of the past: what a training at a moment would have released, each made only once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_platform.data.digest import table_digest
from mlops_platform.data.features import read_training_rows
from mlops_platform.files import new_directory, write_text
from mlops_platform.monitoring.policy.backtest.past import FitFacts
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.training.evaluation import Evaluation
from mlops_platform.training.search import Recipe
from mlops_platform.usecases.backtest_past import ScoredFit

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.training.calibration import Candidate
    from mlops_platform.training.split import Split

FIT_FILE, SCORES_FILE, JUDGED_FILE = "fit.json", "scores.npy", "judged.npz"


class PastFit(Record):
    """A training at one moment.

    Args:
        as_of: the training knew what was known then.
        rows: labelled rows that the released model was fitted on.
        cpu_seconds: of fitting, calibrating, and refitting on everything known.
        evaluation: of the judged candidate on its test rows, as the gate reads it.
        path: folder of its scores.
    """

    as_of: datetime
    fitted_through: datetime
    rows: int
    cpu_seconds: float
    threshold: float
    base_rate: float
    evaluation: Evaluation
    path: Path

    def scored(self) -> ScoredFit:
        """The released model with its scores of what came after its fit."""
        import numpy as np

        return ScoredFit(
            facts=FitFacts(
                as_of=self.as_of,
                rows=self.rows,
                cpu_seconds=self.cpu_seconds,
                test_log_loss=self.evaluation.metrics.log_loss,
                test_base_rate_log_loss=self.evaluation.base_rate.log_loss,
            ),
            threshold=self.threshold,
            base_rate=self.base_rate,
            scores=np.load(self.path / SCORES_FILE),
        )

    def judged(self) -> dict[str, NDArray[Any]]:
        """The judged candidate's test rows: `position` among the outcomes, and `score`."""
        import numpy as np

        with np.load(self.path / JUDGED_FILE) as arrays:
            return dict(arrays)


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

    def fits(self, moments: Sequence[datetime], workers: int) -> list[PastFit]:
        """The fit of every moment, made in parallel by joblib's configured backend."""
        from joblib import Parallel, delayed

        scored = table_digest(self.outcomes)
        return list(
            Parallel(n_jobs=workers)(delayed(self._fit)(moment, scored) for moment in moments)
        )

    def _fit(self, as_of: datetime, outcomes_digest: str) -> PastFit:
        rows = read_training_rows(self.spec, self.published_root, as_of)
        path = self.cache / self._key(table_digest(rows), outcomes_digest)
        if not path.is_dir():
            fitted = rows.to_pandas()
            with new_directory(path) as temporary:
                self._make(fitted, as_of, temporary)
        return PastFit(path=path, **json.loads((path / FIT_FILE).read_bytes()))

    def _key(self, rows_digest: str, outcomes_digest: str) -> str:
        sections = {"features", "label", "training", "evaluation"}
        content = {
            "rows": rows_digest,
            "outcomes": outcomes_digest,
            "spec": self.spec.model_dump(mode="json", include=sections),
            "recipe": self.recipe.model_dump(mode="json", exclude={"trials"}),
        }
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _make(self, rows: DataFrame, as_of: datetime, directory: Path) -> None:
        from time import process_time

        import numpy as np

        from mlops_platform.training.calibration import fit_candidate, refit
        from mlops_platform.training.evaluation import evaluate
        from mlops_platform.training.rows import features_of, positive_scores
        from mlops_platform.training.split import split_by_time

        before = process_time()
        split = split_by_time(rows, self.spec)
        judged = fit_candidate(self.spec, self.recipe, split)
        released = refit(self.spec, self.recipe, judged, split)
        cpu_seconds = process_time() - before
        through = rows[self.spec.features.event_time].max()
        later = self._outcomes_after(through)
        np.save(
            directory / SCORES_FILE,
            positive_scores(released.model, features_of(later, self.spec)),
        )
        positions, scores = self._judged(judged, split)
        np.savez(directory / JUDGED_FILE, position=positions, score=scores)
        fit = PastFit(
            as_of=as_of,
            fitted_through=through,
            rows=len(rows),
            cpu_seconds=cpu_seconds,
            threshold=released.threshold,
            base_rate=released.base_rate,
            evaluation=evaluate(self.spec, judged, split.test, artifact_bytes=0),
            path=directory,
        )
        write_text(directory / FIT_FILE, fit.model_dump_json(exclude={"path"}))

    def _outcomes_after(self, moment: Any) -> DataFrame:
        import pyarrow.compute as pc

        later = pc.greater(self.outcomes[self.spec.features.event_time], moment)
        found: DataFrame = self.outcomes.filter(later).to_pandas()
        return found

    def _judged(
        self, judged: Candidate, split: Split
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Where its test rows are among the outcomes, and its scores of them."""
        import pyarrow as pa
        import pyarrow.compute as pc

        from mlops_platform.training.rows import features_of, positive_scores

        entity = self.spec.features.entity
        position = pc.index_in(pa.array(split.test[entity]), self.outcomes[entity])
        scores = positive_scores(judged.model, features_of(split.test, self.spec))
        return position.to_numpy(), scores
