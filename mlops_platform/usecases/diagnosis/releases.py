"""What is wrong with what a model released: its ledger, its projections, its files and Bentos."""

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mlops_platform.ledger.challenger import Challenger
from mlops_platform.ledger.records import Release
from mlops_platform.serving.contents import bento_folder
from mlops_platform.usecases.diagnosis.facts import Facts, ModelFacts
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.looking import RESTORE
from mlops_platform.usecases.release.reconcile import ProjectionFault
from mlops_platform.usecases.release.roll_back import previous_champion

_FROM_BACKUP: Final = "   # or restore its files from a backup"


def faults_of_releases(facts: Facts, model: ModelFacts) -> Iterator[Fault]:
    """A changed ledger, projections out of step, damaged files, a missing Bento.

    Of a retired model no more than its history: it is neither served nor trained again.
    """
    yield from _of_ledger(model)
    if not model.retired:
        yield from _of_versions(facts, model)


def fault_of_lost_ledger(lost: str) -> Fault:
    """That there is no ledger any more, with the ways on."""
    return Fault(
        severity="error",
        what=lost,
        where="ledger",
        cure=f"{RESTORE}   # or go on without what is lost: mlops setup && mlops reconcile "
        '--accept-loss --reason "..."',
    )


def pack_again(
    bentoml_home: Path, release: Release | Challenger, launch: Callable[[str], str]
) -> str:
    """The command that packs a version, in the place of its damaged Bento where it has one.

    Args:
        launch: the command that runs assets.
    """
    pack = launch(f"--assets 'key:\"{release.model}/bento\"'")
    if release.bento_tag is None:
        return pack
    # What is there is never overwritten: somebody may serve it.
    folder = shlex.quote(str(bento_folder(bentoml_home, release.bento_tag)))
    return f"rm -rf {folder} && {pack}{_FROM_BACKUP}"


def place_of_bento(release: Release) -> str:
    """Where a fault of the Bento of a release is."""
    return f"{release.model}, Bento {release.bento_tag} of release {release.sequence}"


def _of_ledger(model: ModelFacts) -> Iterator[Fault]:
    if model.chain_fault is not None:
        fault = model.chain_fault
        yield Fault(
            severity="error",
            what=f"the row {fault.problem}",
            where=f"ledger, {fault.table} {fault.row}",
            cure=RESTORE,
        )
        # Nothing is projected from a changed ledger, so its projections come after the cure.
        return
    for anchor in model.lost:
        yield Fault(
            severity="error",
            what=f"the ledger has lost what is named outside of it: {anchor.told}",
            where=f"{model.model}, ledger",
            cure=f"{RESTORE}   # a later one, or go on without what is lost: "
            'mlops reconcile --accept-loss --reason "..."',
        )
    if model.lost:
        return
    for projection in model.projection_faults:
        keeper = "" if projection.tag is None else " in the registry"
        yield Fault(
            severity="error",
            what=_out_of_step(projection),
            where=f"{model.model}, {projection.where}{keeper}",
            cure="mlops reconcile",
        )


def _out_of_step(fault: ProjectionFault) -> str:
    if fault.tag is not None:
        return f"{fault.found or 'nothing'}, the ledger says {fault.expected}"
    if fault.projection == "heads":
        return f"is {fault.found}: without it no loss of the ledger's newest rows would show"
    if fault.projection == "alias":
        return f"says version {fault.found or 'none'}, the ledger says {fault.expected or 'none'}"
    if fault.found is None:
        return "is missing"
    return "is unreadable" if fault.found == "unreadable" else "differs from the ledger"


def _of_versions(facts: Facts, model: ModelFacts) -> Iterator[Fault]:
    champion = model.releases[-1] if model.releases else None
    earlier = previous_champion(model.releases)
    for version, problem in model.damaged.items():
        serves = champion is not None and champion.version == version
        cure = RESTORE  # a training would be compared with it
        if serves and earlier is not None and earlier.version not in model.damaged:
            back = f"mlops rollback {model.model} --reason 'its files are damaged'"
            cure = f"{back}{_FROM_BACKUP}"
        yield Fault(
            severity="error" if serves else "warning",
            what=problem,
            where=f"{model.model}, version {version}{', the champion' if serves else ''}",
            cure=cure,
        )
    if model.bento_problem is not None and champion is not None:
        yield Fault(
            severity="error",
            what=model.bento_problem,
            where=place_of_bento(champion),
            cure=pack_again(facts.bentos, champion, facts.launch),
        )
    standing = {"release": champion, "challenger for release": model.challenger}
    for role, deployed in standing.items():
        if deployed is not None and deployed.bento_tag is None and not model.training:
            yield Fault(
                severity="error" if deployed is champion else "warning",
                what="has no Bento, so that it cannot be served",
                where=f"{model.model}, {role} {deployed.sequence}",
                cure=pack_again(facts.bentos, deployed, facts.launch),
            )
    if champion is not None and champion.bento_tag and not (model.proved or model.training):
        yield Fault(
            severity="error",
            what="its Bento was never asked for its golden rows: who packed it was killed, or the "
            "record of it is gone",
            where=f"{model.model}, release {champion.sequence}",
            cure=pack_again(facts.bentos, champion, facts.launch),
        )
