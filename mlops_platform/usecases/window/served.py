"""The predictions of a window as its users got them, instead of scored afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.data.digest import table_digest
from mlops_platform.data.predicted_columns import predictions_in
from mlops_platform.data.predictions import predictions_file, write_predictions
from mlops_platform.data.served.lines import ADJUSTMENT, served_column
from mlops_platform.data.served.rows import read_answers
from mlops_platform.data.served.watched_rows import sent_column
from mlops_platform.data.windows import Window
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import FittedValues, Release
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.version.fitted import fitted_values, pinned_versions
from mlops_platform.usecases.window.score import ScoredWindow

if TYPE_CHECKING:
    import pyarrow as pa


def take_served_window(
    deployment: Deployment, spec: ModelSpec, window: Window
) -> ScoredWindow | None:
    """Write the answers that count for a window as its predictions, in the columns of a scored one.

    Each row carries the version and the release that answered, and where constants follow the
    outcomes the adjustment of the release; several may have served. The window as a whole belongs
    to the release whose champion gave most of its answers: by its figures it is judged. The
    features that were sent follow in columns `sent_<feature>`: what the model saw, which may not be
    what was published.

    Returns:
        None where no champion answered for an entity of the window.

    Raises:
        LedgerError: the log names a release that the ledger does not know.
    """
    lake = deployment.settings
    answers = read_answers(spec, lake.landed_predictions(spec.name), lake.published, window)
    sequence = None if answers is None else _most_frequent_release(answers)
    if answers is None or sequence is None:
        return None
    answers = _adjusted(spec, answers)
    release = _release(deployment.ledger, spec.name, window, sequence)
    snapshot = table_digest(answers.drop_columns(["redacted"]))
    predicted = _predictions(spec, answers, deployment, snapshot)
    path = predictions_file(lake.predictions, spec.name, window.name)
    rows = write_predictions(predicted.to_batches(), spec, path)
    return ScoredWindow(
        window=window,
        version=release.version,
        release=release.sequence,
        constants=dict(_values(deployment, spec.name, release.version).constants),
        feature_snapshot=snapshot,
        rows=rows,
        means=predictions_in(predicted, spec.task.outputs).means(),
        scored_at=deployment.moment_of(spec.name),
        path=path,
        source="served",
        adjustments=_known_adjustments(answers, release.sequence),
    )


def _most_frequent_release(answers: pa.Table) -> int | None:
    import pyarrow.compute as pc

    champions = answers.filter(pc.equal(answers["role"], "champion"))
    counts = pc.value_counts(champions["sequence"]).to_pylist()
    return max(((count["counts"], count["values"]) for count in counts), default=(0, None))[1]


def _adjusted(spec: ModelSpec, answers: pa.Table) -> pa.Table:
    """The answers with their adjustments as the last column; without where there are none."""
    import pyarrow.compute as pc

    others = answers.drop_columns([ADJUSTMENT])
    if spec.task.adaptation_rule is None:
        return others
    return others.append_column(ADJUSTMENT, pc.fill_null(answers[ADJUSTMENT], 0))


def _known_adjustments(answers: pa.Table, sequence: int) -> int:
    """The latest adjustment of a release by which an entity of the window was answered."""
    import pyarrow.compute as pc

    if ADJUSTMENT not in answers.column_names:
        return 0
    of_release = answers.filter(pc.equal(answers["sequence"], sequence))
    latest: int = pc.max(of_release[ADJUSTMENT]).as_py()
    return latest


def _release(ledger: Ledger, model: str, window: Window, sequence: int) -> Release:
    releases = {release.sequence: release for release in ledger.releases(model)}
    if sequence not in releases:
        raise LedgerError(
            f"most answers of the window {window.name} name release {sequence} of {model!r}, and "
            f"the ledger has {sorted(releases)}. Find the service that follows another deployment."
        )
    return releases[sequence]


def _values(deployment: Deployment, model: str, version: int) -> FittedValues:
    pinned = pinned_versions(deployment.ledger, model).get(version)
    return fitted_values(deployment.registry.version(model, version), pinned)


def _predictions(
    spec: ModelSpec, answers: pa.Table, deployment: Deployment, snapshot: str
) -> pa.Table:
    import pyarrow as pa

    features, redacted = spec.features, spec.serving.log.redact
    sent = {
        sent_column(name): answers[served_column(name, spec.task)]
        for name in features.names
        if name not in redacted and served_column(name, spec.task) in answers.column_names
    }
    adjusted = ADJUSTMENT in answers.column_names
    versions = answers["version"].to_pylist()
    training_sets = {
        version: _values(deployment, spec.name, int(version)).training_set
        for version in set(versions)
    }
    return pa.table(
        {
            features.entity: answers["entity"],
            features.moment_column: answers["event_time"],
            features.partition: answers["partition"],
            "version": answers["version"].cast(pa.int32()),
            "release": answers["sequence"].cast(pa.int32()),
            **({SAMPLE_WEIGHT: answers[SAMPLE_WEIGHT]} if features.weight else {}),
            **({"adjustment": answers[ADJUSTMENT]} if adjusted else {}),
            "training_set": _encoded([training_sets[version] for version in versions]),
            "feature_snapshot": _encoded([snapshot] * len(versions)),
            **{output.name: answers[output.field] for output in spec.task.outputs},
            **sent,
        }
    )


def _encoded(texts: list[str]) -> pa.Array:
    import pyarrow as pa

    # As in a scored window: what repeats in every row is stored once.
    return (
        pa.array(texts, pa.string()).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))
    )
