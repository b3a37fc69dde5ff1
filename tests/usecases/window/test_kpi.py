"""What the business counts of predictions, on real published tables."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.catalogue import open_catalogue
from mlops_platform.data.features.published import Manifest
from mlops_platform.data.features.warehouse import PartitionState
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.predictions import write_predictions
from mlops_platform.data.windows import Window
from mlops_platform.files import write_text
from mlops_platform.monitoring.performance.interval import clustered_mean
from mlops_platform.settings import read_settings
from mlops_platform.spec import KpiSpec
from mlops_platform.usecases.window.kpi import store_kpi
from mlops_platform.usecases.window.maturity import matures_at
from tests.documents.cases import Case, refuse_undocumented
from tests.usecases.window.test_performance import World, spec_of

Costs = Callable[[pa.Table], pa.Table]


def priced(predicted: pa.Table) -> pa.Table:
    """One cost of each visit but every tenth, known when the visit is over."""
    costs = np.arange(predicted.num_rows, dtype=float) % 50
    costs[::10] = np.nan
    return pa.table(
        {
            "visit_id": predicted["visit_id"],
            "cost": pa.array(costs, from_pandas=True),
            "known_at": predicted["event_time"],
        }
    )


class Hospital(World):
    """A world in which visits cost something."""

    def priced_week(self, number: int, costs: Costs = priced) -> tuple[Window, pa.Table]:
        """A week of visits, half of them scored by a second version; and what they were."""
        window = self.week(number)
        scored = self.past.scored[window.name]
        predicted = read_parquet(scored.path)
        versions = np.where(np.arange(predicted.num_rows) % 2, 1, 2)
        predicted = predicted.append_column("version", pa.array(versions))
        write_predictions(predicted.to_batches(), self.spec, scored.path)
        self.publish_costs(predicted, costs(predicted))
        return window, predicted

    def publish_costs(self, predicted: pa.Table, costs: pa.Table) -> None:
        """Costs by the day of the visit, and the manifest that names them."""
        table, states = self.published / "visit_costs", {}
        day_of = dict(
            zip(predicted["visit_id"].to_pylist(), predicted["local_date"].to_pylist(), strict=True)
        )
        days = [day_of.get(visit, date(2024, 3, 4)) for visit in costs["visit_id"].to_pylist()]
        for day in set(days):
            rows = costs.filter(pa.array([other == day for other in days]))
            write_parquet(rows, table / f"local_date={day}/data.parquet")
            digest = sha256(str(rows.to_pydict()).encode()).hexdigest()
            states[day] = PartitionState(rows=rows.num_rows, digest=digest)
        manifest = Manifest(partition_column="local_date", partitions=states)
        write_text(table / "_manifest.json", manifest.to_stored())


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    spec = spec_of()
    kpi = KpiSpec(table="visit_costs", columns={"cost": "euros"})
    monitoring = spec.monitoring.model_copy(update={"kpi": kpi})
    return Hospital(tmp_path, spec.model_copy(update={"monitoring": monitoring}))


def note_of(hospital: Hospital, window: Window) -> str:
    """The one sentence on a window of which no cost is known."""
    measured = hospital.measured(window, matures_at(hospital.spec, window))
    assert measured.losses.loss is not None  # whatever becomes of the KPI
    assert not any(figure.known for figure in measured.kpi)
    (note,) = measured.notes
    return note


def test_figures_are_those_of_each_version_and_decision(hospital: Hospital) -> None:
    window, predicted = hospital.priced_week(0)
    measured = hospital.measured(window, matures_at(hospital.spec, window))

    costs = priced(predicted)["cost"].to_numpy(zero_copy_only=False)
    versions, decisions = (predicted[name].to_numpy() for name in ("version", "decision"))
    days = predicted["local_date"].to_numpy().astype("datetime64[D]")
    groups = [(1, "false"), (1, "true"), (2, "false"), (2, "true")]
    assert [(figure.version, figure.decision) for figure in measured.kpi] == groups
    for figure in measured.kpi:
        rows = (versions == figure.version) & (decisions == (figure.decision == "true"))
        known = costs[rows & ~np.isnan(costs)]
        sure = clustered_mean(costs[rows], days[rows])
        assert (figure.rows, figure.known) == (rows.sum(), len(known))
        assert (figure.mean, figure.total) == pytest.approx((known.mean(), known.sum()))
        assert sure is not None
        interval = sure.interval(hospital.spec.monitoring.performance.interval_confidence)
        assert (figure.interval.lower, figure.interval.upper) == pytest.approx(
            (interval.lower, interval.upper)
        )
    assert measured.notes == ()


def test_what_is_counted_is_a_table_of_the_lake(hospital: Hospital) -> None:
    window, _ = hospital.priced_week(0)
    measured = hospital.measured(window, matures_at(hospital.spec, window))
    place = read_settings({"MLOPS_HOME": str(hospital.folder)})
    store_kpi(place, hospital.spec, measured)

    with open_catalogue(place.lake) as catalogue:
        found = catalogue.execute(
            'SELECT "window", version, decision, known, total, lower < mean AND mean < upper '
            "FROM kpi.readmission ORDER BY version, decision"
        ).fetchall()
    assert [(str(name), *rest) for name, *rest in found] == [
        (window.name, figure.version, figure.decision, figure.known, figure.total, True)
        for figure in measured.kpi
    ]


def test_what_was_not_known_then_is_not_counted(hospital: Hospital) -> None:
    window, _ = hospital.priced_week(0)
    early = hospital.measured(window, window.starts_at + timedelta(days=2))

    assert 0 < sum(figure.known for figure in early.kpi) < 200
    assert sum(figure.rows for figure in early.kpi) == 700


def test_a_mature_window_is_measured_again_when_its_costs_change(hospital: Hospital) -> None:
    window, predicted = hospital.priced_week(0)
    moment = matures_at(hospital.spec, window)
    hospital.measured(window, moment)
    assert hospital.changed(moment) == []

    doubled = priced(predicted)
    column = pa.compute.multiply(doubled["cost"], 2)
    hospital.publish_costs(predicted, doubled.set_column(1, "cost", column))
    assert hospital.changed(moment) == [window.name]

    before = hospital.past.measured[window.name]
    again = hospital.measured(window, moment)
    assert [figure.total for figure in again.kpi] == [2 * figure.total for figure in before.kpi]
    assert hospital.changed(moment) == []


def renamed(predicted: pa.Table) -> pa.Table:
    costs = priced(predicted)
    keys = pa.array([f"V-{key}" for key in costs["visit_id"].to_pylist()])
    return costs.set_column(0, "visit_id", keys)


def doubled_keys(predicted: pa.Table) -> pa.Table:
    costs = priced(predicted)
    return pa.concat_tables([costs, costs.slice(0, 1)])


def with_column(column: Any) -> Costs:
    return lambda predicted: priced(predicted).set_column(
        1, "cost", pa.array([column] * predicted.num_rows)
    )


def late(predicted: pa.Table) -> pa.Table:
    costs = priced(predicted)
    later = pa.array([date(2030, 1, 1)] * costs.num_rows).cast(costs["known_at"].type)
    return costs.set_column(2, "known_at", later)


def without_rows(predicted: pa.Table) -> pa.Table:
    return priced(predicted).slice(0, 350)


def unknown(predicted: pa.Table) -> pa.Table:
    nothing = pa.nulls(predicted.num_rows, pa.float64())
    return priced(predicted).set_column(1, "cost", nothing)


def without_keys(table: Path) -> None:
    for file in table.rglob("*.parquet"):
        write_parquet(read_parquet(file).drop_columns(["visit_id"]), file)


def unpublished(table: Path) -> None:
    for file in table.rglob("*.*"):
        file.unlink()


def told(given: str, reads: str) -> Case:
    """Of a KPI that nothing keeps from being measured but what is told in a sentence."""
    return Case(given, "no such option", "told on the page of the window, and not measured", reads)


TOLD: Final[Sequence[tuple[Case, Costs]]] = (
    (
        told(
            "a table that meets no prediction: other keys, or none of the window",
            "No row of visit_costs that was known by then has the visit_id and local_date of one "
            "of the 700 predictions: its KPI is not known yet, or both tables name these otherwise",
        ),
        renamed,
    ),
    (
        told(
            "a table whose rows are all known later",
            "No row of visit_costs that was known by then has the visit_id and local_date of one",
        ),
        late,
    ),
    (
        told(
            "a key that is there twice",
            "The KPI was not measured: visit_costs has 2 rows at one time for visit_id "
            "'2024-03-04-0' of 2024-03-04, so that its figures would count twice. Publish one row",
        ),
        doubled_keys,
    ),
    (
        told(
            "a text in place of a number",
            "The KPI was not measured: column 'cost' of visit_costs is VARCHAR, and DOUBLE is "
            "needed. Cast it in the dbt model, or declare it in another role.",
        ),
        with_column("12 euros"),
    ),
    (
        told(
            "an infinite number, or NaN",
            "The KPI was not measured: cost of visit_costs is inf for visit_id '2024-03-04-0', "
            "which cannot be summed. Publish what is not known as NULL.",
        ),
        with_column(float("inf")),
    ),
    (
        told(
            "a table without the column",
            "The KPI was not measured: table visit_costs lacks the columns ['cost']. It has "
            "['known_at', 'local_date', 'visit_id'].",
        ),
        lambda predicted: priced(predicted).drop_columns(["cost"]),
    ),
)
SPOILT: Final[Sequence[tuple[Case, Callable[[Path], None]]]] = (
    (
        told(
            "a table without the key",
            "The KPI was not measured: table visit_costs lacks the columns ['visit_id']. It has",
        ),
        without_keys,
    ),
    (
        told("a table that is not published yet", "The KPI was not measured: nothing is published"),
        unpublished,
    ),
)
COUNTED: Final[Sequence[tuple[Case, Costs, int]]] = (
    (
        Case(
            "a table that lacks rows of the window",
            "no such option",
            "measured on those that are there: `known` says how many, of `rows`",
            "",
        ),
        without_rows,
        315,
    ),
    (
        Case(
            "a figure that is NULL in every row",
            "no such option",
            "`known` is 0, and there is no mean",
            "",
        ),
        unknown,
        0,
    ),
)


@pytest.mark.parametrize(("case", "costs"), TOLD, ids=[case.given for case, _ in TOLD])
def test_a_table_that_cannot_be_joined_is_told_in_a_sentence(
    hospital: Hospital, case: Case, costs: Costs
) -> None:
    window, _ = hospital.priced_week(0, costs)
    assert case.reads in note_of(hospital, window)


@pytest.mark.parametrize(("case", "spoil"), SPOILT, ids=[case.given for case, _ in SPOILT])
def test_a_table_that_cannot_be_read_is_told_in_a_sentence(
    hospital: Hospital, case: Case, spoil: Callable[[Path], None]
) -> None:
    window, _ = hospital.priced_week(0)
    spoil(hospital.published / "visit_costs")
    assert case.reads in note_of(hospital, window)


@pytest.mark.parametrize(
    ("case", "costs", "known"), COUNTED, ids=[case.given for case, *_ in COUNTED]
)
def test_what_a_table_lacks_is_not_counted(
    hospital: Hospital, case: Case, costs: Costs, known: int
) -> None:
    window, _ = hospital.priced_week(0, costs)
    measured = hospital.measured(window, matures_at(hospital.spec, window))
    assert measured.notes == ()
    assert sum(figure.rows for figure in measured.kpi) == 700
    assert sum(figure.known for figure in measured.kpi) == known
    assert [figure.mean is None for figure in measured.kpi] == [known == 0] * 4


def test_every_case_is_documented() -> None:
    cases = [case for case, *_ in (*TOLD, *SPOILT, *COUNTED)]
    refuse_undocumented("What the business counts", cases)
