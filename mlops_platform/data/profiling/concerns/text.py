"""How the text of files is written, where it is not the usual way."""

from collections.abc import Iterator

from mlops_platform.data.profiling.concerns.lists import yaml_list
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import Dialect, TableProfile


def dialect(profile: TableProfile) -> Iterator[Finding]:
    """Encoding, delimiter, quote, numbers and the texts that mean NULL."""
    if profile.dialect is None:
        return
    usual, own = Dialect().model_dump(), profile.dialect.model_dump()
    unusual = {name: value for name, value in own.items() if value != usual[name]}
    if unusual:
        listed = ", ".join(f"{name} {value!r}" for name, value in unusual.items())
        pairs = ", ".join(f'{name}: "{_escaped(str(value))}"' for name, value in unusual.items())
        yield Finding(
            kind="dialect",
            level="note",
            text=f"The files are written with {listed}.",
            fix=f"csv: {{{pairs}}}",
        )
    if profile.null_values != ("",):
        yield Finding(
            kind="null_values",
            level="note",
            text=f"{' and '.join(map(repr, profile.null_values[1:]))} are read as NULL.",
            fix=f"null_values: {yaml_list(profile.null_values)}",
        )


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
