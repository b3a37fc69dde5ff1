"""Commands of the documents that no test runs as they stand, each with what tests it instead."""

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """Why a command is not run as it stands.

    Args:
        file: what runs it, with other words or on another home.
        holds: what stands in that file.
    """

    reason: str
    file: str
    holds: str


_ERASE = Elsewhere("of a table that is not here", "tests/cli/home/test_erase.py", '"erase"')
_APPROVE = Elsewhere(
    "nothing is suggested here", "tests/usecases/ledger/test_suggestion.py", "approve"
)

NOT_RUN: dict[str, Elsewhere] = {
    "make setup": Elsewhere("installs packages, as before every test", "Makefile", "test: setup"),
    "make demo": Elsewhere("minutes; a smaller one is run", "tests/e2e/conftest.py", ".demo("),
    "make portfolio": Elsewhere(
        "minutes of every model", "tests/cli/test_portfolio.py", '"portfolio"'
    ),
    "make test": Elsewhere("this test is part of it", ".ci/run", "make test"),
    'mlops rollback flight_delay --reason "late arrivals doubled since noon"': Elsewhere(
        "there is no older champion here", "tests/e2e/service/test_swap.py", '"rollback"'
    ),
    "mlops serve flight_delay --port 8080 --workers 4": Elsewhere(
        "one service is enough here", "tests/e2e/service/test_swap.py", '"--workers"'
    ),
    "BENTOML_HOME=.mlops/bentos MLOPS_SERVING_TRUST_PACKED=true "
    ".venv/bin/bentoml serve flight_delay:v3 --port 3001": Elsewhere(
        "served alone, on a port of its own",
        "tests/e2e/service/test_faults.py",
        '"bentoml", "serve"',
    ),
    'mlops approve flight_delay --reason "before the holidays"': _APPROVE,
    'mlops approve flight_delay --reject --reason "sensor fault in week 14"': _APPROVE,
    "MLOPS_HOME=/srv/mlops mlops restore /mnt/backups/mlops-20261128T043000000000Z": Elsewhere(
        "of a backup that was made then", "tests/e2e/home/test_backup.py", '"restore"'
    ),
    """mlops erase visits --where "patient_id = 'p-17'" --reason "Request 2026-31\"""": _ERASE,
    """mlops erase visits --where "patient_id = 'p-17'" --reason "Request 2026-31" --dry-run""": (
        _ERASE
    ),
    "mlops serve departures": Elsewhere(
        "its champion takes minutes and a year; its answers and its store are tried apart",
        "tests/driving/test_without_event_time.py",
        "read_export(",
    ),
    "curl -s localhost:3001/v1/forecast -H 'Content-Type: application/json' "
    """-d '{"series": "JFK|B6", "origin": "2013-12-16"}'""": Elsewhere(
        "another model answers here", "tests/serving/http/test_expanded.py", "/v1/forecast"
    ),
    "mlops check": Elsewhere(
        "fits the candidates of every model; the tutorial checks the demo's and its own",
        "Makefile",
        "$(BIN)/mlops check",
    ),
    "mlops train flight_delay": Elsewhere(
        "trained in a home that has lived",
        "tests/e2e/programs/lived_on.py",
        '"train", "flight_delay"',
    ),
    "mlops prove flight_delay": Elsewhere(
        "minutes of all rows; the tutorial proves a part", "docs/tutorial/README.md", "mlops prove"
    ),
    "mlops prove flight_delay --rounds 1 --days 37": Elsewhere(
        "the tutorial proves its own tables", "docs/tutorial/README.md", "mlops prove"
    ),
    "dg launch --job build_features --config-json "
    """'{"ops": {"dbt_features": {"config": {"full": true}}}}'""": (
        Elsewhere("builds all features again", "tests/driving/test_rebuild.py", '{"full": True}')
    ),
    "mlops reproduce flight_delay@1 --from-facts": Elsewhere(
        "builds all features again",
        "tests/usecases/reproduction/test_flights_from_facts.py",
        "def test_",
    ),
}
"""By the command as it is shown, on one line and without its comment."""
