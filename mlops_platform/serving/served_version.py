"""One version as a worker holds it: verified, loaded, ready to answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.artifacts.model_store import load_model
from mlops_platform.serving.contents import COMPILED_FORM, Contents, PackedRelease
from mlops_platform.serving.golden import require_same_numbers
from mlops_platform.serving.scoring.late_pipeline import LatePipeline
from mlops_platform.serving.scoring.scorer import Scorer

if TYPE_CHECKING:
    from mlops_platform.serving.scoring.compiled.plain_model import PlainModel
    from mlops_platform.serving.scoring.explanation import Explains
    from mlops_platform.tasks import Constants

VERIFIED_EXPLANATIONS = 5
"""Golden rows explained at each start; packaging has compared many more."""

logger = logging.getLogger("mlops_platform.serving")


@dataclass(frozen=True)
class ServedVersion:
    """A loaded version in the name of one release, under one of its adjustments.

    Args:
        explainer: None where contributions are not exact, for the reason `not_explained`.
        adjustment: its number; 0 are the version's own constants.
        adjusted: the constants that take the place of the version's own.
    """

    contents: Contents
    scorer: Scorer
    explainer: Explains | None = None
    not_explained: str = "Its contributions were not proved exact when it was packed."
    adjustment: int = 0
    adjusted: Constants = field(default_factory=dict)

    @property
    def release(self) -> PackedRelease:
        """The release in whose name it answers."""
        return self.contents.release

    @cached_property
    def constants(self) -> Constants:
        """What turns the numbers of the model into predictions."""
        return {**self.release.constants, **self.adjusted}

    @cached_property
    def stated_adjustment(self) -> int | None:
        """The adjustment as answers state it; None where constants only change by a release."""
        follows = self.release.task.adaptation_rule is not None
        return self.adjustment if follows or self.adjustment else None

    @cached_property
    def stated(self) -> dict[str, Any]:
        """What the answer for a row names as its source."""
        stated = {"version": self.release.version, "sequence": self.release.sequence}
        adjustment = self.stated_adjustment
        return stated if adjustment is None else {**stated, "adjustment": adjustment}

    @cached_property
    def origin(self) -> dict[str, Any]:
        """The same with the name of the model."""
        return {"model": self.release.model, **self.stated}


def load_served_version(
    contents: Contents, count_failure: Callable[[], None] = lambda: None
) -> ServedVersion:
    """Load a version, if it is the one packed and answers what it did offline.

    Golden rows are answered as requests are: one by one, and all in one batch. With a compiled form
    that is all that is loaded; the pipeline follows once a batch is large enough for it.

    Args:
        count_failure: called each time that the pipeline of such a version cannot be loaded.

    Raises:
        ArtifactError: a file was changed, or cannot be loaded here.
        ServingError: a golden row is answered or explained otherwise.
    """
    release, schema, golden = contents.release, contents.features, contents.golden_rows
    form = _packed_form(contents)
    model = _late(contents, count_failure) if form is not None else _loaded(contents)
    scorer = Scorer(schema, release.task, model, release.compiled, form)
    rows = [row.features for row in golden.rows]
    require_same_numbers(golden.numbers, [scorer.numbers(row) for row in rows])
    together = len(rows) if form is None else scorer.compiled_rows
    require_same_numbers(golden.numbers[:together], scorer.numbers_of(rows[:together]))
    if not release.explained:
        return ServedVersion(
            contents, scorer, not_explained=release.not_explained or ServedVersion.not_explained
        )
    from mlops_platform.serving.explaining.prepare import prepare_explainer

    explainer = prepare_explainer(release.task, model if form is None else form, schema, rows)
    few = golden.rows[:VERIFIED_EXPLANATIONS]
    explainer.prove([row.features for row in few], [row.numbers for row in few])
    return ServedVersion(contents, scorer, explainer)


def _packed_form(contents: Contents) -> PlainModel | None:
    """The form that was proved at packaging; None where there is none, or of another format."""
    file = contents.model_directory.parent / COMPILED_FORM
    if not (contents.release.compiled and contents.sealed and file.is_file()):
        return None
    from mlops_platform.serving.scoring.compiled.stored_form import read_form

    return read_form(file.read_bytes())


def _loaded(contents: Contents) -> Any:
    return load_model(contents.model_directory, contents.digests)


def _late(contents: Contents, count_failure: Callable[[], None]) -> LatePipeline:
    """What loads the pipeline once it is needed, out of files that are verified now and then."""
    verify_directory(contents.model_directory, contents.digests)
    version = contents.release.version

    def load() -> Any:
        started = time.perf_counter()
        model = _loaded(contents)
        golden = contents.golden_rows
        plain = Scorer(contents.features, contents.release.task, model, compiled=False)
        rows = [row.features for row in golden.rows]
        require_same_numbers(golden.numbers, plain.numbers_of(rows))
        seconds = time.perf_counter() - started
        logger.info("version %s: its pipeline was loaded in %.2f s", version, seconds)
        return model

    def failed(error: Exception) -> None:
        count_failure()
        logger.error(
            "version %s: its pipeline cannot be loaded, and large batches take longer by the "
            "compiled model: %s",
            version,
            error,
        )

    return LatePipeline(load, failed)
