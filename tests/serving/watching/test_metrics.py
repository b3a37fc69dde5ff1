"""What `/metrics` says, read by Prometheus's own parser."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlops_platform.serving.watching.metrics import SECONDS, ServiceMetrics

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples_of(metrics: ServiceMetrics) -> Samples:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def at(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset({"model": "flights", **labels}.items())]


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ServiceMetrics]:
    """Two workers of one server."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return [ServiceMetrics("flights", ("carrier",), name) for name in ("w1", "w2")]


def test_workers_add_up(workers: list[ServiceMetrics]) -> None:
    for worker, seconds in zip(workers, (0.0004, 0.3), strict=True):
        worker.answered("predict", "7", "champion", 200, seconds)
        worker.predicted("7", "champion", rows=3)
        worker.missing("carrier")
        worker.unknown("carrier", rows=2)
        worker.failed("invalid-input", ["carrier", "invented"])
        worker.compared("8", disagreed=seconds > 0.1)
        worker.log_drops.inc(5)
    samples = samples_of(workers[0])
    assert samples == samples_of(workers[1])
    answered = {"route": "predict", "version": "7", "role": "champion"}
    assert at(samples, "mlops_requests_total", **answered, status="200") == 2
    assert at(samples, "mlops_predictions_total", version="7", role="champion") == 6
    assert at(samples, "mlops_missing_values_total", field="carrier") == 2
    assert at(samples, "mlops_unknown_categories_total", field="carrier") == 4
    assert at(samples, "mlops_errors_total", kind="invalid-input") == 2
    assert at(samples, "mlops_schema_violations_total", field="other") == 2
    assert at(samples, "mlops_shadow_comparisons_total", version="8") == 2
    assert at(samples, "mlops_shadow_disagreements_total", version="8") == 1
    assert at(samples, "mlops_log_drops_total") == 10
    assert at(samples, "mlops_load_failures_total") == 0


def test_a_histogram_is_one_of_prometheus(workers: list[ServiceMetrics]) -> None:
    for worker, seconds in zip(workers, (0.0005, 11.0), strict=True):
        worker.answered("predict", "7", "champion", 200, seconds)
        worker.looked_up(61.0)
    samples = samples_of(workers[0])
    answered = {"route": "predict", "version": "7", "role": "champion"}
    name = "mlops_request_seconds"
    buckets = [at(samples, f"{name}_bucket", **answered, le=str(float(e))) for e in SECONDS]
    assert buckets == [1] * len(SECONDS)  # an edge belongs to the class below it
    assert at(samples, f"{name}_bucket", **answered, le="+Inf") == 2
    assert at(samples, f"{name}_count", **answered) == 2
    assert at(samples, f"{name}_sum", **answered) == pytest.approx(11.0005)
    assert at(samples, "mlops_feature_age_seconds_sum") == 122
    assert at(samples, "mlops_feature_age_seconds_bucket", le="300.0") == 2


def test_a_gauge_says_what_was_set_last(workers: list[ServiceMetrics]) -> None:
    first, second = workers
    first.serves("champion", 4)
    second.serves("champion", 5, adjustment=2)
    samples = samples_of(first)
    assert at(samples, "mlops_release_sequence", role="champion") == 5
    assert at(samples, "mlops_release_adjustment", role="champion") == 2
    first.serves("champion", 0)
    assert at(samples_of(second), "mlops_release_sequence", role="champion") == 0


def test_a_label_may_hold_anything(workers: list[ServiceMetrics]) -> None:
    odd = 'a"b\\c\nd é'
    workers[0].predicted(odd, "champion")
    assert at(samples_of(workers[1]), "mlops_predictions_total", version=odd, role="champion") == 1
