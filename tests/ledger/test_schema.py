"""A ledger of another schema is neither read nor written, and told what to do."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from mlops_platform.errors import FormatError, LedgerError
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewAdjustment, NewDecision, VersionIdentity
from mlops_platform.ledger.revisions import REVISIONS, VERSION_TABLE

Use = Callable[[str], object]
WAIT = NewDecision(kind="wait", reason="labels immature", actor="policy")
PINNED = VersionIdentity(version=2, run_id="r", digests={}, schema_hash="s", environment_hash="e")
PROMOTE = NewDecision(kind="promote", reason="better", actor="gate")
ADJUSTED = NewAdjustment(
    sequence=1,
    version=1,
    constants={"factor": 1.1},
    facts={"level": 0.9},
    labels_through=date(2013, 5, 1),
    valid_from=datetime(2013, 5, 3, 4, tzinfo=UTC),
    actor="adaptation",
)
USES: dict[str, Use] = {
    "models": lambda url: Ledger(url).models(),
    "decisions": lambda url: Ledger(url).decisions("flights"),
    "current_release": lambda url: Ledger(url).current_release("flights"),
    "adjustments": lambda url: Ledger(url).adjustments("flights", 1),
    "latest_adjustment": lambda url: Ledger(url).latest_adjustment("flights", 1),
    "activations": lambda url: Ledger(url).activations("flights"),
    "verify_chain": lambda url: Ledger(url).verify_chain("flights"),
    "record_decision": lambda url: Ledger(url).record_decision("flights", WAIT),
    "release": lambda url: Ledger(url).release("flights", PINNED, PROMOTE, expected_sequence=1),
    "record_adjustments": lambda url: Ledger(url).record_adjustments(
        "flights", [ADJUSTED], after=0
    ),
    "record_activations": lambda url: Ledger(url).record_activations("flights", []),
    "events": lambda url: IncidentLog(url).events("flights"),
    "write": lambda url: IncidentLog(url).write("flights", []),
}
every_use = pytest.mark.parametrize("use", USES.values(), ids=USES)


@every_use
def test_an_old_ledger_is_not_used_before_set_up(old_ledger: Any, use: Use) -> None:
    before = old_ledger.stored_bytes()
    with pytest.raises(LedgerError, match=r"older version of the platform: run `mlops setup`"):
        use(old_ledger.url)
    assert old_ledger.stored_bytes() == before
    Ledger(old_ledger.url).create_schema()
    use(old_ledger.url)


@every_use
def test_a_database_without_a_ledger_is_not_used_before_set_up(url: str, use: Use) -> None:
    if url.startswith("sqlite"):
        Path(make_url(url).database).parent.mkdir(parents=True)
    with pytest.raises(LedgerError, match=r"not there yet.*run `mlops setup`"):
        use(url)


@pytest.fixture
def newer(old_ledger: Any) -> Any:
    """A ledger that a newer platform has migrated."""
    Ledger(old_ledger.url).create_schema()
    old_ledger.execute(
        "ALTER TABLE decisions ADD COLUMN later INTEGER",
        f"UPDATE {VERSION_TABLE} SET version_num = '9999'",
    )
    old_ledger.drop_triggers()
    return old_ledger


@pytest.mark.parametrize(
    "use",
    [
        *USES.values(),
        lambda url: Ledger(url).create_schema(),
        lambda url: Ledger(url).needs_migration(),
    ],
    ids=[*USES, "create_schema", "needs_migration"],
)
def test_a_ledger_of_a_newer_platform_is_refused_and_left_alone(newer: Any, use: Use) -> None:
    before = newer.stored_bytes()
    with pytest.raises(FormatError) as refused:
        use(newer.url)
    told = str(refused.value)
    assert "was written by a newer version of the platform (its schema is 9999" in told
    assert told.endswith(": install it.")
    assert newer.stored_bytes() == before
    assert newer.version() == "9999"
    # No trigger came back: nothing was written at all.
    newer.execute("UPDATE decisions SET reason = 'other'")


def test_a_refusal_does_not_show_the_password(newer: Any) -> None:
    url = make_url(newer.url).set(password="secret")
    with pytest.raises((FormatError, LedgerError)) as refused:
        Ledger(url.render_as_string(hide_password=False)).models()
    assert "secret" not in str(refused.value)


def test_whether_rows_would_be_migrated_is_told(empty_old_ledger: Any) -> None:
    ledger = Ledger(empty_old_ledger.url)
    assert not ledger.needs_migration()
    empty_old_ledger.create()
    assert not ledger.needs_migration()
    empty_old_ledger.fill()
    assert ledger.needs_migration()
    ledger.create_schema()
    assert not ledger.needs_migration()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_to_ask_creates_nothing(url: str) -> None:
    Path(make_url(url).database).parent.mkdir(parents=True)
    assert not Ledger(url).needs_migration()
    assert not Path(make_url(url).database).exists()


def test_every_revision_but_the_last_is_behind(old_ledger: Any) -> None:
    Ledger(old_ledger.url).create_schema()
    for revision in REVISIONS[:-1]:
        old_ledger.execute(f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'")
        with pytest.raises(LedgerError, match="run `mlops setup`"):
            Ledger(old_ledger.url).models()
