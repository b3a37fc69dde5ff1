"""Whether every Bento that the ledger names is there, and holds the model that was released."""

import json
from collections.abc import Callable, Iterator

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.errors import ArtifactError
from mlops_platform.ledger.records import Release
from mlops_platform.serving.contents import DIGESTS, MODEL, bento_folder
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.release.roll_back import previous_champion


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
        problem = _problem(deployment, release)
        if problem is None:
            continue
        serves = release is releases[-1]
        yield Fault(
            severity="error" if serves else "warning",
            what=problem,
            where=f"{model}, Bento {release.bento_tag} of release {release.sequence}",
            cure=launch(f"--assets 'key:\"{model}/bento\"'")
            if serves
            else f"mlops train {model}   # a roll back asks the registry instead",
        )


def _problem(deployment: Deployment, release: Release) -> str | None:
    if release.bento_tag is None:
        return None  # a faster look tells
    sources = bento_folder(deployment.settings.bentoml_home, release.bento_tag) / "src"
    if not sources.is_dir():
        return f"is not in {deployment.settings.bentoml_home}"
    try:
        packed = json.loads((sources / DIGESTS).read_bytes()) or release.digests
        released = {name: release.digests.get(name, "none: not released") for name in packed}
        verify_directory(sources / MODEL, released)
    except (ArtifactError, OSError, ValueError) as error:
        return str(error)
    return None
