"""What late deliveries make stale, against a rule that is slow and plain; and the state of it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.data.features.builds import (
    Builds,
    BuildState,
    Project,
    build_job,
    builds_of,
    kept_builds,
    stale_days,
)
from mlops_platform.data.features.kept_projects import BuiltWith
from mlops_platform.data.features.seen import SeenDay
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.data.landing.deliveries import day_folder, delivery_folders
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.parquet import write_parquet
from mlops_platform.errors import DataError

ORIGIN = date(2024, 3, 1)
ARRIVED = datetime(2024, 4, 1, 6, tzinfo=UTC)
NOON = datetime(2024, 4, 1, 12, tzinfo=UTC)
TICKETS = LandedTable(table="tickets", key=("ticket",), known_at="sold_at", max_gone=1)
USES = LandedTable(table="uses", key=("use",), known_at="used_at", max_gone=1)
BUILT_WITH = BuiltWith(dbt_project="digest", packages={"duckdb": "2.0.0"})
PROJECT = Project(sources=("tickets", "uses"), tables=("features",), reach_days=2)

days = st.integers(0, 60).map(lambda number: ORIGIN + timedelta(days=number))
sets_of_days = st.frozensets(days, max_size=20)


@given(sets_of_days, sets_of_days, st.none() | st.integers(0, 10))
def test_a_built_day_is_stale_where_a_touched_one_reaches_it(
    touched: frozenset[date], built: frozenset[date], reach: int | None
) -> None:
    plainly = {
        day
        for day in built
        for other in touched
        if other <= day and (reach is None or day <= other + timedelta(days=reach))
    }
    assert stale_days(touched, built, reach) == plainly


def day(number: int) -> date:
    return ORIGIN + timedelta(days=number)


def noon(number: int) -> datetime:
    return datetime(2024, 3, 1, 12, tzinfo=UTC) + timedelta(days=number)


class Place:
    """A landing of tickets and of what became of them, some days later, and builds of both."""

    def __init__(self, root: Path) -> None:
        self.landing = root / "landing"
        self.builds = Builds(self.landing, root / "features")

    def tickets(self, number: int, *prices: tuple[str, int], at: datetime = ARRIVED) -> None:
        rows = pa.table(
            {
                "ticket": [ticket for ticket, _ in prices],
                "price": [price for _, price in prices],
                "sold_at": pa.array([noon(number)] * len(prices), pa.timestamp("us", "UTC")),
            }
        )
        self._land(TICKETS, number, rows, at)

    def uses(self, number: int, *tickets: str, at: datetime = ARRIVED) -> None:
        rows = pa.table(
            {
                "use": pa.array([f"{ticket}@{number}" for ticket in tickets], pa.string()),
                "ticket": pa.array(list(tickets), pa.string()),
                "used_at": pa.array([noon(number)] * len(tickets), pa.timestamp("us", "UTC")),
            }
        )
        self._land(USES, number, rows, at)

    def _land(self, table: LandedTable, number: int, rows: pa.Table, at: datetime) -> None:
        arrival = Arrival.begun(self.landing, table.table, [day(number)], at)
        land_day(self.landing, table, day(number), rows, arrival)

    def folder(self, table: str, number: int) -> Path:
        return day_folder(self.landing, table, day(number))

    def build(self, first: int | None = None, last: int | None = None) -> None:
        self.begin(first, last)
        self.builds.end()

    def begin(self, first: int | None = None, last: int | None = None) -> dict[str, str]:
        bounds = {"start_day": first, "end_day": last}
        days = {name: str(day(n)) for name, n in bounds.items() if n is not None}
        return self.builds.begin(PROJECT, ARRIVED, days)

    @property
    def state(self) -> BuildState:
        state = self.builds.noticed(ARRIVED)
        assert state is not None
        return state

    @property
    def stale(self) -> list[int]:
        return [(one - ORIGIN).days for one in self.state.stale_days]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Ten days, built; of each day one ticket was used three days later."""
    place = Place(tmp_path)
    for number in range(10):
        place.tickets(number, (f"a{number}", 1), (f"b{number}", 1), at=noon(number))
        place.uses(number, *([f"a{number - 3}"] if number >= 3 else []), at=noon(number))
    place.build()
    return place


def test_what_lands_after_the_built_days_makes_nothing_stale(place: Place) -> None:
    assert place.stale == []
    place.tickets(10, ("a10", 1))
    place.tickets(10, ("a10", 2))
    assert place.stale == []
    place.build(10, 10)
    assert place.state.built[-1] == day(10)


def test_a_changed_fact_makes_stale_its_day_its_facts_elsewhere_and_what_they_reach(
    place: Place,
) -> None:
    place.tickets(1, ("a1", 2), ("b1", 1))
    # Its own day, the one on which it was used, and two more of each. It arrived in April.
    assert place.stale == [1, 2, 3, 4, 5, 6]
    (why,) = place.state.stale
    assert (why.table, why.day, why.happened) == ("tickets", day(1), "arrived")
    assert (why.added, why.changed, why.gone) == (0, 1, 0)


def test_a_fact_without_others_of_its_key_makes_stale_what_its_day_reaches(place: Place) -> None:
    place.tickets(1, ("a1", 1), ("b1", 2))
    assert place.stale == [1, 2, 3]


def test_days_from_which_changes_count_are_stale(place: Place) -> None:
    place.tickets(1, ("a1", 1), at=noon(7))
    # Taken back at noon of the seventh: somewhere on earth it was the day before or after.
    assert place.stale == [1, 2, 3, 6, 7, 8, 9]
    (why,) = place.state.stale
    assert why.gone == 1


def test_an_added_fact_counts_from_when_its_source_says(place: Place) -> None:
    place.tickets(1, ("a1", 1), ("b1", 1), ("c1", 1), at=noon(7))
    assert place.stale == [0, 1, 2, 3, 4]


def test_a_gap_that_is_filled_is_built_and_what_it_reaches(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for number in (0, 1, 3, 4, 5, 6):
        place.tickets(number, (f"a{number}", 1))
    place.build()
    place.tickets(2, ("a2", 1))
    assert place.stale == [1, 2, 3, 4, 5]
    place.build(1, 5)
    assert place.stale == []
    assert day(2) in place.state.built


def test_a_build_of_some_days_leaves_the_others_stale(place: Place) -> None:
    place.tickets(1, ("a1", 2), ("b1", 1))
    place.build(2, 4)
    assert place.stale == [1, 5, 6]
    place.build()
    assert place.stale == []
    assert place.state.stale == ()


def test_a_build_that_fails_leaves_everything_stale(place: Place) -> None:
    place.tickets(1, ("a1", 1), ("b1", 2))
    place.begin(1, 3)
    assert place.stale == [1, 2, 3]
    kept = place.builds.read()
    assert kept is not None
    assert kept.stale_days == place.state.stale_days
    place.build(1, 3)
    assert place.stale == []


def test_what_a_build_did_not_publish_is_built_by_the_next_one(place: Place) -> None:
    place.begin(1, 3)
    place.begin(5)
    assert place.begin(4, 6) == {"start_day": str(day(1))}
    place.builds.end()
    assert place.begin(4, 6) == {"start_day": str(day(4)), "end_day": str(day(6))}


def test_a_build_anew_that_did_not_come_to_its_end_is_one_anew_again(place: Place) -> None:
    days = {"start_day": str(day(4)), "end_day": str(day(6))}
    assert place.builds.begin(PROJECT, ARRIVED, days, anew=True) == {}
    assert place.begin(4, 6) == {}
    place.builds.end()
    assert place.begin(4, 6) == days


def test_what_lands_while_a_build_runs_is_late(place: Place) -> None:
    place.begin()
    # A new day, of which the build may have read one table and not the other.
    place.tickets(10, ("a10", 1))
    place.uses(10, "a7")
    place.tickets(1, ("a1", 1), ("b1", 2))
    place.builds.end()
    assert {1, 2, 3, 10} <= set(place.stale)
    place.build()
    assert place.stale == []


def test_facts_that_last_reach_every_later_day(place: Place) -> None:
    lasting = PROJECT.model_copy(update={"lasting": ("tickets",)})
    place.builds.begin(lasting, ARRIVED, {})
    place.builds.end()
    place.tickets(3, ("a3", 1), ("b3", 2))
    assert place.stale == list(range(3, 10))
    (*_, delivery) = delivery_folders(place.folder("uses", 5))
    rmtree(delivery)
    assert [one.days for one in place.state.stale if one.table == "uses"] == [
        tuple(map(day, range(5, 10)))
    ]


def test_deliveries_add_up(place: Place) -> None:
    place.tickets(1, ("a1", 1), ("b1", 2))
    place.builds.notice(ARRIVED)
    place.tickets(8, ("a8", 1), ("b8", 2))
    assert place.stale == [1, 2, 3, 8, 9]
    assert len(place.state.stale) == 2


def test_looking_writes_nothing(place: Place) -> None:
    place.tickets(1, ("a1", 1), ("b1", 2))
    file = place.builds.published / "_builds.json"
    before = file.read_bytes()
    assert place.stale
    assert len(place.builds.news()) == 1
    assert file.read_bytes() == before


def test_a_delivery_that_is_gone_makes_its_day_and_all_later_ones_stale(place: Place) -> None:
    place.tickets(1, ("a1", 1), ("b1", 2))
    place.build()
    for file in delivery_folders(place.folder("tickets", 1))[1].iterdir():
        file.unlink()
    assert [one.happened for one in place.builds.news()] == ["altered"]
    delivery_folders(place.folder("tickets", 1))[1].rmdir()
    assert [one.happened for one in place.builds.news()] == ["vanished"]
    assert place.stale == list(range(1, 10))


def test_a_day_that_is_gone_is_stale_until_it_is_built_without_it(place: Place) -> None:
    for file in sorted(place.folder("uses", 4).rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    place.folder("uses", 4).rmdir()
    assert place.stale == list(range(4, 10))
    place.build(4, 9)
    assert place.stale == []
    assert place.builds.news() == []


def test_files_that_are_written_anew_alike_are_no_news(place: Place) -> None:
    (delivery,) = delivery_folders(place.folder("tickets", 1))
    for file in list(delivery.iterdir()):
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content)
    assert place.builds.news() == []
    assert place.stale == []


def test_rows_that_were_taken_out_make_their_day_and_all_later_ones_stale(place: Place) -> None:
    (delivery,) = delivery_folders(place.folder("tickets", 1))
    kept = pa.table({"ticket": ["a1"]})
    write_parquet(kept, delivery / "data.parquet")
    assert place.stale == list(range(1, 10))


def test_files_of_another_producer_count_once_they_are_adopted(place: Place) -> None:
    rows = pa.table({"ticket": ["a1", "b1"], "price": [1, 3]})
    rows = rows.append_column("sold_at", pa.array([noon(1)] * 2, pa.timestamp("us", "UTC")))
    write_parquet(rows, place.folder("tickets", 1) / "theirs.parquet")
    assert place.stale == []
    adopt_files(place.landing, ARRIVED)
    assert place.stale == [1, 2, 3]


def test_a_home_of_before_has_built_what_it_published(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for number in range(4):
        place.tickets(number, (f"a{number}", 1))
    manifest = {"partition_column": "day", "partitions": {}}
    for number in range(3):
        manifest["partitions"][str(day(number))] = {"rows": 1, "digest": "d"}  # type: ignore[index]
    file = place.builds.published / "features" / "_manifest.json"
    file.parent.mkdir(parents=True)
    file.write_text(str(manifest).replace("'", '"'))
    assert place.builds.noticed(ARRIVED) is None
    place.tickets(1, ("a1", 2))
    place.begin()
    assert place.state.built == (day(0), day(1), day(2))
    assert place.stale == [1, 2]


def test_a_source_that_is_new_to_the_project_is_no_news(place: Place) -> None:
    narrow = PROJECT.model_copy(update={"sources": ("tickets",)})
    place.builds.begin(narrow, ARRIVED, {})
    place.uses(1, "a0")
    assert place.stale == []
    place.begin()
    assert place.stale == []
    place.uses(1, "a0", "b0")
    assert place.stale == [0, 1, 2, 3, 4]


def test_each_store_knows_its_own_builds(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.tickets(1, ("a", 1))
    other = Builds(place.landing, place.builds.published, "dbt_features_uses")
    assert kept_builds(place.landing, place.builds.published) == []
    for builds, table in ((place.builds, "ticket_features"), (other, "use_features")):
        builds.begin(Project(sources=("tickets",), tables=(table,), reach_days=0), ARRIVED, {})
        builds.end()
    assert kept_builds(place.landing, place.builds.published) == [place.builds, other]
    assert builds_of(place.landing, place.builds.published, "use_features") == other
    assert builds_of(place.landing, place.builds.published, "tickets") is None
    # A domain that was taken away had published what another one does now.
    of_both = Project(
        sources=("tickets",), tables=("use_features", "ticket_features"), reach_days=0
    )
    other.begin(of_both, ARRIVED, {})
    other.end()
    assert builds_of(place.landing, place.builds.published, "ticket_features") == other
    place.tickets(1, ("a", 2), at=ARRIVED + timedelta(hours=1))
    other.begin(Project(sources=("tickets",), tables=("use_features",), reach_days=0), NOON, {})
    other.end()
    stale = {builds.store: builds.noticed(NOON).stale_days for builds in (place.builds, other)}
    assert stale == {"dbt_features": [day(1)], "dbt_features_uses": []}
    assert [build_job(builds.store) for builds in (place.builds, other)] == [
        "build_features",
        "build_features_uses",
    ]


def test_a_damaged_state_is_refused_with_its_cure(place: Place) -> None:
    (place.builds.published / "_builds.json").write_text("no state")
    with pytest.raises(DataError, match="Restore it from a backup"):
        place.builds.read()


class Plainly:
    """The rule of ADR 0031 over small days, written down as it is told."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], dict[str, int]] = {}
        self.ever: dict[tuple[str, int], set[str]] = {}
        self.arrived: dict[tuple[str, int], int] = {}
        self.built: set[int] = set()
        self.stale: set[int] = set()

    def land(self, table: str, number: int, rows: dict[str, int], at: int) -> None:
        place = (table, number)
        first, before = place not in self.rows, self.rows.get(place, {})
        ever = self.ever.setdefault(place, set())
        added = rows.keys() - ever
        gone = before.keys() - rows.keys()
        changed = {key for key in rows.keys() & ever if before.get(key) != rows[key]}
        self.rows[place] = rows
        ever.update(rows)
        if not (first or added | changed | gone):
            return
        at = self.arrived[place] = max(at, self.arrived.get(place, 0))
        if not self.built or number > max(self.built):
            return
        touched = {number}
        touched |= {number + around for around in (-1, 0, 1) if added}
        touched |= {max(at, number) + around for around in (-1, 0, 1) if changed}
        touched |= {at + around for around in (-1, 0, 1) if gone}
        keys = added | changed | gone
        touched |= {day for (_, day), others in self.ever.items() if keys & others}
        self.stale |= {day for day in self.built for t in touched if t <= day <= t + 2} | {number}

    def build(self, first: int, last: int) -> None:
        covered = set(range(first, last + 1))
        self.built |= {day for _, day in self.rows if day in covered}
        self.stale -= covered


numbers = st.integers(0, 7)
deliveries = st.tuples(
    st.sampled_from(["sales", "refunds"]),
    numbers,
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 1), max_size=3),
    numbers,
)
steps = st.lists(st.one_of(deliveries, st.tuples(numbers, numbers)), max_size=12)


def test_a_day_of_a_table_is_complete_by_the_sources_behind_that_table() -> None:
    flights, sales = ([day(number) for number in span] for span in (range(3), range(10, 13)))
    project = Project(
        sources=("flights", "sales"),
        tables=("flight_features", "baskets"),
        reach_days=0,
        behind={"flight_features": ("flights",), "baskets": ("sales",)},
    )
    seen = {
        source: dict.fromkeys(days, SeenDay(stamp=None, deliveries={}))
        for source, days in (("flights", flights), ("sales", sales))
    }
    state = BuildState(project=project, seen=seen, built=(*flights, *sales))
    assert state.complete_days("flight_features") == frozenset(flights)
    assert state.complete_days("baskets") == frozenset(sales)
    assert state.unlanded("baskets", [*sales, day(13)]) == {day(13): ["sales"]}
    # As a version before kept it: every source is behind every table.
    before = state.model_copy(update={"project": project.model_copy(update={"behind": {}})})
    assert before.complete_days("baskets") == frozenset()


@settings(max_examples=40)
@given(steps)
def test_whatever_lands_the_stale_days_are_those_of_the_rule(
    steps: list[tuple[str, int, dict[str, int], int] | tuple[int, int]],
) -> None:
    project = Project(sources=("sales", "refunds"), tables=("features",), reach_days=2)
    with TemporaryDirectory() as folder:
        landing, plainly = Path(folder, "landing"), Plainly()
        builds = Builds(landing, Path(folder, "features"))
        builds.begin(project, ARRIVED, {})
        builds.end()
        for step in steps:
            if len(step) == 2:
                first, last = min(step), max(step)
                days = {"start_day": str(day(first)), "end_day": str(day(last))}
                assert builds.begin(project, ARRIVED, days) == days
                builds.end()
                plainly.build(first, last)
            else:
                table, number, rows, at = step
                land_sales(landing, table, number, rows, noon(at))
                plainly.land(table, number, rows, at)
            state = builds.noticed(ARRIVED)
            assert state is not None
            assert state.stale_days == [day(number) for number in sorted(plainly.stale)]


def land_sales(landing: Path, table: str, number: int, rows: dict[str, int], at: datetime) -> None:
    declared = LandedTable(table=table, key=("sale",), known_at="at", max_gone=1)
    content = pa.table(
        {
            "sale": pa.array(list(rows), pa.string()),
            "price": pa.array(list(rows.values()), pa.int64()),
            "at": pa.array([noon(number)] * len(rows), pa.timestamp("us", "UTC")),
        }
    )
    arrival = Arrival.begun(landing, table, [day(number)], at)
    land_day(landing, declared, day(number), content, arrival)


def test_a_build_of_everything_builds_what_is_new_or_stale(place: Place) -> None:
    def outstanding() -> dict[str, str]:
        return place.builds.outstanding(ARRIVED, BUILT_WITH)

    # Nobody has said what it was built with.
    assert outstanding() == {}
    place.begin()
    place.builds.end(BUILT_WITH)
    last = {"start_day": str(day(9)), "end_day": str(day(9))}
    assert outstanding() == last
    place.tickets(10, ("a10", 1))
    assert outstanding() == {"start_day": str(day(10)), "end_day": str(day(10))}
    place.tickets(4, ("a4", 2), ("b4", 1))
    assert outstanding() == {"start_day": str(day(4)), "end_day": str(day(10))}
    place.begin(4, 10)
    place.builds.end(BUILT_WITH)
    assert outstanding() == {"start_day": str(day(10)), "end_day": str(day(10))}


def test_what_was_built_otherwise_is_built_again(place: Place) -> None:
    edited = BUILT_WITH.model_copy(update={"dbt_project": "edited"})
    place.begin()
    place.builds.end(BUILT_WITH)
    assert place.builds.outstanding(ARRIVED, edited) == {}
    # The project was edited, and one day is built with it: the others are those of before.
    place.begin(9, 9)
    place.builds.end(edited)
    assert place.builds.outstanding(ARRIVED, edited) == {}
    assert place.builds.outstanding(ARRIVED, BUILT_WITH) == {}
    place.begin()
    place.builds.end(edited)
    assert place.builds.outstanding(ARRIVED, edited) != {}


def test_a_first_build_of_some_days_says_what_they_were_built_with(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for number in range(3):
        place.tickets(number, (f"a{number}", 1))
        place.uses(number)
    place.begin(0, 1)
    place.builds.end(BUILT_WITH)
    outstanding = {"start_day": str(day(2)), "end_day": str(day(2))}
    assert place.builds.outstanding(ARRIVED, BUILT_WITH) == outstanding
