"""A scanned table of orders, and drafts of what is said of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.data.profiling.findings import findings
from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.usecases.scaffold.choices import Choices, FileSourceChoice
from mlops_platform.usecases.scaffold.inquiry import check_draft, completed_choices, outcome_of
from mlops_platform.usecases.scaffold.proposing.answers import Answers
from mlops_platform.usecases.scaffold.proposing.draft import Draft

Propose = Callable[..., Choices]
SAID = {"label": "Delay > 15", "known_at": "arrived_at"}


def order_rows(days: int = 60, a_day: int = 20) -> Iterator[str]:
    """Lines of a CSV file: an order has an id, two times, and a carrier that is late."""
    yield "Order ID,ordered_at,arrived_at,carrier,Delay,weight,email,country,note"
    for number in range(days * a_day):
        day, carrier = number // a_day, "ABC"[number % 3]
        delay = (number * 7) % 10 + (12 if carrier == "A" else 2)
        ordered = f"2024-{1 + day // 28:02}-{1 + day % 28:02} 08:{number % 60:02}:00"
        arrived = f"2024-{1 + day // 28:02}-{1 + day % 28:02} 20:{number % 60:02}:00"
        weight = -999 if number % 10 == 0 else number % 50
        note = "left at the door as was agreed by phone with somebody" if number % 4 else ""
        email = f"p{number % 300}@example.org"
        yield f"{5000 + number},{ordered},{arrived},{carrier},{delay},{weight},{email},DE,{note}"


@pytest.fixture(scope="session")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScannedTable]:
    file = tmp_path_factory.mktemp("orders") / "orders.csv"
    file.write_text("\n".join(order_rows()) + "\n")
    with scan_files([file]) as table:
        yield table


@pytest.fixture
def draft(orders: ScannedTable) -> Callable[..., Draft]:
    """What is said, by keyword; orders.csv in /data."""

    def drafted(table: ScannedTable = orders, **answers: Any) -> Draft:
        return Draft(
            profile=table.profile,
            source=FileSourceChoice(folder="/data", pattern="orders.csv"),
            source_name="orders.csv",
            answers=Answers(**{**SAID, **answers}),
            findings=findings(table.profile),
        )

    return drafted


@pytest.fixture
def propose(orders: ScannedTable, draft: Callable[..., Draft]) -> Propose:
    def proposed(**answers: Any) -> Choices:
        said = draft(**answers)
        outcome = outcome_of(orders, said)
        check_draft(orders, said)
        return completed_choices(orders, said, outcome)

    return proposed


def written(folder: Path, text: str) -> Path:
    file = folder / "table.csv"
    file.write_text(text)
    return file
