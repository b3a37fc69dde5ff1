"""A home with orders, and what is proved of right and broken tables of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from mlops_platform.settings import Settings, read_settings
from mlops_platform.usecases.proof.prove import Prover, Wanted, opened_prover
from mlops_platform.usecases.proof.records import Proof
from tests.usecases.proof.orders import forecast_of, land_orders, spec_of, write_project

NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which some days of orders have landed."""
    place = read_settings({"MLOPS_HOME": str(tmp_path_factory.mktemp("orders") / "home")})
    land_orders(place.landing)
    return place


@pytest.fixture(scope="module")
def prover(orders: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prover]:
    """The project of all tables, parsed once."""
    project = write_project(tmp_path_factory.mktemp("project"))
    with opened_prover(orders, project, "orders") as opened:
        yield opened


@pytest.fixture(scope="module")
def leaking(prover: Prover) -> Proof:
    """What is found where facts of after the event are read, and too late a cutoff."""
    wanted = Wanted(rounds=1, facts=3, properties=("future", "cutoff"))
    return prover.prove(spec_of("leaking", "present_labels"), wanted, NOW, _silent)


@pytest.fixture(scope="module")
def short(prover: Prover) -> Proof:
    """What is found where builds of some days replace too little and look back too short."""
    wanted = Wanted(rounds=1, facts=3, properties=("incremental", "reach"))
    return prover.prove(spec_of("short", "appended_labels"), wanted, NOW, _silent)


@pytest.fixture(scope="module")
def known_ahead(prover: Prover) -> Proof:
    """What is found where one of two columns that are declared as known ahead is not."""
    wanted = Wanted(rounds=1, facts=3, properties=("future",))
    return prover.prove(
        forecast_of("orders", "labels", ["weekday", "paid_3d"]), wanted, NOW, _silent
    )


def _silent(line: str) -> None:
    """Nobody is told how far it has come."""
