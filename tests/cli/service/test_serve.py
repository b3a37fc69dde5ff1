"""What `mlops serve` refuses, and what it tells the server; serving itself is in tests/e2e."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_platform.errors import SettingsError
from mlops_platform.ledger.records import BentoIdentity, Release
from mlops_platform.settings import read_settings
from mlops_platform.usecases.service.serve import ServedBento, checked_host, server_environment
from tests.cli.conftest import identity_of

HOME = Path("/srv/mlops")


def test_without_a_champion_there_is_nothing_to_serve(new, mlops) -> None:
    refused = mlops("serve", "flight_delay")
    assert refused.exit_code == 1
    assert "has no champion to serve" in refused.output
    assert "mlops train flight_delay" in refused.output


def test_a_champion_without_a_bento_cannot_be_served(past, mlops) -> None:
    refused = mlops("serve", "flight_delay")
    assert refused.exit_code == 1
    assert "release 2 of 'flight_delay' has no Bento yet" in refused.output


def test_a_bento_that_the_store_lacks_is_named(past, mlops) -> None:
    past.ledger.record_packaging("flight_delay", 2, BentoIdentity(tag="flight_delay:v2"), "bento")
    refused = mlops("serve", "flight_delay")
    assert refused.exit_code == 1
    assert str(past.home.bentoml_home / "bentos" / "flight_delay" / "v2") in refused.output


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "::"])
def test_others_are_let_in_with_tokens_only(past, mlops, monkeypatch, host: str) -> None:
    refused = mlops("serve", "flight_delay", "--host", host)
    assert refused.exit_code == 1
    assert "MLOPS_SERVING_TOKENS" in refused.output
    monkeypatch.setenv("MLOPS_SERVING_TOKENS", "secret")
    assert "has no Bento yet" in mlops("serve", "flight_delay", "--host", host).output
    assert "secret" not in mlops("serve", "flight_delay", "--host", host).output


def test_a_host_must_be_an_address() -> None:
    assert checked_host("localhost", {}) == "127.0.0.1"
    assert checked_host("::1", {}) == "::1"
    with pytest.raises(SettingsError, match=r"'example\.org' is no IP address"):
        checked_host("example.org", {})


def _served() -> ServedBento:
    release = Release(
        **identity_of(1).model_dump(),
        model="flight_delay",
        sequence=1,
        kind="promote",
        decision_id=1,
        actor="gate",
        released_at=datetime(2013, 5, 3, tzinfo=UTC),
        bento_tag="flight_delay:v1",
        previous_hash="0" * 64,
        hash="1" * 64,
    )
    return ServedBento(release, Path("/bentos/v1"), digest="d" * 64, drain_seconds=20)


def test_the_server_is_told_where_everything_is_unless_the_caller_says_otherwise() -> None:
    current = read_settings({"MLOPS_HOME": str(HOME)})
    told = server_environment(
        {"MLOPS_SERVING_LOG": "/var/log/mlops", "BENTOML_HOME": "/shared", "PATH": "/bin"},
        _served(),
        current,
        Path("/tmp/own"),
        workers=None,
    )
    assert told["MLOPS_SERVING_LOG"] == "/var/log/mlops"
    assert told["PATH"] == "/bin"
    assert told["BENTOML_HOME"] == "/tmp/own"  # never shared: metrics would mix
    assert told["MLOPS_SERVING_POINTER"] == str(HOME / "models/flight_delay/release.json")
    assert told["MLOPS_SERVING_CHALLENGER"] == str(HOME / "models/flight_delay/challenger.json")
    assert told["MLOPS_SERVING_BENTOS"] == str(HOME / "bentos")
    assert told["MLOPS_SERVING_TRUST_PACKED"] == "d" * 64
    assert "MLOPS_SERVING_PUBLIC_KEY" not in told
    assert "BENTOML_CONFIG_OPTIONS" not in told


def test_workers_are_added_to_other_options_of_bentoml() -> None:
    current = read_settings({"MLOPS_HOME": str(HOME)})
    options = {"BENTOML_CONFIG_OPTIONS": "services.flight_delay.traffic.timeout=30"}
    told = server_environment(options, _served(), current, Path("/tmp/own"), workers=3)
    assert told["BENTOML_CONFIG_OPTIONS"] == (
        "services.flight_delay.traffic.timeout=30 services.flight_delay.workers=3"
    )
