"""What a tick of alerting leaves for Prometheus; its age is the heartbeat of alerting itself."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import get_args

from mlops_platform.files import write_text
from mlops_platform.spec import AlertSeverity, ModelSpec
from mlops_platform.usecases.incidents.alert import Alerted


def write_metrics(path: Path, spec: ModelSpec, alerted: Alerted, ticked_at: datetime) -> None:
    """Write the gauges of one model, whole or not at all.

    Args:
        path: file for the textfile collector of the node exporter.
    """
    write_text(path, "\n".join(_lines(spec, alerted, ticked_at)) + "\n")


def _lines(spec: ModelSpec, alerted: Alerted, ticked_at: datetime) -> Iterator[str]:
    model = f'model="{spec.name}"'
    yield "# TYPE mlops_alerts_tick_timestamp_seconds gauge"
    yield f"mlops_alerts_tick_timestamp_seconds{{{model}}} {ticked_at.timestamp():.3f}"
    yield "# TYPE mlops_open_incidents gauge"
    for severity in get_args(AlertSeverity):
        number = sum(incident.severity == severity for incident in alerted.open)
        yield f'mlops_open_incidents{{{model},severity="{severity}"}} {number}'
    yield "# TYPE mlops_waiting_notices gauge"
    for channel in spec.alerting.channels:
        number = alerted.waiting.get(channel.name, 0)
        yield f'mlops_waiting_notices{{{model},channel="{channel.name}"}} {number}'
