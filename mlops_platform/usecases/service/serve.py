"""From the ledger to the server of a model's champion: which Bento, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from mlops_platform.errors import LedgerError, ServingError, SettingsError
from mlops_platform.ledger.challenger import first_champion_advice
from mlops_platform.ledger.records import Release
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.retirement import refuse_retired

LOOPBACK: Final = "127.0.0.1"
DRAIN_FILE: Final = "draining"
"""In the server's own state: while it exists, the service is not ready."""
_TOKENS: Final = ("MLOPS_SERVING_TOKENS", "MLOPS_SERVING_TOKENS_FILE")


@dataclass(frozen=True)
class ServedBento:
    """The Bento of the champion.

    Args:
        path: its folder, which `bentoml serve` takes.
        drain_seconds: time that requests in flight have once the server stops.
    """

    release: Release
    path: Path
    drain_seconds: int


def champions_bento(deployment: Deployment, model: str) -> ServedBento:
    """The Bento that the ledger names for the champion.

    Raises:
        LedgerError: nothing was released, the release has no Bento, or the model is retired.
        ServingError: the store does not hold it, or only in part.
    """
    from mlops_platform.serving.contents import bento_folder, read_contents

    refuse_retired(deployment.ledger, model)
    release = deployment.ledger.current_release(model)
    if release is None:
        raise LedgerError(
            f"{model!r} has no champion to serve: "
            f"{first_champion_advice(deployment.ledger, model)}."
        )
    if release.bento_tag is None:
        raise LedgerError(
            f"release {release.sequence} of {model!r} has no Bento yet. "
            f"`mlops doctor` tells how to build it."
        )
    path = bento_folder(deployment.settings.bentoml_home, release.bento_tag)
    try:
        packed = read_contents(path / "src").release
    except (OSError, ValueError) as error:
        raise ServingError(
            f"{release.bento_tag}: {path} cannot be read ({error}). Build it anew: "
            f"dg launch --assets 'key:\"{model}/bento\"'"
        ) from error
    return ServedBento(release, path, packed.serving.drain_seconds)


def checked_host(host: str, environment: Mapping[str, str]) -> str:
    """The address to listen on, as BentoML takes it.

    Raises:
        SettingsError: it is no address, or others can reach it and there is no token to ask for.
    """
    try:
        address = ip_address(LOOPBACK if host == "localhost" else host)
    except ValueError as error:
        raise SettingsError(
            f"--host: '{host}' is no IP address. Write 127.0.0.1, or 0.0.0.0 for every interface."
        ) from error
    if not address.is_loopback and not any(environment.get(name) for name in _TOKENS):
        raise SettingsError(
            f"--host: others can reach {address}, and no token is set, so that nobody could be let "
            f"in. Set {' or '.join(_TOKENS)}, or serve on {LOOPBACK}."
        )
    return str(address)


def server_environment(
    environment: Mapping[str, str],
    model: str,
    current: Settings,
    bentoml_home: Path,
    workers: int | None,
) -> dict[str, str]:
    """The server's environment: the caller's, completed by what the deployment knows.

    Args:
        bentoml_home: state of this server alone; two servers in one would mix their metrics, and
            drain together.
        workers: None for as many as the model's YAML says.
    """
    defaults = {
        "BENTOML_DO_NOT_TRACK": "True",
        "MLOPS_SERVING_POINTER": str(current.release_pointer(model)),
        "MLOPS_SERVING_CHALLENGER": str(current.challenger_pointer(model)),
        "MLOPS_SERVING_BENTOS": str(current.bentoml_home),
        "MLOPS_SERVING_LOG": str(current.prediction_log(model)),
        "MLOPS_SERVING_ONLINE_STORE": str(current.online_store(model)),
    }
    own = {
        "BENTOML_HOME": str(bentoml_home),
        "MLOPS_SERVING_DRAIN_FILE": str(bentoml_home / DRAIN_FILE),
    }
    variables = {**defaults, **environment, **own}
    if workers is not None:
        options = (
            f"{environment.get('BENTOML_CONFIG_OPTIONS', '')} services.{model}.workers={workers}"
        )
        variables["BENTOML_CONFIG_OPTIONS"] = options.strip()
    return variables
