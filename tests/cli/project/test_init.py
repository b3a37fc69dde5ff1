"""`mlops init` shows what it finds, asks what must be known, and writes nothing unasked."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from tests.cli.project.conftest import SAID, Init

DROP = ("--drop", "refund")


def test_when_the_label_becomes_known_is_never_guessed(init: Init, orders: Path) -> None:
    refused = init("--data", orders, "--label", "delay > 15", "--yes")
    assert refused.exit_code == 1
    assert "never guessed" in refused.stderr
    assert "`arrived_at`" in refused.stderr


def test_what_is_predicted_neither(init: Init, orders: Path) -> None:
    refused = init("--data", orders, "--yes")
    assert "Nothing says what is predicted" in refused.stderr
    assert "delay" in refused.stderr


def test_a_leak_stops_until_somebody_answers(init: Init, orders: Path, project: Path) -> None:
    refused = init("--data", orders, *SAID, "--yes")
    assert refused.exit_code == 1
    assert "'refund' alone" in refused.stderr
    assert "--drop refund to leave it out" in refused.stderr
    assert not list(project.rglob("*.yaml"))


def test_times_that_clocks_take_away_are_told_and_read_by_a_rule(
    init: Init, orders: Path, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(orders.read_text().replace("2024-01-21 02", "2024-03-31 02"))
    zoned = ("--data", file, *SAID, *DROP, "--timezone", "Europe/Berlin", "--dry-run")
    shown = init(*zoned)
    assert shown.exit_code == 0, shown.output
    assert "does not exist in Europe/Berlin" in " ".join(shown.stdout.split())
    assert "-> --clock-change earlier, or later" in shown.stdout
    assert "+  clock_change: earlier" in shown.stdout
    assert "+  clock_change: later" in init(*zoned, "--clock-change", "later").stdout
    assert "clock_change" not in init("--data", file, *SAID, *DROP, "--dry-run").stdout


def test_how_times_are_written_is_found_or_said_and_never_guessed(
    init: Init, orders: Path, tmp_path: Path
) -> None:
    german, early = tmp_path / "german.csv", tmp_path / "early.csv"
    time = re.compile(r"2024-(\d\d)-(\d\d) (\d\d:\d\d):\d\d")
    german.write_text(time.sub(r"\2.\1.2024 \3", orders.read_text()))
    # All of these days could be months.
    lines = [line for line in orders.read_text().splitlines() if not re.search("-[123]\\d ", line)]
    early.write_text(time.sub(r"\2/\1/2024 \3", "\n".join(lines)) + "\n")
    shown = init("--data", german, *SAID, *DROP, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "written %d.%m.%Y %H:%M" in " ".join(shown.stdout.split())
    assert "timestamp_format:" in shown.stdout
    for flag in ((), ("--time", "ordered_at")):
        refused = init("--data", early, *SAID, *DROP, *flag, "--yes")
        assert refused.exit_code == 1
        told = " ".join(refused.stderr.split())
        assert "can be read as %m/%d/%Y %H:%M and as %d/%m/%Y %H:%M, which is never" in told
        assert "Say --time-format 'ordered_at=%m/%d/%Y %H:%M' or --time-format" in told
    shown = init("--data", early, *SAID, *DROP, "--time-format", "%d/%m/%Y %H:%M", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert '+    timestamp_format: "%d/%m/%Y %H:%M"' in shown.stdout
    refused = init("--data", early, *SAID, "--time-format", "order_id=%d/%m/%Y", "--yes")
    assert "is not written so" in " ".join(refused.stderr.split())


def test_a_name_that_a_model_of_another_domain_has_is_refused(
    init: Init, orders: Path, project: Path
) -> None:
    other = project / "mlops_platform/defs/shop/late/defs.yaml"
    other.parent.mkdir(parents=True)
    other.write_text("")
    refused = init("--data", orders, *SAID, *DROP, "--name", "late", "--yes")
    assert refused.exit_code == 1
    assert "The domain shop has a model of this name" in " ".join(refused.stderr.split())
    assert list(project.rglob("*.yaml")) == [other]


def test_a_dry_run_is_a_diff_and_writes_nothing(init: Init, orders: Path, project: Path) -> None:
    shown = init("--data", orders, *SAID, *DROP, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "+++ mlops_platform/defs/orders/landing_orders/defs.yaml" in shown.stdout
    assert "+  table: orders" in shown.stdout
    assert "10 files new" in shown.stdout
    assert not [path for path in project.rglob("*") if path.is_file()]


def test_json_is_one_document_and_writes_nothing_without_yes(
    init: Init, orders: Path, project: Path
) -> None:
    shown = init("--data", orders, *SAID, *DROP, "--json")
    assert shown.exit_code == 0, shown.output
    document = json.loads(shown.stdout)
    assert document["profile"]["rows"] == 1200
    assert document["choices"]["label"] == "delay > 15"
    assert {file["change"] for file in document["files"]} == {"new"}
    assert document["written"] is False
    assert document["scores"]["rows"] > 0
    assert not [path for path in project.rglob("*") if path.is_file()]


def test_without_a_terminal_nothing_is_written_unless_it_is_said(
    init: Init, orders: Path, project: Path
) -> None:
    refused = init("--data", orders, *SAID, *DROP)
    assert "no terminal to ask on. Add --yes" in refused.stderr
    assert not [path for path in project.rglob("*") if path.is_file()]


def test_without_a_clock_it_says_what_is_lost_and_goes_on(init: Init, orders: Path) -> None:
    shown = init("--data", orders, "--label", "delay > 15", "--time", "none", *DROP, "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "Rows have no time" in shown.stdout
    assert "+    event_time: null" in shown.stdout


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", "", "is empty"),
        ("header.csv", "a,b\n", "has no rows"),
        ("one.csv", "a,b\n1,x\n2,x\n", "b.*x in every row"),
        ("null.csv", "a,b\n1,\n2,\n", "NULL in every row"),
    ],
)
def test_a_table_that_nothing_can_be_learnt_of_is_refused_in_a_sentence(
    init: Init, tmp_path: Path, name: str, content: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(content)
    refused = init("--data", file, "--label", "b", "--yes")
    assert refused.exit_code == 1
    assert [line for line in refused.stderr.splitlines() if line.startswith("Error")]
    assert re.search(message, refused.stderr)


def test_a_file_that_is_not_there_is_told_with_one_that_is_like_it(
    init: Init, orders: Path
) -> None:
    refused = init("--data", orders.with_name("order.csv"), "--yes")
    assert f"Did you mean {orders}?" in refused.stderr


def test_a_table_of_a_database(init: Init, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE sales (id INTEGER, price REAL)")
        rows = [(number, number % 7 * 1.5) for number in range(300)]
        database.executemany("INSERT INTO sales VALUES (?, ?)", rows)
    database.close()
    unnamed = init("--data", f"sqlite:///{file}", "--yes")
    assert "#TABLE; it has sales" in unnamed.stderr
    shown = init("--data", f"sqlite:///{file}#sales", "--label", "price > 5", "--dry-run")
    assert "DatabaseLandingComponent" in shown.stdout, shown.output


def test_a_password_stands_in_no_file(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://me:secret@127.0.0.1:1/shop"
    refused = init("--data", f"{url}#sales", "--yes")
    assert "The URL has a password" in refused.stderr
    assert "secret" not in refused.output
    monkeypatch.setenv("SHOP_URL", url)
    refused = init("--data", f"{url}#sales", "--yes")
    assert "has a password" not in refused.stderr
    assert "secret" not in refused.output


@pytest.mark.parametrize(
    "option", ["password=secret", "PassFile=/run/secret", "sslpassword=secret"]
)
def test_nor_one_among_the_options_of_the_url(
    init: Init, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    url = f"postgresql://me@127.0.0.1:1/shop?{option}&connect_timeout=1"
    refused = init("--data", f"{url}#sales", "--yes")
    assert "The URL has a password" in refused.stderr
    assert "secret" not in refused.output
    monkeypatch.setenv("SHOP_URL", url)
    refused = init("--data", f"{url}#sales", "--yes")
    assert "has a password" not in refused.stderr
    assert "secret" not in refused.output


def test_nor_in_the_message_that_no_table_was_named(
    init: Init, monkeypatch: pytest.MonkeyPatch
) -> None:
    def relation_names(url: str) -> list[str]:
        return ["sales"]

    # The tables of a server that is there: what is printed is what matters.
    monkeypatch.setattr("mlops_platform.data.databases.export.relation_names", relation_names)
    refused = init("--data", "postgresql://me:secret@db/shop?sslpassword=secret", "--yes")
    assert "Write postgresql://me:***@db/shop#TABLE; it has sales" in refused.stderr
    assert "secret" not in refused.output


def test_a_dbt_model_that_is_not_there_is_told(init: Init) -> None:
    assert "is no model of" in init("--data", "dbt:nothing", "--yes").stderr


def test_it_says_what_it_needs(init: Init) -> None:
    assert "--data with a file" in init().stderr
    assert "done nothing in this project" in init("--undo").stderr
