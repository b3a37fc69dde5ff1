"""One version as a worker holds it: verified, loaded, ready to answer."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.serving.contents import Contents, PackedRelease
from mlops_platform.serving.golden import largest_difference
from mlops_platform.serving.scorer import Scorer


@dataclass(frozen=True)
class ServedVersion:
    """A loaded version in the name of one release."""

    contents: Contents
    scorer: Scorer

    @property
    def release(self) -> PackedRelease:
        """The release in whose name it answers."""
        return self.contents.release


def load_served_version(contents: Contents) -> ServedVersion:
    """Load a version, if it is the one packed and answers what it did offline.

    Raises:
        ArtifactError: a file was changed, or cannot be loaded here.
        ServingError: a golden row is answered otherwise.
    """
    model = load_model(contents.model_directory, contents.digests)
    scorer = Scorer(contents.features, model, contents.release.threshold)
    golden = contents.golden_rows
    largest_difference(golden, scorer.probabilities([row.features for row in golden.rows]))
    return ServedVersion(contents, scorer)
