import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.performance.window_performance import WindowPerformance


def test_a_window_is_read_back_unchanged(make_week):
    window = make_week(0, outcomes_known=710)

    assert window.share_known == 0.71
    assert WindowPerformance.from_stored(window.to_stored()) == window


def test_of_an_empty_window_no_outcome_is_known(make_week):
    assert make_week(0, None, rows=0, labelled=0, outcomes_known=0).share_known == 0


losses = st.floats(0.01, 50)
unsure = st.none() | losses | st.just(math.nan)
former_figures = st.fixed_dictionaries(
    {
        "metrics": st.dictionaries(st.sampled_from(["log_loss", "roc_auc"]), losses),
        "base_rate_log_loss": unsure,
        "reference_log_loss": losses,
        "reference_base_rate_log_loss": losses,
    },
    optional={
        "estimated_log_loss": unsure,
        "estimated_metrics": st.dictionaries(
            st.sampled_from(["base_rate_log_loss", "roc_auc"]), losses
        ),
        "intervals": st.dictionaries(
            st.sampled_from(["log_loss", "log_loss_increase", "brier_score"]),
            st.fixed_dictionaries({"lower": losses, "upper": losses}),
        ),
        "changes": st.lists(
            st.fixed_dictionaries(
                # The last one is not offered any longer.
                {"detector": st.sampled_from(["cusum", "adwin"]), "decides": st.booleans()}
            )
        ),
        "blocks": st.lists(
            st.fixed_dictionaries(
                {
                    "day": st.just("2013-04-01"),
                    "rows": st.just(9),
                    "log_loss": losses,
                    "base_rate_log_loss": losses,
                }
            )
        ),
    },
)


@given(former=former_figures, stored_format=st.sampled_from([0, 1]))
def test_what_an_older_version_has_stored_tells_the_same_figures(make_week, former, stored_format):
    plain = make_week(0).model_dump(mode="json", exclude={"losses", "metrics"})
    read = WindowPerformance.from_stored(json.dumps(plain | {"format": stored_format} | former))

    found, metrics = read.losses, former["metrics"]
    estimated = former.get("estimated_metrics", {})
    assert (found.name, found.baseline_name) == ("log loss", "base rate")
    assert found.loss == metrics.get("log_loss")
    assert found.baseline_loss == _known(former["base_rate_log_loss"])
    assert found.promised_loss == _promised(former, former["base_rate_log_loss"])
    assert found.test_loss == former["reference_log_loss"]
    assert found.estimated_loss == _known(former.get("estimated_log_loss"))
    assert found.estimated_promised_loss == _promised(former, estimated.get("base_rate_log_loss"))
    assert read.metrics == metrics
    assert read.estimated_metrics.get("roc_auc") == estimated.get("roc_auc")
    assert {name.replace("log_loss", "loss") for name in former.get("intervals", {})} == set(
        read.intervals
    )
    detectors = [one["detector"] for one in former.get("changes", ())]
    assert [one.detector for one in read.changes] == detectors
    blocks = [(one["log_loss"], one["base_rate_log_loss"]) for one in former.get("blocks", ())]
    assert [(one.loss, one.baseline_loss) for one in read.blocks] == blocks


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _promised(former: dict[str, Any], baseline: float | None) -> float | None:
    """As the version that wrote it has computed it."""
    if _known(baseline) is None:
        return None
    return former["reference_log_loss"] * (baseline / former["reference_base_rate_log_loss"])
