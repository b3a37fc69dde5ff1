"""One version, made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import computed_field

from mlops_platform.record import Record
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.reproduction.from_facts import BuiltAgain, build_again
from mlops_platform.usecases.reproduction.recorded import recorded_version
from mlops_platform.usecases.reproduction.train_again import TrainedAgain, train_again


@dataclass(frozen=True)
class Wanted:
    """How far back a reproduction goes.

    Args:
        from_facts: whether the training set is built again, too.
        keep: whether what that built stays.
        project_root: of the present code and dbt project.
    """

    from_facts: bool = False
    keep: bool = False
    project_root: Path = PROJECT_ROOT


class Telling(NamedTuple):
    """Who is told how far it has come.

    Args:
        doing: what is being done.
        facts: what the training set was built again to, as soon as that is known: a training may
            take long, or fail.
    """

    doing: Callable[[str], None] = lambda line: None
    facts: Callable[[BuiltAgain], None] = lambda built: None


SILENT: Final = Telling()


class Reproduction(Record):
    """What came of it.

    Args:
        facts: None where only the training was asked for.
    """

    model: str
    version: int
    facts: BuiltAgain | None
    training: TrainedAgain

    @computed_field  # type: ignore[prop-decorator]
    @property
    def equal(self) -> bool:
        """Whether everything is the same that was compared."""
        return self.training.equal and (self.facts is None or self.facts.equal)


def reproduce(
    deployment: Deployment,
    model: str,
    version: int,
    present: ModelSpec | None,
    wanted: Wanted,
    telling: Telling = SILENT,
) -> Reproduction:
    """Train a version again from its snapshot, where wanted after building that from facts.

    Args:
        present: the spec of today, for versions that kept none.

    Raises:
        MlopsError: something that it is made from is gone, or was changed.
    """
    recorded = recorded_version(deployment, model, version, present)
    facts = None
    if wanted.from_facts:
        telling.doing("building its training set")
        dbt_project = wanted.project_root / "dbt_project"
        facts = build_again(
            deployment.settings,
            recorded.spec,
            recorded.training_set,
            dbt_project,
            keep=wanted.keep,
        )
        telling.facts(facts)
    training = train_again(recorded, deployment.registry, wanted.project_root, telling.doing)
    return Reproduction(model=model, version=version, facts=facts, training=training)
