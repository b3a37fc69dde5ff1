"""Text columns as two numbers a row: how long the text is, and how many of its words are unknown.

A profile counts numbers and categories. Of a text it counts these two instead, in columns of their
own; the text itself is in no profile and on no page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier
from mlops_platform.record import Record

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


MOST_WORDS = 20_000
_LENGTH, _UNKNOWN = "length", "unknown words"

Words = Mapping[str, Sequence[str]]
"""The known words of each text column."""


class Vocabulary(Record):
    """The words of a text column's reference.

    A word that is listed because of a single text of the reference is known to a window, and
    unknown to that one text: without it, no other would have made it known. So the reference has as
    many unknown words as the next texts will have, which hold words of their own as well. Were all
    its words known to it, every window would be full of news.

    Args:
        words: those of most texts first, at most `MOST_WORDS`.
        shared: how many of them would be listed without any one of their texts, too.
    """

    words: tuple[str, ...]
    shared: int


def known_to_windows(vocabularies: Mapping[str, Vocabulary]) -> Words:
    """What windows are counted with."""
    return {text: vocabulary.words for text, vocabulary in vocabularies.items()}


def known_to_reference(vocabularies: Mapping[str, Vocabulary]) -> Words:
    """What rows of the reference itself are counted with."""
    return {
        text: vocabulary.words[: vocabulary.shared] for text, vocabulary in vocabularies.items()
    }


def derived_columns(text: str) -> tuple[str, str]:
    """What the profile calls the two columns of a text; no feature is called so."""
    return f"{text} {_LENGTH}", f"{text} {_UNKNOWN}"


def derived_from(texts: Iterable[str]) -> tuple[str, ...]:
    """The columns of several texts."""
    return tuple(column for text in texts for column in derived_columns(text))


def profiled_columns(features: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    """Columns that stand for features in a profile: themselves, or what is derived of texts."""
    plain = (name for name in features if name not in texts)
    return (*plain, *derived_from(texts))


def shared_importances(importances: Mapping[str, float], texts: Sequence[str]) -> dict[str, float]:
    """Importances by column of the profile: the columns of a text share its own equally."""
    shared = {name: value for name, value in importances.items() if name not in texts}
    for text in texts:
        columns = derived_columns(text)
        shared |= dict.fromkeys(columns, importances.get(text, 0.0) / len(columns))
    return shared


def fit_vocabularies(
    connection: duckdb.DuckDBPyConnection, rows: str, texts: Sequence[str]
) -> dict[str, Vocabulary]:
    """The words that most texts of a table hold, all of as many texts or none of them.

    Args:
        rows: SQL of the table.
    """
    vocabularies = {}
    for text in texts:
        frequent = connection.sql(
            f"SELECT word, count(*) AS texts "
            f"FROM (SELECT unnest(list_distinct({_words(identifier(text))})) AS word FROM {rows}) "
            f"GROUP BY word ORDER BY texts DESC, word LIMIT {MOST_WORDS + 1}"
        ).fetchall()
        # Without one of its texts a word of so many would be left out with those that are.
        left_out = frequent[MOST_WORDS][1] if len(frequent) > MOST_WORDS else 0
        vocabularies[text] = Vocabulary(
            words=tuple(word for word, texts in frequent if texts > left_out),
            shared=sum(texts > left_out + 1 for _, texts in frequent),
        )
    return vocabularies


def derive_columns(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    known: Words,
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
        f"{_derived(connection, rows, known, kept)}"
    )
    return "derived_of_texts"


def with_derived(connection: duckdb.DuckDBPyConnection, rows: pa.Table, known: Words) -> pa.Table:
    """A sample in which derived columns take the place of the texts; in the order of the rows."""
    import pyarrow as pa

    if not known:
        return rows
    position = "sampled row"  # no feature has a space in its name
    texts = rows.select(list(known)).append_column(
        position, pa.array(range(rows.num_rows), pa.int64())
    )
    connection.register("sampled_texts", texts)
    query = _derived(connection, "sampled_texts", known, [identifier(position)])
    derived = connection.sql(f"{query} ORDER BY {identifier(position)}").to_arrow_table()
    connection.unregister("sampled_texts")
    sample = rows.drop_columns(list(known))
    for column in derived_from(known):
        sample = sample.append_column(column, derived[column])
    return sample


def _derived(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    known: Words,
    kept: Sequence[str],
) -> str:
    """SQL of the derived columns, and of those to be kept beside them."""
    columns = [f"source.{column}" for column in kept]
    joins = []
    for at, (text, words) in enumerate(known.items()):
        value = identifier(text)
        length, unknown = map(identifier, derived_columns(text))
        columns.append(f"length(source.{value})::DOUBLE AS {length}")
        columns.append(f"shares_{at}.unknown AS {unknown}")
        joins.append(
            f"LEFT JOIN ({_unknown_shares(connection, rows, value, at, words)}) "
            f"AS shares_{at} ON source.{value} = shares_{at}.text"
        )
    return f"SELECT {', '.join(columns)} FROM {rows} AS source {' '.join(joins)}"


def _unknown_shares(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    value: str,
    at: int,
    words: Sequence[str],
) -> str:
    """SQL of the share of unknown words of every different text that has a word."""
    import pyarrow as pa

    listed = f"known_words_{at}"
    connection.register(listed, pa.table({"word": pa.array(words, pa.string())}))
    return (
        f"SELECT text, avg((known.word IS NULL)::DOUBLE) AS unknown "
        f"FROM (SELECT text, unnest({_words('text')}) AS word "
        f"FROM (SELECT DISTINCT {value} AS text FROM {rows})) AS held "
        f"LEFT JOIN {listed} AS known USING (word) GROUP BY text"
    )


def _words(text: str) -> str:
    r"""SQL of the words of a text, as `re.findall(r"\w+", text.lower())` finds them."""
    return rf"regexp_extract_all(lower({text}), '[\p{{L}}\p{{N}}_]+')"
