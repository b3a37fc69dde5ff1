"""Updates of the past: the first fit, taught at each later moment what was new by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.data.digest import table_digest
from mlops_platform.data.features.features import read_training_rows
from mlops_platform.files import new_directory
from mlops_platform.usecases.backtest.fits import JUDGED_FOLDER, MODEL_FOLDER, PastFit, PastTraining
from mlops_platform.usecases.backtest.workers import parallel_fits

if TYPE_CHECKING:
    from mlops_platform.training.learning_on import Base
    from mlops_platform.training.split import Split


@dataclass(frozen=True)
class PastUpdates(PastTraining):
    """The same trainings as updates, each of the one before it.

    A version learns by the day, and it hardly matters in how many updates: whichever of them would
    have been released, the next one would have come to the same, but for days of which some labels
    were late.
    """

    def fits(self, moments: Sequence[datetime]) -> list[PastFit]:
        """The update of every moment, one after the other; the first is a fit.

        Raises:
            SettingsError: the declared workers are not there.
        """
        from joblib import delayed

        scored = table_digest(self.outcomes)
        with parallel_fits(self.spec.backtest) as parallel:
            # By a worker, too, so that its CPU seconds are counted as those of the fits are.
            [updates] = parallel([delayed(self._updates)(moments, scored)])
        fits: list[PastFit] = updates
        return fits

    def _updates(self, moments: Sequence[datetime], outcomes_digest: str) -> list[PastFit]:
        from mlops_platform.training.split import split_by_time

        fits: list[PastFit] = []
        before: Split | None = None
        for moment in moments:
            rows = read_training_rows(self.spec, self.published_root, moment)
            updates = [fit.path.name for fit in fits[-1:]]
            path = self.cache / self._key(table_digest(rows), {"updates": updates})
            frame = rows.to_pandas()
            split = split_by_time(frame, self.spec)
            if not path.is_dir():
                base = None if before is None else self._base(fits[-1], before, split)
                with new_directory(path) as temporary:
                    self._make(frame, moment, temporary, base, keep_judged=True)
            fits.append(self._kept(path, outcomes_digest))
            before = split
        return fits

    def _base(self, fit: PastFit, before: Split, split: Split) -> Base | None:
        """What an update goes on from; None where the platform would fit anew."""
        from mlops_platform.training.learning_on import base_of
        from mlops_platform.training.rows import targets_of

        targets = targets_of(split.train, self.spec)
        if self.spec.task.unteachable(fit.constants, targets) is not None:
            return None
        models = (
            load_model(fit.path / JUDGED_FOLDER, fit.judged_digests),
            load_model(fit.path / MODEL_FOLDER, fit.digests),
        )
        base = base_of(models, before, self.spec)
        return None if base.seen_before(split, self.spec) else base
