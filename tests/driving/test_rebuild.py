"""Late deliveries on the real project: what is built again equals what is built anew."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree, rmtree

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_platform.cli.home.setup import copy_dagster_yaml
from mlops_platform.components.doctor import examine_landing
from mlops_platform.components.instance import open_instance
from mlops_platform.components.landing.jobs import daily_landings
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.models import declared_lifecycles
from mlops_platform.data.features.builds import FIRST_STORE, STATE_FILE, Builds, BuildState
from mlops_platform.data.features.published import published_days, published_digest
from mlops_platform.data.landing.deliveries import day_folder, day_rows, delivery_folders
from mlops_platform.data.landing.landed_table import read_state
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.parquet import write_parquet
from mlops_platform.definitions import defs
from mlops_platform.driving.driver import JobDriver, day_range, run_config
from mlops_platform.driving.landing import TableLanding
from mlops_platform.driving.missing import build
from mlops_platform.driving.rebuild import Rebuild, notice
from mlops_platform.errors import MlopsError, SpecError
from mlops_platform.settings import Settings, settings
from mlops_platform.usecases.deployment import deployment_at
from tests.data.size_cases import UNCHANGED, WINDOW
from tests.driving.test_phases import Shown
from tests.homes.stamped import write_stamp

FIRST = date(2013, 2, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(12)]
GAP = DAYS[4]
TABLES = ("flight_features", "flight_labels")

pytestmark = pytest.mark.slow


@dataclass
class Place:
    """Twelve winter days of a real deployment, of which one lacks the weather."""

    home: Settings
    driver: JobDriver
    models: Sequence[LifecycleModel]

    def __post_init__(self) -> None:
        self.rebuild = Rebuild(deployment_at(self.home), self.driver, self.models, Shown(), "me")
        self.landing = TableLanding(
            self.driver, Shown(), self.home.landing, datetime.now(UTC), "me"
        )

    def build(self, first: date, last: date) -> None:
        model = next(model for model in self.rebuild.models if model.name == "flight_delay")
        build(self.driver, model, print, start_day=first, end_day=last)

    def correct(self, table: str, day: date, rows: pa.Table) -> None:
        """Deliver a day again."""
        declared = read_state(self.home.landing / table).declared
        assert declared is not None
        now = datetime.now(UTC)
        arrival = Arrival.begun(self.home.landing, table, [day], now, retract=True)
        land_day(self.home.landing, declared, day, rows, arrival)

    def rows(self, table: str, day: date) -> pa.Table:
        folder = day_folder(self.home.landing, table, day)
        declared = read_state(folder.parent).declared
        assert declared is not None
        return day_rows(declared, folder)

    @property
    def state(self) -> BuildState:
        state = Builds(self.home.landing, self.home.published).noticed(datetime.now(UTC))
        assert state is not None
        return state

    @property
    def last_built(self) -> tuple[date, date]:
        """First and last day of the last build, whose days are all that tables in between have."""
        with duckdb.connect(str(self.home.warehouse), read_only=True) as connection:
            query = "SELECT min(local_date), max(local_date) FROM int_flights"
            first, last = connection.execute(query).fetchone() or (date.min, date.min)
            return first, last

    def logged(self, text: str) -> bool:
        """Whether the last run has said it."""
        instance = self.driver.instance
        (run,) = instance.get_runs(limit=1)
        return any(text in event.user_message for event in instance.all_logs(run.run_id))

    def events(self, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
        """What happened in the last run."""
        instance = self.driver.instance
        (run,) = instance.get_runs(limit=1)
        entries = instance.all_logs(run.run_id, of_type=kind)
        return [entry.dagster_event for entry in entries if entry.dagster_event is not None]

    @property
    def published(self) -> dict[str, str]:
        return {table: published_digest(self.home.published, table) for table in TABLES}

    @property
    def published_files(self) -> dict[Path, bytes]:
        """Every file of the store but the one that says what was built of what."""
        files = (file for file in self.home.published.rglob("*") if file.is_file())
        return {file: file.read_bytes() for file in files if file.name != STATE_FILE}


def landing_job(definitions: dg.Definitions, table: str) -> str:
    """The job that lands a table's days: landings of other days have one of their own."""
    (job,) = (
        landing.job
        for landing in daily_landings(definitions)
        if dg.AssetKey(["landing", table]) in landing.keys
    )
    return job


@dataclass(frozen=True)
class Built:
    """The lake, the warehouse and what sources keep of a home that was landed and built once."""

    home: Path
    definitions: dg.Definitions
    models: Sequence[LifecycleModel]
    """Both are loaded once: they name no home."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_HOME", str(tmp_path_factory.mktemp("built") / "mlops"))
        settings.cache_clear()
        patch.setenv("DAGSTER_HOME", str(settings().dagster_home))
        copy_dagster_yaml(settings())
        write_stamp(settings().home)
        definitions, models = defs(), declared_lifecycles()
        with _opened(settings(), definitions, models) as place:
            place.driver.run("land_snapshots")
            place.driver.run(landing_job(place.driver.definitions, "weather"), tags=day_range(DAYS))
            rmtree(day_folder(place.home.landing, "weather", GAP))
            place.build(DAYS[0], DAYS[-2])
            built = Built(place.home.home, definitions, models)
    settings.cache_clear()
    return built


@pytest.fixture
def place(built: Built, home: Settings) -> Iterator[Place]:
    """A copy of it, and runs of its own."""
    for part in ("lake", "warehouse", "cache"):
        copytree(built.home / part, home.home / part)
    with _opened(home, built.definitions, built.models) as place:
        yield place


@contextmanager
def _opened(
    home: Settings, definitions: dg.Definitions, models: Sequence[LifecycleModel]
) -> Iterator[Place]:
    deployment_at(home).ledger.create_schema()
    with open_instance() as instance:
        yield Place(home, JobDriver(definitions, instance), models)


def longer(delays: pa.Table, minutes: int) -> pa.Table:
    """Outcomes with longer delays."""
    number = delays.schema.get_field_index("arrival_delay_minutes")
    longer = pc.add(delays["arrival_delay_minutes"], pa.scalar(minutes, pa.int32()))
    return delays.set_column(number, delays.schema.field(number), longer)


def test_what_is_built_again_is_what_is_built_anew(place: Place) -> None:
    assert place.state.stale_days == []
    as_before = place.published

    # A day that no build has covered yet is no stale one.
    outcomes = place.rows("flight_outcomes", DAYS[-1])
    place.correct("flight_outcomes", DAYS[-1], longer(outcomes, 20))
    assert place.state.stale_days == []

    # The weather of a day comes late, and some outcomes are corrected, and one is taken back.
    (late,) = place.landing.land("weather", [GAP], retract=False)
    assert (late.day, late.meaning) == (GAP, None)
    assert place.landing.left_out("weather") == []
    outcomes = place.rows("flight_outcomes", DAYS[6])
    corrected = pa.concat_tables([longer(outcomes.slice(1, 200), 30), outcomes.slice(201)])
    place.correct("flight_outcomes", DAYS[6], corrected)
    told = {(one.table, one.day): (one.added, one.changed, one.gone) for one in place.state.stale}
    assert told.keys() == {("weather", GAP), ("flight_outcomes", DAYS[6])}
    added, changed, gone = told["flight_outcomes", DAYS[6]]
    assert (added, gone) == (0, 1)
    assert 190 < changed <= 200
    # Some flights of the evening before have landed after midnight.
    assert place.state.stale_days == DAYS[3:-1]

    # A build of one of the tables leaves the other's days stale.
    model = next(model for model in place.rebuild.models if model.name == "flight_delay")
    place.driver.run(
        "build_features",
        config=model.store.build_config(DAYS[3], DAYS[-2]),
        assets=[model.store.tables["flight_labels"]],
    )
    assert place.state.stale_days == DAYS[3:-1]

    assert place.rebuild.build({FIRST_STORE: place.state}) == [(DAYS[3], DAYS[-2])]
    assert place.state.stale == ()
    rebuilt = place.published
    assert all(rebuilt[table] != as_before[table] for table in TABLES)
    assert list(place.rebuild.measure()) == []  # nothing was released, so that nothing was measured

    place.home.warehouse.unlink()
    rmtree(place.home.published)
    place.build(DAYS[0], DAYS[-2])
    assert place.published == rebuilt

    # Who materialises a window together with its tables wants its days built, and no others.
    window = [*model.store.assets, dg.AssetKey([model.name, "predictions"])]
    with pytest.raises(MlopsError, match="no champion that could score"):
        place.driver.run(ANY_ASSETS, partition=str(DAYS[3]), assets=window)
    assert place.last_built == (DAYS[3], DAYS[9])
    assert place.logged(WINDOW.reads)
    # Of everything that has landed all but one day is built as it would be now.
    place.driver.run("build_features")
    assert place.last_built == (DAYS[-1], DAYS[-1])
    assert place.logged(UNCHANGED.reads)
    place.driver.run("build_features", config=run_config(model.store.build_op, {"full": True}))
    assert place.last_built == (DAYS[0], DAYS[-1])


def test_a_build_that_fails_leaves_its_days_stale(place: Place) -> None:
    before, files = place.published, place.published_files
    outcomes = place.rows("flight_outcomes", DAYS[6])
    place.correct("flight_outcomes", DAYS[6], longer(outcomes, 5000))
    stale = place.state
    with pytest.raises(MlopsError, match="nothing was published") as refusal:
        place.rebuild.build({FIRST_STORE: stale})
    assert place.state.stale_days == stale.stale_days
    assert place.published_files == files
    # The run says what failed, and that no table was made.
    assert "build these days again" in str(refusal.value)
    assert len(place.events(dg.DagsterEventType.RUN_FAILURE)) == 1
    assert place.events(dg.DagsterEventType.ASSET_MATERIALIZATION) == []
    evaluations = place.events(dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    checks = [event.asset_check_evaluation_data for event in evaluations]
    failed = {check.check_name for check in checks if not check.passed}
    assert any(name in str(refusal.value) for name in failed)
    # The delivery that nobody can build is taken away.
    rmtree(delivery_folders(day_folder(place.home.landing, "flight_outcomes", DAYS[6]))[-1])
    place.rebuild.build({FIRST_STORE: place.state})
    assert place.state.stale_days == []
    assert place.published == before


def test_what_vanishes_is_told_and_let_go(place: Place) -> None:
    landing, published = place.home.landing, place.home.published
    facts = examine_landing(landing, published)
    assert (facts.vanished, facts.damaged, facts.stale) == ({}, {}, ())
    rmtree(day_folder(landing, "weather", DAYS[8]))
    ((happened, whole_day),) = examine_landing(landing, published).vanished.items()
    assert (happened.table, happened.day, whole_day) == ("weather", DAYS[8], True)
    (state,) = notice(place.home, datetime.now(UTC)).values()
    assert state is not None
    assert state.stale_days == DAYS[8:-1]
    # It is told until it is built without it.
    assert len(examine_landing(landing, published).vanished) == 1
    place.rebuild.build({FIRST_STORE: state})
    assert examine_landing(landing, published).vanished == {}


def test_files_of_others_are_told_and_taken_by_the_next_build(place: Place) -> None:
    landing, published = place.home.landing, place.home.published
    theirs = day_folder(landing, "weather", DAYS[2]) / "theirs.parquet"
    rows = place.rows("weather", DAYS[2])
    write_parquet(rows.slice(3), theirs)
    assert examine_landing(landing, published).foreign == {"weather": 1}
    place.build(DAYS[-1], DAYS[-1])
    assert not theirs.exists()
    assert examine_landing(landing, published).foreign == {}
    assert {(one.table, one.day, one.gone) for one in place.state.stale} == {
        ("weather", DAYS[2], 3)
    }


def test_days_are_damaged_where_they_are_not_what_was_delivered(
    place: Place, tmp_path: Path
) -> None:
    landing, published = place.home.landing, place.home.published
    rows = place.rows("weather", DAYS[2])
    place.correct("weather", DAYS[2], rows.slice(1))
    assert examine_landing(landing, published).damaged == {}
    folder = day_folder(landing, "weather", DAYS[2])
    (gone,) = folder.glob("*/gone.parquet")
    gone.rename(tmp_path / "gone.parquet")
    ((damaged, problem),) = examine_landing(landing, published).damaged.items()
    assert damaged == folder
    assert "lacks the files of its rows that are gone" in problem


def test_days_that_cannot_land_are_refused_with_those_that_can(place: Place) -> None:
    landing = place.landing
    with pytest.raises(SpecError, match="Landed tables are"):
        landing.days("tides", (None, None))
    with pytest.raises(SpecError, match="that have ended are 2013-01-01 to 2014-01-01"):
        landing.days("weather", (date(2014, 2, 1), None))
    with pytest.raises(SpecError, match="dated snapshot"):
        landing.days("planes", (FIRST, FIRST))
    assert landing.days("planes", (None, None)) is None
    assert landing.days("weather", (FIRST, FIRST)) == [FIRST]
    assert landing.land("weather", [FIRST], retract=False) == []


def test_what_failed_its_tests_is_published_by_no_build_of_other_days(place: Place) -> None:
    before, day, other = place.published, DAYS[6], DAYS[-1]
    (delivery,) = delivery_folders(day_folder(place.home.landing, "flight_outcomes", day))
    content = (delivery / "data.parquet").read_bytes()
    (delivery / "data.parquet").unlink()

    for broken in (day, other):
        with pytest.raises(MlopsError, match="nothing was published"):
            place.build(broken, broken)
        assert place.published == before

    (delivery / "data.parquet").write_bytes(content)
    place.build(other, other)
    assert place.state.stale_days == []
    for table in TABLES:
        assert {day, other} <= published_days(place.home.published, table)


def test_a_warehouse_that_was_removed_is_built_anew(place: Place) -> None:
    place.home.warehouse.unlink()
    place.build(DAYS[-1], DAYS[-1])
    assert set(DAYS) <= published_days(place.home.published, "flight_features")
