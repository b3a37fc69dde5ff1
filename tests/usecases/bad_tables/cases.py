"""What may be wrong with a table, and what whoever trains, watches or asks then reads.

The cases of `docs/refusals.md`, section "Tables of every task".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest

from tests.usecases.bad_tables.world import TASKS, TEXTS, UNSUPERVISED, WINDOW, scaled_candidate

HEADER: Final = "| what comes in | task | what one reads |\n|---|---|---|"
OF_WINDOW: Final = f"local_date >= DATE '{WINDOW}'"
FIRST: Final = f"thing_id = (SELECT min(thing_id) FROM things WHERE {OF_WINDOW})"


@dataclass(frozen=True)
class BadTable:
    """One thing that is wrong.

    Args:
        given: what comes in.
        fault: what makes it so: SQL for a table, with `{outcome}` in place of an outcome of the
            task; for a request its fields, for a YAML its keys by dotted path.
        reads: words of what is read, for every task or by task; a task without words is not tried.
    """

    given: str
    fault: Any
    reads: str | Mapping[str, str]

    @property
    def words(self) -> Mapping[str, str]:
        """By task."""
        return dict.fromkeys(TASKS, self.reads) if isinstance(self.reads, str) else self.reads

    @property
    def rows(self) -> list[str]:
        """As Markdown, one for all tasks that read the same."""
        tasks_of: dict[str, list[str]] = {}
        for task, words in self.words.items():
            tasks_of.setdefault(words, []).append(task)
        return [
            f"| {self.given} | {_text_of(tasks)} | `{words}` |" for words, tasks in tasks_of.items()
        ]


def table_of(cases: Sequence[BadTable]) -> str:
    """What the document has to show of some cases."""
    return "\n".join([HEADER, *(row for case in cases for row in case.rows)])


def tried(cases: Sequence[BadTable]) -> list[Any]:
    """Parameters of a test: each case with each task."""
    return [
        pytest.param(case, task, id=f"{task}: {case.given}")
        for case in cases
        for task in case.words
    ]


def _text_of(tasks: Sequence[str]) -> str:
    return "every task" if len(tasks) == len(TASKS) else ", ".join(tasks)


def _set(column: str, value: str, table: str = "things") -> str:
    return f"UPDATE {table} SET {column} = {value}"


def _in_window(column: str, value: str, table: str = "things") -> str:
    return f"{_set(column, value, table)} WHERE {OF_WINDOW}"


def _in_first(column: str, value: str, table: str = "things") -> str:
    return f"{_set(column, value, table)} WHERE {FIRST}"


def _of(**words: str) -> dict[str, str]:
    """Words by the beginning of a task's name; `numbers` are those of both tasks of numbers."""
    known = {"regression": words.get("numbers"), "forecasting": words.get("numbers"), **words}
    return {
        task: words
        for task in (*TASKS, TEXTS)
        for name, words in known.items()
        if task.startswith(name) and words
    }


def _labelled(words: str, **others: str) -> dict[str, str]:
    """Words of every task but those whose rows need no label, which have their own or none."""
    return {**{task: words for task in TASKS if task not in UNSUPERVISED}, **_of(**others)}


INFINITE, BELOW, HAIL, VIOLET = "'inf'", "'-inf'", "'hail'", "'violet'"
SOME = "WHERE thing_id = 'thing-5'"
TOO_LARGE = "rows of things have a 'size' beyond 1e+30, for example"
NO_WEIGHT = "rows of things have a 'weight' that weighs nothing, for example"
INFINITE_OUTCOME = "label.column outcome of outcomes is inf for thing_id 'thing-5'. Publish an"
LARGE_OUTCOME = "is 1e+300 for thing_id 'thing-5'. Publish an outcome that is not known as"
LATER = "TIMESTAMPTZ '2030-01-01'"
NO_OUTCOME = _labelled(
    "Land and publish earlier days, choose a later as_of, or lengthen training.history.span",
    anomaly="672 rows of anomaly_detection as of 2024-01-29T00:00:00+00:00 are all without a label",
    clustering="no outcome known, and none needed",
)
FEW = _of(
    anomaly="split.test_days: '7 test rows, all normal as far as they have a label' is not usable.",
    clustering="7 rows in the test rows, and 14 rows in those that it was fitted on: 50 are needed",
)
NOTHING_TO_LEARN = _of(
    binary="Rejected because of better_than_baseline (log loss is",
    ranking="Rejected because of better_than_baseline (ranking loss at 2 is",
    anomaly="every column has the same value in all 336 rows to be fitted on, so that none is",
    clustering="the pipeline makes the same of all 192 rows that it was looked at by, so that",
)
NO_VALUE = "No row that it was fitted on has a value of size, age, colour: look at the dbt model"
EMPTY_OR_REFUSED = NOTHING_TO_LEARN | _of(binary=NO_VALUE, ranking=NO_VALUE)
WORDLESS = "No text of ['note'] has a word of two letters in the 336 training rows: publish texts,"
TRAININGS: Final = [
    BadTable(
        "one outcome in every row",
        _set("outcome", "{outcome}", "outcomes"),
        _of(
            binary="are all with label True, and a training needs both classes: correct 'outcome'",
            multiclass="are all with label 'low', and a training needs at least two classes",
            numbers="are all with label 7, and a training needs labels that differ",
            ranking="are all of relevance 1, and a training needs rows of different relevance",
            anomaly="are all normal as far as they have a label, and a training needs an anomaly",
        ),
    ),
    BadTable(
        "nothing but anomalies",
        _set("outcome", "true", "outcomes"),
        _of(anomaly="are all anomalies as far as they have a label, and a training needs an"),
    ),
    BadTable(
        "nothing but anomalies in the rows that are fitted on",
        f"{_set('outcome', 'true', 'outcomes')} WHERE local_date < DATE '2024-01-15'",
        _of(anomaly="336 train rows, all known anomalies' is not usable. The train part needs"),
    ),
    BadTable(
        "one outcome in the rows of the test",
        f"{_set('outcome', '{outcome}', 'outcomes')} WHERE local_date >= DATE '2024-01-21'",
        _of(
            binary="training.history.split.test_days: '168 test rows, all with label True'",
            multiclass="split.test_days: \"168 test rows, all with label 'low'\" is not usable",
            numbers="test rows, all with label 7' is not usable. The test part needs labels that",
            ranking="split.test_days: '168 test rows, all of relevance 1' is not usable",
            anomaly="split.test_days: '168 test rows, all normal as far as they have a label' is",
        ),
    ),
    BadTable(
        "few rows of a class to calibrate on",
        "DELETE FROM things WHERE substr(thing_id, 7)::INT % 24 > 0",
        _of(binary="task.calibration: the 7 rows that a probability is calibrated on have"),
    ),
    BadTable("a row a day", "DELETE FROM things WHERE substr(thing_id, 7)::INT % 24 > 0", FEW),
    BadTable("no outcome at all", _set("outcome", "NULL", "outcomes"), NO_OUTCOME),
    BadTable("outcomes that all come later", _set("known_at", LATER, "outcomes"), NO_OUTCOME),
    BadTable(
        "outcomes of the last days only",
        f"{_set('outcome', 'NULL', 'outcomes')} WHERE local_date < DATE '2024-01-14'",
        _of(anomaly="1 training days with a label hold at most 0 folds: lower it, or lengthen"),
    ),
    BadTable(
        "a table without the column of outcomes",
        "ALTER TABLE outcomes DROP outcome",
        "table outcomes lacks the columns ['outcome']. It has ['known_at', 'local_date', 'thing_id",
    ),
    BadTable(
        "an outcome that is there twice",
        f"INSERT INTO outcomes FROM outcomes {SOME}",
        "1 values of 'thing_id' occur more than once in things joined with outcomes, for example",
    ),
    BadTable(
        "a row that is there twice",
        f"INSERT INTO things FROM things {SOME}",
        "1 values of 'thing_id' occur more than once in things joined with outcomes, for example",
    ),
    BadTable(
        "no row",
        "DELETE FROM things",
        "features/things. Build 'things' first:",
    ),
    BadTable(
        "an outcome that is infinite, or NaN",
        f"{_set('outcome', INFINITE, 'outcomes')} {SOME}",
        _of(numbers=INFINITE_OUTCOME, clustering=INFINITE_OUTCOME),
    ),
    BadTable(
        "an outcome of 1e300",
        f"{_set('outcome', '1e300', 'outcomes')} {SOME}",
        _of(numbers=LARGE_OUTCOME, clustering=LARGE_OUTCOME),
    ),
    BadTable(
        "an outcome that is no declared class",
        f"{_set('outcome', HAIL, 'outcomes')} {SOME}",
        _of(multiclass="'hail' (in 1 of 672 rows) is no class of task.classes"),
    ),
    BadTable(
        "a feature that is NULL in every row",
        _set("size", "NULL"),
        "No row that it was fitted on has a value of size: look at the dbt model",
    ),
    BadTable(
        "a category that is NULL in every row",
        _set("colour", "NULL"),
        "String, always missing in training.",
    ),
    BadTable(
        "every feature NULL in every row",
        "UPDATE things SET size = NULL, age = NULL, colour = NULL",
        EMPTY_OR_REFUSED,
    ),
    BadTable("a feature of one value", _set("size", "3"), "Number, 3 to 3 in training."),
    BadTable(
        "every feature of one value",
        "UPDATE things SET size = 3, age = 3, colour = 'red'",
        NOTHING_TO_LEARN,
    ),
    BadTable(
        "features that do not belong together",
        _set("size", "substr(thing_id, 7)::INT * 7919 % 1009 / 100.0"),
        _of(clustering="by the shuffled columns it would be 1.0000"),
    ),
    BadTable(
        "a category of one value",
        _set("colour", "'red'"),
        "String, 1 categories in training: red.",
    ),
    BadTable(
        "a category that only rows of the test have",
        f"{_set('colour', VIOLET)} WHERE thing_id = 'thing-510'",
        "String, 4 categories in training: blue, green, red, violet.",
    ),
    BadTable(
        "a feature that is infinite in a row",
        f"{_set('size', BELOW)} {SOME}",
        f"1 {TOO_LARGE} -inf for thing_id 'thing-5' of 2024-01-01, with which no model can compute",
    ),
    BadTable(
        "a weight that is infinite in a row",
        f"{_set('weight', INFINITE)} {SOME}",
        f"1 {NO_WEIGHT} inf for thing_id 'thing-5' of 2024-01-01",
    ),
    BadTable(
        "a weight that is NULL in every row",
        _set("weight", "NULL"),
        f"{NO_WEIGHT} NULL for thing_id",
    ),
    BadTable(
        "a sensitive column with a value for each row",
        _set("segment", "thing_id"),
        "evaluation.fairness.columns: 'segment' has",
    ),
    BadTable(
        "a series that is NULL in every row",
        _set("series", "NULL"),
        _of(forecasting="task.series: 'series' is NULL in all 264 rows to be fitted on"),
    ),
    BadTable(
        "one series only",
        _set("series", "'north'"),
        _of(forecasting="String, 1 categories in training: north."),
    ),
    BadTable(
        "rows of step 1 only",
        "DELETE FROM things WHERE step > 1",
        _of(forecasting="task.buckets: no row of steps 2 to 3 has an outcome that the model has"),
    ),
    BadTable(
        "a group for each row",
        _set("basket", "substr(thing_id, 7)::INT"),
        _of(ranking="groups of 'basket' has a single row, and there is nothing to order. Name"),
    ),
    BadTable(
        "groups whose rows are all alike",
        "UPDATE outcomes SET outcome = substr(thing_id, 7)::INT // 4 % 2 = 0",
        _of(ranking="groups of 'basket' are equally relevant, so that no order is better than"),
    ),
    BadTable(
        "a group with rows of several days",
        _set("basket", "5"),
        _of(ranking="task.group: 'basket 5, with rows of 28 days' is not usable. 1 of 1 groups"),
    ),
    BadTable(
        "a group that is no whole number",
        f"{_set('basket', '0.5')} {SOME}",
        _of(ranking="task.group: 'basket' is 0.5 in 1 of 336 rows, and a group is a whole number"),
    ),
    BadTable(
        "a group that is NULL in a row",
        f"{_set('basket', 'NULL')} {SOME}",
        _of(ranking="1 rows of things have no 'basket', for example thing_id 'thing-5' of"),
    ),
    BadTable(
        "a rule that is NULL in every row",
        _set("usual", "NULL"),
        _of(ranking="Number, always missing in training."),
    ),
    BadTable("a text that is empty in every row", _set("note", "''"), _of(texts=WORDLESS)),
    BadTable("a text that is NULL in every row", _set("note", "NULL"), _of(texts=WORDLESS)),
    BadTable("texts without a letter", _set("note", "'?!'"), _of(texts=WORDLESS)),
    BadTable(
        "a text that is the same in every row",
        _set("note", "'the very same words in every row'"),
        _of(texts="100.0% of the test rows have texts that are nearly those of rows that it was"),
    ),
    BadTable(
        "a number in place of a text",
        "ALTER TABLE things ALTER note TYPE DOUBLE USING 3.0",
        _of(texts="column 'note' of things is DOUBLE, and VARCHAR is needed. Cast it in the dbt"),
    ),
]
"""Of a training: what refuses it, or what the service's documents say of the column."""

DECLARED: Final = [
    BadTable(
        "more folds than days",
        {"training.tuning.folds": 20},
        _of(
            binary="training.tuning.folds: 20 is not usable. 14 training days hold at most 13",
            multiclass="training.tuning.folds: 20 is not usable. 14 training days hold at most 13",
            regression="training.tuning.folds: 20 is not usable. 14 training days hold at most 13",
            anomaly="training.tuning.folds: 20 is not usable. 14 training days hold at most 13",
            clustering="training.tuning.folds: 20 is not usable. 14 training days hold at most 13",
            forecasting="training.tuning.folds: 20 is not usable. 12 training days hold at most 11",
        ),
    ),
    BadTable(
        "more days held out than there are",
        {"training.history.split.validation_days": 40},
        "validation takes 40, test 7, and nothing is left to fit on. Read more history or shorten",
    ),
    BadTable(
        "groups of people all smaller than `min_group_rows`, and a limit on their gap",
        {
            "evaluation.fairness.min_group_rows": 10_000,
            "gate.fairness": {"loss": {"max_difference": 0.5}},
        },
        "loss by segment cannot be compared",
    ),
    BadTable(
        "`top_k` of all classes",
        {"task.top_k": 3},
        _of(multiclass="task.top_k: 3 is not usable. There are 3 classes, of which that would be"),
    ),
    BadTable(
        "a budget of more alerts than a window has rows",
        {"task.budget": {"alerts": 500}},
        _of(anomaly="task.budget.alerts: 500 alerts may be raised in a window, and one has 168"),
    ),
    BadTable(
        "a budget of less than one alert",
        {"task.budget": {"share": 0.001}},
        _of(anomaly="0.001 of 168 validation rows is less than one alert, so that no threshold"),
    ),
    BadTable(
        "more clusters than rows",
        {"training.candidates": scaled_candidate("KMeans", 5_000)},
        _of(clustering="`n_clusters: 5000` asks for 5000 clusters of 192 rows. Ask for fewer, or"),
    ),
    BadTable(
        "more clusters than anybody can tell apart",
        {"training.candidates": scaled_candidate("KMeans", 60)},
        _of(clustering="KMeans makes 60 clusters, and nobody can tell more than 50 apart. Ask for"),
    ),
    BadTable(
        "clusters that are not found again",
        {"training.candidates": scaled_candidate("KMeans", 40)},
        _of(clustering="least_stability is 0.0000 and must be at least 0.5"),
    ),
    BadTable(
        "one cluster",
        {"training.candidates": scaled_candidate("KMeans", 1)},
        _of(clustering="KMeans makes one cluster of all rows, which tells none from another. Ask"),
    ),
    BadTable(
        "`k` larger than a group: all of its rows are looked at",
        {"task.k": 50},
        _of(ranking="Promoted: all"),
    ),
]
"""Of a YAML that asks for more than there is."""

UNJUDGED = _labelled(
    "loss_increase: cannot be judged: 0 of 168 rows have a label",
    anomaly="loss_increase: cannot be judged: 0 of 168 rows have a label",
)
NAN_OUTCOME = "label.column outcome of outcomes is nan for thing_id 'thing-672'. Publish an"
WINDOWS: Final = [
    BadTable(
        "no row",
        f"DELETE FROM things WHERE {OF_WINDOW}",
        "things has no rows for the window 2024-01-29: land its days and build the features",
    ),
    BadTable(
        "one row",
        f"DELETE FROM things WHERE {OF_WINDOW} AND NOT {FIRST}",
        "too few on 2024-01-29, which has 1 rows: 4 days of its weekday have 24",
    ),
    BadTable(
        "one outcome in every row",
        _in_window("outcome", "{outcome}", "outcomes"),
        _of(
            binary="log loss is 1.8304, against 0.3283 that the champion's test promises",
            multiclass="No outcome is 'middle' (67.2 were to be expected), 'high' (47.8 were to be",
            numbers="reaches the error level of 0.05",
            ranking="42 of 42 groups take no part in any figure: they have a single row, or rows",
        ),
    ),
    BadTable(
        "nothing but anomalies",
        _in_window("outcome", "true", "outcomes"),
        _of(anomaly="loss_increase: alert cost is"),
    ),
    BadTable("no outcome", _in_window("outcome", "NULL", "outcomes"), UNJUDGED),
    BadTable("outcomes that all come later", _in_window("known_at", LATER, "outcomes"), UNJUDGED),
    BadTable(
        "a table without the column of outcomes",
        "ALTER TABLE outcomes DROP outcome",
        "table outcomes lacks the columns ['outcome']. It has ['known_at', 'local_date', 'thing_id",
    ),
    BadTable(
        "an outcome that is there twice",
        f"INSERT INTO outcomes FROM outcomes WHERE {FIRST}",
        "outcomes has 2 rows at one time for thing_id 'thing-672' of 2024-01-29, so that its",
    ),
    BadTable(
        "a row that is there twice",
        f"INSERT INTO things FROM things WHERE {FIRST}",
        "repeated_entities: 1 rows repeat an entity",
    ),
    BadTable(
        "an outcome that is infinite, NaN or beyond 1e30",
        _in_first("outcome", "'nan'", "outcomes"),
        _of(numbers=NAN_OUTCOME, clustering=NAN_OUTCOME),
    ),
    BadTable(
        "outcomes that are all no declared class",
        _in_window("outcome", "'hail'", "outcomes"),
        _of(multiclass="'hail' (in 168 of 168 rows) is no class of task.classes"),
    ),
    BadTable(
        "a feature that is NULL in every row",
        _in_window("size", "NULL"),
        "empty_columns: columns without values: size",
    ),
    BadTable(
        "a feature of one value",
        _in_window("size", "3"),
        "above all size (spread), have drifted",
    ),
    BadTable(
        "every feature NULL in every row",
        f"UPDATE things SET size = NULL, age = NULL, colour = NULL WHERE {OF_WINDOW}",
        "empty_columns: columns without values: size, age, colour",
    ),
    BadTable(
        "every feature of one value, far from all others",
        f"UPDATE things SET size = 30, age = 30, colour = 'red' WHERE {OF_WINDOW}",
        _of(
            anomaly="168 of 168 rows are alerts (100.0%, in the test",
            clustering="No row is in cluster",
        ),
    ),
    BadTable(
        "a category of one value",
        _in_window("colour", "'red'"),
        "above all colour (distribution), have drifted",
    ),
    BadTable(
        "a category that training never saw",
        _in_window("colour", "'violet'"),
        "above all colour (new values), have drifted",
    ),
    BadTable(
        "a feature that is infinite, or beyond 1e30, in a row",
        _in_first("size", "'inf'"),
        f"1 {TOO_LARGE} inf for thing_id 'thing-672' of 2024-01-29, with which no model can",
    ),
    BadTable(
        "a weight that is infinite in a row",
        _in_first("weight", "'inf'"),
        f"1 {NO_WEIGHT} inf for thing_id 'thing-672' of 2024-01-29",
    ),
    BadTable(
        "one series only",
        _in_window("series", "'north'"),
        _of(forecasting="3 of the 4 series that the version was tested on have no row here."),
    ),
    BadTable(
        "series that are new, or NULL",
        _in_window("series", "'moon'"),
        _of(forecasting="168 of 168 rows are of series that the version was not fitted on"),
    ),
    BadTable(
        "a step beyond the horizon",
        _in_first("step", "9"),
        _of(forecasting="of 2024-01-29 in things cannot be scored: its `step` is 9, and steps are"),
    ),
    BadTable(
        "rows of step 1 only",
        f"DELETE FROM things WHERE {OF_WINDOW} AND step > 1",
        _of(forecasting="coverage_2_to_3: cannot be judged: 56 of 56 rows have a label, and none"),
    ),
    BadTable(
        "a naive that is NULL in every row",
        _in_window("last_season", "NULL"),
        _of(forecasting="empty_columns: columns without values: last_season"),
    ),
    BadTable(
        "a group for each row",
        _in_window("basket", "substr(thing_id, 7)::INT"),
        _of(ranking="168 of 168 groups take no part in any figure: they have a single row, or"),
    ),
    BadTable(
        "a group that is no whole number",
        _in_first("basket", "0.5"),
        _of(ranking="cannot be scored: its `basket` is 0.5, and a group is a whole number"),
    ),
    BadTable(
        "a rule that is NULL in every row",
        _in_window("usual", "NULL"),
        _of(ranking="empty_columns: columns without values: usual"),
    ),
    BadTable(
        "a text that is empty in every row",
        _in_window("note", "''"),
        _of(texts="empty_columns: columns without values: note unknown words"),
    ),
    BadTable(
        "a text that is NULL in every row",
        _in_window("note", "NULL"),
        _of(texts="empty_columns: columns without values: note length, note unknown words"),
    ),
    BadTable(
        "a text that is the same in every row",
        _in_window("note", "'the very same words in every row'"),
        _of(texts="above all note length (spread), note unknown words (new values), have drifted"),
    ),
]
"""Of a window: what refuses it, its alarms and its notes."""

FINITE = "Send a finite number; null where it is not known and null is allowed."
REQUESTS: Final = [
    BadTable(
        "null for every feature that may be missing",
        {"size": None, "age": None, "colour": None, "note": None},
        _of(
            binary='"probability":',
            multiclass='"probabilities":',
            numbers='"prediction":',
            ranking='"score":',
            anomaly='"p_value":',
            clustering='"cluster":',
            texts='"probability":',
        ),
    ),
    BadTable("a category that training never saw", {"colour": "violet"}, "unknown_category"),
    BadTable("an infinite number", {"size": float("inf")}, FINITE),
    BadTable("NaN", {"size": float("nan")}, FINITE),
    BadTable("1e300", {"size": 1e300}, "Send a number from -1e+30 to 1e+30."),
    BadTable("no value of a required feature", {"step": None}, _of(forecasting="Send a number.")),
    BadTable(
        "a step beyond the horizon",
        {"step": 9},
        _of(forecasting="its `step` is 9, and steps are whole numbers from 1 to 3"),
    ),
    BadTable(
        "a group that is no whole number",
        {"basket": 0.5},
        _of(ranking="its `basket` is 0.5, and a group is a whole number"),
    ),
    BadTable(
        "a new series",
        {"series": "moon"},
        _of(forecasting="series: 'moon' was never seen in training."),
    ),
    BadTable(
        "no series",
        {"series": None},
        _of(forecasting="series: null names none that was seen in training."),
    ),
    BadTable("an empty text", {"note": ""}, _of(texts='"probability":')),
    BadTable("a number in place of a text", {"note": 3}, _of(texts="Send a string.")),
    BadTable(
        "a text that is too long",
        {"note": "word " * 4_000},
        _of(texts="String should have at most 10000 characters; it has 20000."),
    ),
    BadTable("no row", None, "List should have at least 1 item after validation, not 0."),
]
"""Of a request: its answer."""
