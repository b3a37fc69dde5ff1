"""Exports a version of a model, and writes to the ledger that it left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.challenger import first_champion_advice
from mlops_platform.ledger.records import Decision, NewDecision
from mlops_platform.usecases.explanation.packed_versions import Answering, load_packed
from mlops_platform.usecases.ledger.retirement import refuse_retired

if TYPE_CHECKING:
    import pandas as pd

    from mlops_platform.exporting.manifest import Form, Manifest
    from mlops_platform.serving.served_version import ServedVersion
    from mlops_platform.usecases.deployment import Deployment

SEED: Final = 0


class ExportRequest(NamedTuple):
    """What a person wants to have exported.

    Attributes:
        version: None for the champion, under its adjustment in force.
        target: a folder or a zip; None for one of a usual name in the present folder.
    """

    model: str
    form: Form
    version: int | None
    target: Path | None
    actor: str


class Exported(NamedTuple):
    """What came of it."""

    manifest: Manifest
    target: Path
    decision: Decision


def export(deployment: Deployment, request: ExportRequest) -> Exported:
    """Prove a version in some form against its pipeline, record that, and write it.

    The decision is written first: an export that the ledger does not know would be worse than one
    of which only the ledger knows.

    Raises:
        NotExportable: it has no such form, or one that answers otherwise; nothing is written.
        LedgerError: nothing was released, the model is retired, or it has no such version.
        ServingError: the Bento of the version is not in the store.
        DataError: its training set is gone.
        SettingsError: there is something at the target already.
    """
    from mlops_platform.exporting.export import (
        Provenance,
        proved_export,
        publish,
        refuse_taken,
    )
    from mlops_platform.exporting.exportable import Exportable

    served = load_packed(deployment, request.model, _answering(deployment, request))
    target = request.target or _usual_target(served, request.form)
    refuse_taken(target)
    contents = served.contents
    version = Exportable(
        origin=served.origin,
        schema=contents.features,
        task=contents.release.task,
        pipeline=served.scorer.require_pipeline(),
        constants=served.constants,
    )
    provenance = Provenance(contents.digests, contents.release.training_set_hash)
    rows = _training_rows(deployment, served)
    with proved_export(version, provenance, request.form, rows) as proved:
        decision = _record(deployment, proved.manifest, request.actor)
        publish(proved, target)
    return Exported(proved.manifest, target, decision)


def _answering(deployment: Deployment, request: ExportRequest) -> Answering:
    ledger, model = deployment.ledger, request.model
    refuse_retired(ledger, model)
    champion = ledger.current_release(model)
    if champion is None:
        raise LedgerError(
            f"{model!r} has no champion to export: {first_champion_advice(ledger, model)}."
        )
    if request.version not in (None, champion.version):
        return Answering(str(request.version), 0, "version")
    latest = ledger.latest_adjustment(model, champion.sequence)
    number = latest.number if latest else 0
    return Answering(str(champion.version), champion.sequence, "champion", number)


def _training_rows(deployment: Deployment, served: ServedVersion) -> pd.DataFrame:
    """A sample of the rows that a version was fitted on, of which there may be millions."""
    from mlops_platform.data.training_set import (
        load_training_set,
        read_some_rows,
        sample_of_rows,
    )
    from mlops_platform.exporting.compared_rows import LEAST_ROWS

    release = served.release
    folder = deployment.settings.training_sets / release.model / release.training_set_hash
    training_set = load_training_set(folder)
    entity = served.contents.features.entity
    sampled = sample_of_rows(training_set, entity, LEAST_ROWS, SEED)
    rows: pd.DataFrame = read_some_rows(training_set, sampled).to_pandas()
    return rows


def _usual_target(served: ServedVersion, form: Form) -> Path:
    release = served.release
    return Path(f"{release.model}-v{release.version}-{form}")


def _record(deployment: Deployment, manifest: Manifest, actor: str) -> Decision:
    """Who has this file can find it by its digest; nothing else in the ledger follows from it."""
    origin, verified = manifest.origin, manifest.verified
    rows = verified.own_rows + verified.generated_rows
    reason = (
        f"Version {origin['version']} left as {manifest.form}: {rows:,} rows are answered as by "
        f"its pipeline, at most {verified.max_difference:.1g} apart."
    )
    evidence = {
        "version": int(origin["version"]),
        "release": int(origin["sequence"]),
        "adjustment": int(origin.get("adjustment", 0)),
        "form": manifest.form,
        "files": manifest.files,
        "verified_rows": rows,
        "max_difference": verified.max_difference,
    }
    decision = NewDecision(kind="export", reason=reason, actor=actor, evidence=evidence)
    return deployment.ledger.record_decision(str(origin["model"]), decision)
