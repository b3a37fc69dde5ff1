"""What a worker holds: the loaded model behind the endpoints."""

from __future__ import annotations

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.serving.answers import BatchPrediction, Prediction
from mlops_platform.serving.contents import Contents, PackedRelease
from mlops_platform.serving.golden import largest_difference
from mlops_platform.serving.request import BatchRequest, RowRequest
from mlops_platform.serving.scorer import Scorer


class Answering:
    """Answers requests with one scorer, in the name of one release."""

    def __init__(self, scorer: Scorer, release: PackedRelease) -> None:
        self._scorer, self._release = scorer, release

    def predict(self, row: RowRequest) -> Prediction:
        """Score one row."""
        (score,) = self._scorer.score([row.columns()])
        return Prediction(**dict(score), **self._release.origin)

    def predict_batch(self, batch: BatchRequest) -> BatchPrediction:
        """Score a batch of rows, answered in their order."""
        scores = self._scorer.score([row.columns() for row in batch.rows])
        return BatchPrediction(predictions=scores, **self._release.origin)


def load_answering(contents: Contents) -> Answering:
    """Load the model of a release, if it is the one packed and answers what it did offline.

    Raises:
        ArtifactError: a file was changed, or cannot be loaded here.
        ServingError: a golden row is answered otherwise.
    """
    model = load_model(contents.model_directory, contents.digests)
    scorer = Scorer(contents.features, model, contents.release.threshold)
    golden = contents.golden_rows
    largest_difference(golden, scorer.probabilities([row.features for row in golden.rows]))
    return Answering(scorer, contents.release)
