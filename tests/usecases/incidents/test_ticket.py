"""A ticket has the evidence for who looks into an incident, and nothing of what there is not."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mlops_platform.data.windows import Window
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import IncidentEvent, NewDecision, VersionIdentity
from mlops_platform.monitoring.alerting.incident import Acknowledgement, Incident
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.usecases.incidents.ticket import TicketWriter
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.records import ModelWindows
from mlops_platform.usecases.window.score import ScoredWindow

MODEL, MONDAY = "churn", datetime(2024, 1, 1, 5, tzinfo=UTC)  # midnight in New York
WINDOWS = [
    Window(start=date(2024, 1, day), end=date(2024, 1, day + 7), timezone="America/New_York")
    for day in (1, 8, 15)
]


EVERYTHING = r"""# churn-1: performance/loss_increase [page, resolved]

**Log loss \| too high.**

- model: churn
- cause: more \| than allowed
- since: 2024-01-08 05:00 UTC, first seen 2024-01-01 05:00 UTC
- failed in: 2024-01-01, 2024-01-08
- resolved: 2024-01-09 05:00 UTC
- acknowledged: 2024-01-01 05:00 UTC by alice: I look.

## Evidence
| figure | value |
| --- | --- |
| loss | 0.5124 |
| limit | – |
| rows | 50 |

## What served
- The window 2024-01-08 was scored by version 1 (release 1).
- When it was found: version 1 (release 1), since 2024-01-01 05:00 UTC, released by gate.

## The latest windows
| window | state | version | rows | loss | expected | baseline | drifted |
| --- | --- | --- | --- | --- | --- | --- | --- |
| 2024-01-01 | mature | 1 | 50 | 0.5000 | 0.4800 | 0.6000 | 0.2500 |
| 2024-01-08 | provisional | 1 | 50 | 0.5000 | 0.4800 | 0.6000 | – |
| 2024-01-15 | unmeasured | 1 | 50 | – | – | – | – |

## The latest decisions
- 2024-01-01 05:00 UTC: gate promoted a candidate. Better \| by far.

## What happened
- 2024-01-01 05:00 UTC: opened by alerting: Log loss \| too high.

## Look further
- `mlops why churn 2024-01-08`
- `mlops why churn`
- `mlops status`
- `mlops doctor`
- `Dagster UI: /runs/run-7`
- `mlops rollback churn --reason "..."`
- `mlops freeze churn --reason "..."`
- `mlops incidents ack churn-1 --reason "..."`

## After it
- What was the effect on those who use the predictions, and for how long?
- What was the cause, and why did nothing catch it earlier?
- What will be changed, by whom, until when?
"""


@dataclass
class Story:
    """A ledger whose clock is set by hand, and the tickets that are written from it."""

    folder: Path
    now: datetime = MONDAY

    def __post_init__(self) -> None:
        self.ledger = Ledger(
            f"sqlite:///{self.folder / 'ledger.db'}", moment_of=lambda model: self.now
        )
        self.ledger.create_schema()

    def release(self, version: int) -> None:
        current = self.ledger.current_release(MODEL)
        self.ledger.release(
            MODEL,
            VersionIdentity(
                version=version, run_id="r", digests={}, schema_hash="s", environment_hash="e"
            ),
            NewDecision(kind="promote", reason="Better | by far.", actor="gate"),
            expected_sequence=current.sequence if current else None,
        )

    def ticket(
        self, incident: Incident, windows: ModelWindows | str, *events: IncidentEvent
    ) -> str:
        TicketWriter(MODEL, self.folder, self.ledger, windows).write(incident, events)
        return (self.folder / f"{incident.id}.md").read_text()


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def _windows() -> ModelWindows:
    """One window that was scored, one that was measured, one that was watched as well."""
    column = ColumnDrift(
        column="age", statistic=0.4, psi=0.0, p_value=0.5, null_share_reference=0.0, null_share=0.0
    )
    group = GroupDrift(columns=(column,), threshold=None, reference_days=9, alarm=None)
    drift = WindowDrift(
        rows=50,
        rule="calibrated",
        features=group,
        scores=group,
        share_of_columns=0.25,
        importance_share=0.5,
        prediction=0.1,
    )
    watched = WatchedWindow(
        window=WINDOWS[0], version=1, release=1, drift=drift, run_id="r", report="r.html"
    )
    return ModelWindows(
        scored={window.name: _scored(window) for window in WINDOWS},
        performance={window.name: _measured(window) for window in WINDOWS[:2]},
        drift={WINDOWS[0].name: watched},
    )


def _scored(window: Window) -> ScoredWindow:
    return ScoredWindow(
        window=window,
        version=1,
        release=1,
        constants={"threshold": 0.5},
        feature_snapshot="f",
        rows=50,
        means={"score": 0.3, "decision": 0.2},
        scored_at=window.ends_at,
        path=Path("/predictions"),
    )


def _measured(window: Window) -> WindowPerformance:
    return WindowPerformance(
        window=window.name,
        start=window.start,
        end=window.end,
        version=1,
        release=1,
        rows=50,
        labelled=40,
        outcomes_known=50,
        mature=window == WINDOWS[0],
        as_of=window.ends_at,
        metrics={"log_loss": 0.5},
        losses=LossFigures(loss=0.5, baseline_loss=0.6, test_loss=0.4, test_baseline_loss=0.5),
    )


def test_a_ticket_with_everything(story: Story) -> None:
    story.release(version=1)
    incident = Incident(
        id="churn-1",
        severity="page",
        opened_at=MONDAY,
        since=MONDAY + timedelta(days=7),
        seen=Observation(
            check="performance/loss_increase",
            cause="more | than\nallowed",
            severity="page",
            seen_at=MONDAY,
            window="2024-01-08",
            run_id="run-7",
            summary="Log loss | too high.",
            facts={"loss": 0.51239, "limit": None, "rows": 50},
        ),
        seen_at=MONDAY,
        occasions=("2024-01-01", "2024-01-08"),
        resolved_at=MONDAY + timedelta(days=8),
        acknowledged=Acknowledgement(actor="alice", reason="I look.", severity="page", at=MONDAY),
    )
    event = IncidentEvent(
        id=1,
        model=MODEL,
        incident="churn-1",
        kind="opened",
        told="Log loss | too high.",
        actor="alerting",
        happened_at=MONDAY,
        previous_hash="",
        hash="",
    )
    assert story.ticket(incident, _windows(), event) == EVERYTHING


@pytest.fixture
def sparse() -> Incident:
    seen = Observation(check="run/train", severity="ticket", seen_at=MONDAY, summary="It broke.")
    return Incident(
        id="churn-2",
        severity="ticket",
        opened_at=MONDAY,
        since=MONDAY,
        seen=seen,
        seen_at=MONDAY,
        occasions=("",),
    )


@pytest.mark.parametrize(
    ("windows", "said"),
    [
        (ModelWindows(), "No window was scored yet."),
        ("The records | cannot be read.", r"The records \| cannot be read."),
    ],
)
def test_what_there_is_not_is_said_or_left_out(story, sparse, windows, said) -> None:
    text = story.ticket(sparse, windows)
    assert text.startswith("# churn-2: run/train [ticket, open]\n\n**It broke.**\n\n- model: churn")
    assert "## Evidence\nNo figures came with it.\n\n" in text
    assert "## What served\n- Nothing served when it was found.\n\n" in text
    assert f"## The latest windows\n{said}\n\n" in text
    assert not any(line in text for line in ("cause:", "failed in:", "acknowledged", "Dagster UI"))


def test_what_serves_by_now_is_named_beside_what_served(story, sparse) -> None:
    story.release(version=1)
    story.now += timedelta(days=1)
    story.release(version=2)
    text = story.ticket(sparse, ModelWindows())
    assert "- When it was found: version 1 (release 1), since 2024-01-01 05:00 UTC" in text
    assert "- Now: version 2 (release 2), since 2024-01-02 05:00 UTC.\n" in text
