"""One process that lets the shared sensors tick as the daemon does, and says what that costs.

`python tick_sensors.py` loads the project in the present folder once, whose models have a past in
MLOPS_HOME. Each sensor ticks until it has looked at every model, and then three times more.
"""

import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dagster as dg

    from mlops_platform.components.model_lifecycle.automation.sensor_cursor import LastLook

LATER_TICKS = 3
SENSORS = ("watch", "retrain", "land_served", "export_online", "roll_out", "probation", "alerts")


def main() -> None:
    """The ticks of every sensor, and the peak memory of the process, as JSON on stdout."""
    from mlops_platform.components.instance import open_instance
    from mlops_platform.components.models import declared_specs
    from mlops_platform.definitions import defs

    repository = defs().get_repository_def()
    models = len(declared_specs())
    with open_instance() as instance:
        sensors = [Ticking(name, instance, repository) for name in SENSORS]
        first = {sensor.name: sensor.look_at_every_model(models) for sensor in sensors}
        later: dict[str, list[dict[str, Any]]] = {name: [] for name in SENSORS}
        for _ in range(LATER_TICKS):
            for sensor in sensors:
                later[sensor.name].append(sensor.tick())
    costs = {"first": first, "later": later, "peak_megabytes": _peak_bytes() / 1e6}
    sys.stdout.write(json.dumps(costs) + "\n")


class Ticking:
    """One sensor, with the cursor that its last tick has left."""

    def __init__(
        self, name: str, instance: "dg.DagsterInstance", repository: "dg.RepositoryDefinition"
    ) -> None:
        self.name, self._instance, self._repository = name, instance, repository
        self._sensor = repository.get_sensor_def(name)
        self._cursor: str | None = None

    def look_at_every_model(self, models: int) -> list[dict[str, Any]]:
        """Tick until every model was looked at once."""
        ticks = [self.tick()]
        while ticks[-1]["models_ever"] < models:
            ticks.append(self.tick())
        return ticks

    def tick(self) -> dict[str, Any]:
        """One tick."""
        import dagster as dg

        before = self._last_looks()
        with dg.build_sensor_context(
            self._instance, cursor=self._cursor, repository_def=self._repository
        ) as context:
            cpu, wall = time.process_time(), time.perf_counter()
            tick = self._sensor.evaluate_tick(context)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        self._cursor = tick.cursor
        after = self._last_looks()
        return {
            "cpu_seconds": cpu,
            "wall_seconds": wall,
            "models": sum(before.get(name) != look for name, look in after.items()),
            "models_ever": len(after),
            "requests": len(tick.run_requests or ()),
            "cursor_bytes": len(self._cursor or ""),
        }

    def _last_looks(self) -> "Mapping[str, LastLook]":
        from mlops_platform.components.model_lifecycle.automation.sensor_cursor import SensorCursor

        return SensorCursor.of(self._cursor).models


def _peak_bytes() -> int:
    """Of this program alone: `getrusage` counts the process that started it as well."""
    peak = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    assert peak is not None
    return int(peak[1]) * 1024


if __name__ == "__main__":
    sys.path.insert(0, "")  # the project in the present folder, whichever one is installed
    main()
