"""What the runs of a replayed model say of it: the moment at which they were asked for."""

from datetime import datetime
from typing import Final

import dagster as dg

from mlops_platform.clock import aware_moment
from mlops_platform.errors import SettingsError
from mlops_platform.usecases.deployment import Deployment

REPLAYED_TAG: Final = "mlops/replayed_moment"


def replay_tags(deployment: Deployment, model: str) -> dict[str, str]:
    """Tags of a run that is started for a model; none of one that lives in the present."""
    moment = deployment.replayed_moment(model)
    return {} if moment is None else {REPLAYED_TAG: moment.isoformat()}


def replayed_moment_of(run: dg.DagsterRun) -> datetime | None:
    """The moment of the replay that a run belongs to; None where it belongs to none.

    Raises:
        SettingsError: somebody has given it a tag that names no moment.
    """
    text = run.tags.get(REPLAYED_TAG)
    moment = None if text is None else aware_moment(text)
    if text is not None and moment is None:
        raise SettingsError(
            f"tag {REPLAYED_TAG}={text!r} names no moment with an offset. Start the run without it."
        )
    return moment
