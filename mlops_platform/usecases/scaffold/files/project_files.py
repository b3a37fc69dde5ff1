"""The text of every file that a new model is made of."""

from pathlib import Path

from mlops_platform.usecases.scaffold.choices import Choices, DbtSourceChoice
from mlops_platform.usecases.scaffold.files.features import features_sql, features_yaml
from mlops_platform.usecases.scaffold.files.labels import labels_sql, labels_yaml
from mlops_platform.usecases.scaffold.files.landing import landing_defs, landing_source
from mlops_platform.usecases.scaffold.files.lifecycle.defs import lifecycle_defs
from mlops_platform.usecases.scaffold.files.names import Names
from mlops_platform.usecases.scaffold.files.refusals import refuse_unusable
from mlops_platform.usecases.scaffold.files.staging import staging_sql, staging_yaml
from mlops_platform.usecases.scaffold.files.store import STORE, store_defs


def project_files(choices: Choices) -> dict[Path, str]:
    """Text by path, relative to the project's root.

    Store, landing and staging follow from the data alone: those of another model of the same data
    are the same, to the letter.

    Raises:
        SpecError: choices contradict each other, or lack what these files need.
    """
    refuse_unusable(choices)
    names = Names(choices)
    marts, staging = names.models / "marts", names.models / "staging"
    of_model = {
        names.definitions / STORE / "defs.yaml": store_defs(names),
        marts / f"{names.features}.sql": features_sql(names),
        marts / f"{names.features}.yml": features_yaml(names),
        marts / f"{names.labels}.sql": labels_sql(names),
        marts / f"{names.labels}.yml": labels_yaml(names),
        names.definitions / choices.model / "defs.yaml": lifecycle_defs(names),
    }
    if isinstance(choices.source, DbtSourceChoice):
        return of_model
    table = choices.table
    return {
        names.definitions / f"landing_{table}" / "defs.yaml": landing_defs(names),
        staging / f"_landing_{table}.yml": landing_source(names),
        staging / f"{names.staging}.sql": staging_sql(names),
        staging / f"{names.staging}.yml": staging_yaml(names),
        **of_model,
    }
