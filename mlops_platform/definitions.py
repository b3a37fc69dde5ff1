"""The one entry point: everything that `defs/` declares, run by one in-process executor."""

import os

import dagster as dg

from mlops_platform.components.garbage_collection import (
    lasting_objects,
    rest_from_full_collections,
)
from mlops_platform.formats.home_stamp import require_current_home
from mlops_platform.privacy import keep_private
from mlops_platform.settings import settings

# One OpenMP thread: two gain next to nothing on tables of this size, and beside a busy neighbour
# they made a single fit up to ten times slower. Set it before scikit-learn is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

rest_from_full_collections()


@dg.definitions
def defs() -> dg.Definitions:
    """Every instance under `defs/`, with what all of them share."""
    from mlops_platform.components.landing.jobs import landing_jobs
    from mlops_platform.components.model_lifecycle.component import lifecycle_models
    from mlops_platform.components.model_lifecycle.shared import shared_automation
    from mlops_platform.components.models import component_tree
    from mlops_platform.components.record_io_manager import RecordIOManager

    keep_private()
    require_current_home(settings().home)
    shared = dg.Definitions(
        executor=dg.in_process_executor,
        resources={"io_manager": RecordIOManager()},
    )
    tree = component_tree()
    with lasting_objects():
        instances = tree.build_defs()
    automation = shared_automation(lifecycle_models(tree))
    return dg.Definitions.merge(shared, landing_jobs(instances), automation, instances)
