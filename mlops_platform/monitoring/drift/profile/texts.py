"""Text columns as two numbers a row: how long the text is, and how many of its words are unknown.

A profile counts numbers and categories. Of a text it counts these two instead, in columns of their
own; the text itself is in no profile and on no page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from mlops_platform.spec import FeaturesSpec

MOST_WORDS, FEWEST_TEXTS = 20_000, 2
"""Known are the words of most texts. One that a single text holds is not: nearly as many of the
next texts hold words of their own, and each window would have more unknown words than its reference
had."""
_LENGTH, _UNKNOWN = "length", "unknown words"

Vocabularies = Mapping[str, tuple[str, ...]]
"""The known words of each text column."""


def derived_columns(text: str) -> tuple[str, str]:
    """What the profile calls the two columns of a text; no feature is called so."""
    return f"{text} {_LENGTH}", f"{text} {_UNKNOWN}"


def derived_from(texts: Iterable[str]) -> tuple[str, ...]:
    """The columns of several texts."""
    return tuple(column for text in texts for column in derived_columns(text))


def profiled_columns(features: FeaturesSpec) -> tuple[str, ...]:
    """Columns that stand for the features in a profile: themselves, or what is derived of texts."""
    plain = (name for name in features.names if name not in features.text)
    return (*plain, *derived_from(features.text))


def shared_importances(importances: Mapping[str, float], texts: Sequence[str]) -> dict[str, float]:
    """Importances by column of the profile: the columns of a text share its own equally."""
    shared = {name: value for name, value in importances.items() if name not in texts}
    for text in texts:
        columns = derived_columns(text)
        shared |= dict.fromkeys(columns, importances.get(text, 0.0) / len(columns))
    return shared


def fit_vocabularies(
    connection: duckdb.DuckDBPyConnection, rows: str, texts: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The words that most texts of a table hold, at most `MOST_WORDS`; ties go by name.

    Args:
        rows: SQL of the table.
    """
    vocabularies = {}
    for text in texts:
        frequent = connection.sql(
            f"SELECT word FROM (SELECT unnest(list_distinct({_words(identifier(text))})) AS word "
            f"FROM {rows}) GROUP BY word HAVING count(*) >= {FEWEST_TEXTS} "
            f"ORDER BY count(*) DESC, word LIMIT {MOST_WORDS}"
        ).fetchall()
        vocabularies[text] = tuple(word for (word,) in frequent)
    return vocabularies


def derive_columns(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    vocabularies: Vocabularies,
    day: str | None = None,
) -> str:
    """Make a table of the derived columns of all rows; its name, for as long as no other is made.

    Args:
        rows: SQL of a table with the texts.
        day: column of the day, which is kept beside them.
    """
    kept = [identifier(day)] if day else []
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE derived_of_texts AS "
        f"{_derived(connection, rows, vocabularies, kept)}"
    )
    return "derived_of_texts"


def with_derived(
    connection: duckdb.DuckDBPyConnection, rows: pa.Table, vocabularies: Vocabularies
) -> pa.Table:
    """A sample in which derived columns take the place of the texts; in the order of the rows."""
    import pyarrow as pa

    if not vocabularies:
        return rows
    position = "position"
    texts = rows.select(list(vocabularies)).append_column(
        position, pa.array(range(rows.num_rows), pa.int64())
    )
    connection.register("sampled_texts", texts)
    query = _derived(connection, "sampled_texts", vocabularies, [identifier(position)])
    derived = connection.sql(f"{query} ORDER BY {identifier(position)}").to_arrow_table()
    connection.unregister("sampled_texts")
    sample = rows.drop_columns(list(vocabularies))
    for column in derived_from(vocabularies):
        sample = sample.append_column(column, derived[column])
    return sample


def _derived(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    vocabularies: Vocabularies,
    kept: Sequence[str],
) -> str:
    """SQL of the derived columns, and of those to be kept beside them."""
    columns = [f"source.{column}" for column in kept]
    joins = []
    for at, (text, vocabulary) in enumerate(vocabularies.items()):
        value = identifier(text)
        length, unknown = map(identifier, derived_columns(text))
        columns.append(f"length(source.{value})::DOUBLE AS {length}")
        columns.append(f"shares_{at}.unknown AS {unknown}")
        joins.append(
            f"LEFT JOIN ({_unknown_shares(connection, rows, value, at, vocabulary)}) "
            f"AS shares_{at} ON source.{value} = shares_{at}.text"
        )
    return f"SELECT {', '.join(columns)} FROM {rows} AS source {' '.join(joins)}"


def _unknown_shares(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    value: str,
    at: int,
    vocabulary: Sequence[str],
) -> str:
    """SQL of the share of unknown words of every different text that has a word."""
    import pyarrow as pa

    known = f"known_words_{at}"
    connection.register(known, pa.table({"word": pa.array(vocabulary, pa.string())}))
    return (
        f"SELECT text, avg((known.word IS NULL)::DOUBLE) AS unknown "
        f"FROM (SELECT text, unnest({_words('text')}) AS word "
        f"FROM (SELECT DISTINCT {value} AS text FROM {rows})) AS held "
        f"LEFT JOIN {known} AS known USING (word) GROUP BY text"
    )


def _words(text: str) -> str:
    r"""SQL of the words of a text, as `re.findall(r"\w+", text.lower())` finds them."""
    return rf"regexp_extract_all(lower({text}), '[\p{{L}}\p{{N}}_]+')"
