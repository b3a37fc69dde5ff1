"""What a profile holds of texts: their length, and the share of words that it does not know."""

import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.data.engine import private_duckdb
from mlops_platform.monitoring.drift.profile import texts as module
from mlops_platform.monitoring.drift.profile.profile import count_texts, fit_text_profile
from mlops_platform.monitoring.drift.profile.stored import read_profile, write_profile
from mlops_platform.monitoring.drift.profile.texts import (
    Vocabulary,
    derived_columns,
    derived_from,
    fit_vocabularies,
    known_to_reference,
    known_to_windows,
    profiled_columns,
    shared_importances,
    with_derived,
)
from mlops_platform.monitoring.drift.window_drift import measure_drift
from mlops_platform.spec import DriftSpec, FeaturesSpec

LENGTH, UNKNOWN = derived_columns("remark")
PIECES = st.sampled_from(
    ["good", "Good", "bad", "größe", "ΣΊΓΜΑ", "x_1", "٣", "½", "it's", "'", '"', "", "!", "\n", "é"]
)
TEXTS = st.lists(
    st.none() | st.lists(PIECES, max_size=6).map(" ".join) | st.text(max_size=20), min_size=1
)


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def shown(rows: list[str | None], vocabulary: tuple[str, ...]) -> pa.Table:
    table = pa.table({"key": range(len(rows)), "remark": pa.array(rows, pa.string())})
    with private_duckdb() as connection:
        return with_derived(connection, table, {"remark": vocabulary})


@settings(max_examples=60)
@given(rows=st.lists(st.none() | st.lists(PIECES, max_size=6).map(" ".join), min_size=1))
def test_length_and_unknown_words_are_those_that_python_finds(rows: list[str | None]) -> None:
    known = ("good", "größe", "s")
    derived = shown(rows, known)
    assert derived.column_names == ["key", LENGTH, UNKNOWN]
    assert derived["key"].to_pylist() == list(range(len(rows)))
    for text, length, unknown in zip(
        rows, derived[LENGTH].to_pylist(), derived[UNKNOWN].to_pylist(), strict=True
    ):
        words = words_of(text) if text is not None else []
        assert length == (None if text is None else len(text))
        if words:
            assert unknown == pytest.approx(np.mean([word not in known for word in words]))
        else:
            assert unknown is None


@settings(max_examples=60)
@given(rows=TEXTS)
def test_no_text_makes_the_figures_fail(rows: list[str | None]) -> None:
    derived = shown(rows, ("good",))
    assert derived.num_rows == len(rows)
    shares = [share for share in derived[UNKNOWN].to_pylist() if share is not None]
    assert all(0 <= share <= 1 for share in shares)


@settings(max_examples=60)
@given(rows=st.lists(st.none() | st.lists(PIECES, max_size=6).map(" ".join), min_size=1))
def test_the_vocabulary_is_the_words_of_most_texts(rows: list[str | None]) -> None:
    counts = Counter(word for text in rows if text for word in set(words_of(text)))
    expected = sorted(counts, key=lambda word: (-counts[word], word.encode()))
    table = pa.table({"remark": pa.array(rows, pa.string())})
    with private_duckdb() as connection:
        connection.register("remarks", table)
        found = fit_vocabularies(connection, "remarks", ["remark"])
    shared = sum(texts > 1 for texts in counts.values())
    assert found == {"remark": Vocabulary(words=tuple(expected), shared=shared)}


def test_a_vocabulary_has_an_upper_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WORDS", 2)
    table = pa.table({"remark": ["a b c", "a b c", "a b", "a"]})
    with private_duckdb() as connection:
        connection.register("remarks", table)
        (vocabulary,) = fit_vocabularies(connection, "remarks", ["remark"]).values()
    # Without one of its texts "b" would be in as many as "c", which is left out.
    assert vocabulary == Vocabulary(words=("a", "b"), shared=1)


def test_texts_of_two_columns_are_told_apart() -> None:
    table = pa.table({"title": ["new", "old old"], "remark": ["old", None]})
    vocabularies = {"title": ("old",), "remark": ("new",)}
    with private_duckdb() as connection:
        derived = with_derived(connection, table, vocabularies)
    assert derived.column_names == list(derived_from(["title", "remark"]))
    assert derived["title unknown words"].to_pylist() == [1.0, 0.0]
    assert derived["remark unknown words"].to_pylist() == [1.0, None]


@pytest.mark.parametrize("name", ["position", "text", "word", "source", "sampled_row"])
def test_a_text_may_have_any_name(name: str) -> None:
    table = pa.table({name: ["new", "old", "a", None, "old old"]})
    with private_duckdb() as connection:
        derived = with_derived(connection, table, {name: ("old",)})
    assert derived[f"{name} length"].to_pylist() == [3.0, 3.0, 1.0, None, 7.0]
    assert derived[f"{name} unknown words"].to_pylist() == [1.0, 0.0, 1.0, None, 0.0]


def test_derived_columns_take_the_place_of_texts_and_share_their_importance() -> None:
    features = FeaturesSpec(table="t", entity="e", numeric=("n",), boolean=("b",), text=("remark",))
    assert profiled_columns(features.names, features.text) == ("n", "b", LENGTH, UNKNOWN)
    shared = shared_importances({"n": 0.1, "remark": 0.4}, features.text)
    assert shared == {"n": 0.1, LENGTH: 0.2, UNKNOWN: 0.2}


def test_a_word_of_one_text_is_known_to_windows_and_news_to_that_text() -> None:
    vocabulary = Vocabulary(words=("a", "once"), shared=1)
    assert known_to_windows({"remark": vocabulary}) == {"remark": ("a", "once")}
    assert known_to_reference({"remark": vocabulary}) == {"remark": ("a",)}


def natural(random: np.random.Generator, rows: int, other: float = 0) -> list[str]:
    """Texts with words as frequent as those of a language, so that some are new in every week.

    Args:
        other: share of the words that are of another language.
    """
    numbers, foreign = random.zipf(1.4, size=(rows, 12)), random.random((rows, 12)) < other
    words = np.where(foreign, "x", "w").astype(object) + numbers.astype(str).astype(object)
    return [" ".join(row) for row in words]


def test_natural_weeks_are_silent_and_one_of_other_words_is_not(tmp_path: Path) -> None:
    random, days, rows = np.random.default_rng(5), 182, 30
    half_year = pa.table(
        {
            "day": [date(2024, 1, 1) + timedelta(days=at // rows) for at in range(days * rows)],
            "remark": natural(random, days * rows),
        }
    )
    week = [date(2024, 7, 1) + timedelta(days=at) for at in range(7)]
    drifted = []
    with private_duckdb() as connection:
        connection.register("reference", half_year)
        fitted = fit_text_profile(connection, "reference", ["remark"], "day")
        write_profile(tmp_path, fitted)
        profile = read_profile(tmp_path)
        assert profile.bins == fitted.bins
        for other in (*[0.0] * 10, 0.1):
            table = pa.table({"remark": natural(random, 7 * rows, other)})
            connection.register("week", table)
            counted = count_texts(connection, "week", profile)
            # The length stands for the scores, which are not what this is about.
            drift = measure_drift(profile, counted, [LENGTH], week, DriftSpec(), {})
            (unknown,) = drift.columns
            drifted.append(unknown.drifted)
    assert sum(drifted[:-1]) <= 2
    assert drifted[-1]
