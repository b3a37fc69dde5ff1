"""One process that loads a project's definitions and says what that cost, as JSON on stdout.

`python load_definitions.py` imports Dagster only; `python load_definitions.py defs` also loads the
project in the present folder and makes the snapshot that a code location sends to the UI.
"""

import json
import resource
import sys
import time
from typing import Any


def main() -> None:
    """Measure in stages."""
    costs: dict[str, Any] = {}
    import dagster  # noqa: F401
    import dagster_dbt  # noqa: F401

    # CPU time since the interpreter started.
    costs["imports_cpu_seconds"] = time.process_time()
    if "defs" in sys.argv:
        costs |= _load()
    costs["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    sys.stdout.write(json.dumps(costs) + "\n")


def _load() -> dict[str, Any]:
    # The UI's snapshot has no public name; a benchmark may look inside where the platform may not.
    from dagster._core.remote_representation.external_data import JobDataSnap, RepositorySnap
    from dagster._serdes import serialize_value

    before = time.process_time()
    from mlops_platform.definitions import defs

    definitions = defs()
    repository = definitions.get_repository_def()
    loaded = time.process_time()
    # At every reload the webserver asks for the graph, and then for each job by itself.
    graph = serialize_value(RepositorySnap.from_def(repository, defer_snapshots=True))
    jobs = [
        serialize_value(JobDataSnap.from_job_def(job, include_parent_snapshot=True))
        for job in repository.get_all_jobs()
    ]
    return {
        "load_cpu_seconds": loaded - before,
        "snapshot_cpu_seconds": time.process_time() - loaded,
        "graph_bytes": len(graph),
        "snapshot_bytes": len(graph) + sum(map(len, jobs)),
        "assets": len(repository.asset_graph.get_all_asset_keys()),
        "jobs": len(jobs),
    }


if __name__ == "__main__":
    sys.path.insert(0, "")  # the project in the present folder, whichever one is installed
    main()
