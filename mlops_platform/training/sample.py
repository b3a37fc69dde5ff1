"""Sample: synthetic rows of the declared columns, on which candidates are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.spec import FeaturesSpec, ModelSpec
from mlops_platform.tasks import Rows
from mlops_platform.tasks.weights import relative_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.tasks.predictions import Numbers, Targets

ROWS, MISSING = 600, 0.1
VOCABULARY, WORDS = 200, 8
UNSEEN = "never seen before"


class Sample(NamedTuple):
    """Rows to fit on, and three more: as they are, never seen, and missing.

    Attributes:
        weights: of the rows to fit on; None where the model declares none.
    """

    features: DataFrame
    targets: Targets
    unseen: DataFrame
    weights: Numbers | None = None

    @property
    def rows(self) -> Rows:
        """Those to fit on."""
        return Rows(self.features, self.targets, self.weights)


def draw_sample(spec: ModelSpec) -> Sample:
    """Positive numbers, few categories, booleans and texts of a few words.

    10 % are missing of what may be.
    """
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(spec.training.tuning.seed)
    features = spec.features
    numeric = np.exp(random.normal(size=(ROWS, len(features.numeric))))
    codes = random.integers(0, 5, size=(ROWS, len(features.categorical)))
    signal = np.log(numeric).sum(axis=1) + codes.sum(axis=1) + random.normal(size=ROWS)
    categorical = np.array(["a", "b", "c", "d", "e"], dtype=object)[codes]
    flags = random.integers(0, 2, size=(ROWS, len(features.boolean))).astype(np.float64)
    words = random.integers(0, VOCABULARY, size=(ROWS, len(features.text), WORDS))
    signal += flags.sum(axis=1) + (words < VOCABULARY / 2).sum(axis=(1, 2))
    targets = spec.task.synthetic_targets(signal)
    texts = _texts(words)
    rows = pd.concat(
        [
            pd.DataFrame(numeric, columns=list(features.numeric)),
            pd.DataFrame(categorical, columns=list(features.categorical), dtype=object),
            pd.DataFrame(flags, columns=list(features.boolean)),
            pd.DataFrame(texts, columns=list(features.text), dtype=object),
        ],
        axis=1,
    )
    for name, values in spec.task.synthetic_columns(ROWS).items():
        rows[name] = values
    for name in _nullable(features):
        rows.loc[random.random(ROWS) < MISSING, name] = None
    weights = None if features.weight is None else relative_weights(random.uniform(0.5, 2, ROWS))
    return Sample(rows, targets, _unseen(features, rows), weights)


def _texts(words: NDArray[np.int64]) -> NDArray[np.object_]:
    """Texts of numbered words, shape (rows, columns)."""
    import numpy as np

    texts = np.empty(words.shape[:2], dtype=object)
    for at in np.ndindex(texts.shape):
        texts[at] = " ".join(f"word{number}" for number in words[at])
    return texts


def _unseen(features: FeaturesSpec, rows: DataFrame) -> DataFrame:
    unseen = rows.head(3).copy()
    strings = [name for name, kind in features.kinds.items() if not kind.is_number]
    unseen.loc[1, strings] = UNSEEN
    unseen.loc[2, _nullable(features)] = None
    return unseen


def _nullable(features: FeaturesSpec) -> list[str]:
    return [name for name in features.names if name not in features.required]
