"""What the demo tells as JSON, in the names of today; its files say no format."""

from typing import Any, Final

_FORMER_LOSSES: Final = {
    "log_loss_served": "loss_served",
    "log_loss_frozen": "loss_frozen",
    "log_loss_base_rate": "loss_baseline",
}


def upgraded_summary(told: dict[str, Any]) -> dict[str, Any]:
    """A first champion or a summary, as it would be written today."""
    upgraded = {**told, "test": _test(told["test"])}
    if "windows" in told:
        upgraded["windows"] = [_window(row) for row in told["windows"]]
    return upgraded


def _test(test: dict[str, Any]) -> dict[str, Any]:
    if "loss" in test:
        return test
    rest = {name: figure for name, figure in test.items() if name != "base_rate_log_loss"}
    return {**rest, "loss": test["log_loss"], "baseline_loss": test["base_rate_log_loss"]}


def _window(row: dict[str, Any]) -> dict[str, Any]:
    return {_FORMER_LOSSES.get(name, name): figure for name, figure in row.items()}
