"""Whether every Bento that the ledger names is there, and holds the model that was released."""

from collections.abc import Callable, Iterator

from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.looking import RESTORE
from mlops_platform.usecases.diagnosis.releases import pack_again, place_of_bento
from mlops_platform.usecases.release.roll_back import previous_champion
from mlops_platform.usecases.version.packed import bento_problem


def faults_of_bentos(
    deployment: Deployment, model: str, launch: Callable[[str], str]
) -> Iterator[Fault]:
    """Of the champion an error, of the one that a roll back returns to a warning, others pass.

    Args:
        launch: the command that runs assets.
    """
    releases = deployment.ledger.releases(model)
    served = [*releases[-1:], previous_champion(releases)]
    for release in {release.sequence: release for release in served if release}.values():
        problem = bento_problem(deployment.settings, release)
        if problem is None:
            continue
        serves = release is releases[-1]
        yield Fault(
            severity="error" if serves else "warning",
            what=problem,
            where=place_of_bento(release),
            cure=pack_again(deployment.settings.bentoml_home, release, launch)
            if serves
            else f"{RESTORE}   # a roll back asks the registry meanwhile",
        )
