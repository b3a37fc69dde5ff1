"""A project without anything in it, and orders of somebody's own."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops_platform.cli import main
from mlops_platform.settings import Settings

Init = Callable[..., Result]
SAID = ("--label", "delay > 15", "--known-at", "arrived_at")


@pytest.fixture(scope="session")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,200 orders of 60 days; the refund is known only after the delay is."""
    draw = random.Random(0)
    lines = ["order_id,ordered_at,arrived_at,carrier,weight,delay,refund"]
    for number in range(1200):
        ordered = datetime(2024, 1, 1, 6, tzinfo=UTC) + timedelta(minutes=72 * number)
        weight, carrier = draw.uniform(0, 20), draw.choice("ABC")
        delay = draw.gauss(8 + weight / 4 + 8 * (carrier == "A"), 6)
        arrived = ordered + timedelta(hours=30, minutes=delay)
        refund = round(delay * 0.3, 2) if delay > 15 else 0
        times = f"{ordered:%Y-%m-%d %H:%M:%S},{arrived:%Y-%m-%d %H:%M:%S}"
        lines.append(f"{7000 + number},{times},{carrier},{weight:.2f},{delay:.1f},{refund}")
    file = tmp_path_factory.mktemp("orders") / "orders.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Settings) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.setattr("mlops_platform.settings.PROJECT_ROOT", root)
    return root


@pytest.fixture
def init(project: Path) -> Init:
    """`mlops init`, without a terminal."""
    return lambda *arguments: CliRunner().invoke(main, ["init", *map(str, arguments)])
