"""Names and figures within sentences."""

from collections.abc import Sequence


def yaml_list(values: Sequence[str]) -> str:
    """As YAML writes a list of texts on one line."""
    return f"[{', '.join(_scalar(value) for value in values)}]"


def _scalar(value: str) -> str:
    plain = value.replace("_", "").isalnum() and value[:1].isalpha()
    if plain and value.lower() not in ("null", "true", "false", "yes", "no", "on", "off"):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def percent(part: float, whole: float) -> str:
    """A share that is not rounded to nothing, nor to everything."""
    share = part / whole if whole else 0.0
    if 0 < share < 0.001:
        return "less than 0.1 %"
    if 0.999 < share < 1:
        return "more than 99.9 %"
    return f"{100 * share:.{1 if share < 0.1 else 0}f} %"
