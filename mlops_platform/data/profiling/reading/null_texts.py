"""Texts that say that there is no value."""

from typing import Final

STRONG: Final = ("NA", "N/A", "n/a", "#N/A", "NULL", "Null", "null", "NaN", "nan", "\\N", "<NA>")
"""Whatever the column is about; `NA` not among codes of two letters."""
WEAK: Final = ("None", "none", "NONE", "na", "NAN", "-", "--", ".", "?", "#DIV/0!", "#VALUE!")
"""Where all other values are numbers or times; among words they may be one."""
NULL_TEXTS: Final = (*STRONG, *WEAK)

SAYING_NOTHING: Final = frozenset(
    (
        *("unknown", "unk", "not known", "unspecified", "not specified", "undefined", "missing"),
        *("not available", "not provided", "not applicable", "no data", "nodata", "no value"),
        *("none", "null", "nil", "nan", "na", "n/a", "n.a.", "#n/a", "tbd", "tba", "(blank)"),
        *("blank", "(empty)", "empty", "-", "--", "---", ".", "?", "??", "???", "x", "xx", "xxx"),
        *("unbekannt", "keine angabe", "k.a.", "inconnu", "desconocido", "ignoto", "unavailable"),
    )
)
"""The same among words, in lower case."""
