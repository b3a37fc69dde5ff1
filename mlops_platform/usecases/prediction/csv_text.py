"""How the text of a CSV file is written: by default, as a landing declares it, and as flags say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlops_platform.data.landing.files.csv_dialect import CsvDialect, Encoding


@dataclass(frozen=True)
class CsvText:
    """How a CSV file is written.

    Args:
        null_values: texts that mean missing.
    """

    dialect: CsvDialect = field(default_factory=CsvDialect)
    null_values: Sequence[str] = ("",)

    def __str__(self) -> str:
        """What is unlike the usual, in words; empty where nothing is."""
        return ", ".join(self._unusual())

    def _unusual(self) -> Iterator[str]:
        usual = CsvDialect()
        for name in ("delimiter", "quote", "decimal", "thousands"):
            if (character := getattr(self.dialect, name)) != getattr(usual, name):
                yield f"{name} {character!r}"
        if self.dialect.encoding != usual.encoding:
            yield self.dialect.encoding
        for name in ("timestamp_format", "date_format"):
            if (form := getattr(self.dialect, name)) is not None:
                yield f"{name.removesuffix('_format')}s like {form!r}"
        for column, form in self.dialect.formats.items():
            yield f"{column} like {form!r}"
        if nulls := [text for text in self.null_values if text]:
            yield f"missing is {', '.join(map(repr, nulls))}"


@dataclass(frozen=True)
class CsvFlags:
    """What somebody says of a CSV file; None of what is not said.

    Args:
        null_values: texts that mean missing too.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: Encoding | None = None
    null_values: tuple[str, ...] = ()

    def over(self, text: CsvText) -> CsvText:
        """The same text but for what is said.

        Raises:
            DataError: together they are no dialect.
        """
        said: dict[str, Any] = {
            name: value
            for name in ("delimiter", "decimal", "encoding")
            if (value := getattr(self, name)) is not None
        }
        if self.decimal not in (None, text.dialect.decimal):
            said["thousands"] = ""  # the groups were written beside another decimal
        nulls = dict.fromkeys((*text.null_values, *self.null_values))
        return CsvText(replace(text.dialect, **said), tuple(nulls))
