"""LossFigures: what rows have cost, against what could have been expected of them."""

from collections.abc import Mapping
from math import isfinite
from typing import Annotated

from pydantic import AfterValidator

from mlops_platform.record import Record


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


Figure = Annotated[float | None, AfterValidator(_finite)]
"""A mean per row; what is no number is not known."""


class LossFigures(Record):
    """Losses of one version's predictions of some rows; None where a figure is not known.

    Args:
        name, baseline_name: what the loss and the baseline are, in words.
        loss: of the labelled rows.
        baseline_loss: of the baseline that the version must beat, on the same rows.
        test_loss: of the version on its own test rows.
        test_baseline_loss: of the baseline there.
        estimated_loss: what the predictions let expect of all rows, without labels.
        estimated_baseline_loss: the same of the baseline.
    """

    name: str = "loss"
    baseline_name: str = "baseline"
    loss: Figure = None
    baseline_loss: Figure = None
    test_loss: Figure = None
    test_baseline_loss: Figure = None
    estimated_loss: Figure = None
    estimated_baseline_loss: Figure = None

    @property
    def promised_loss(self) -> float | None:
        """What the version's test promises for rows as hard as these.

        Its test loss, times how much harder than the test rows the baseline finds these: the
        version keeps its share of the baseline's loss. A week of storms is harder for everybody.
        """
        return self._promised(self.baseline_loss)

    @property
    def estimated_promised_loss(self) -> float | None:
        """The same, for rows as hard as these seem to be without labels."""
        return self._promised(self.estimated_baseline_loss)

    @property
    def loss_increase(self) -> float | None:
        """How much worse than promised; negative where it is better."""
        return _difference(self.loss, self.promised_loss)

    @property
    def loss_over_baseline(self) -> float | None:
        """Loss above the baseline's; below zero where the model is worth having."""
        return _difference(self.loss, self.baseline_loss)

    @property
    def estimated_increase(self) -> float | None:
        """How much worse than promised the predictions themselves let expect."""
        return _difference(self.estimated_loss, self.estimated_promised_loss)

    @property
    def estimate_error(self) -> float | None:
        """Estimated minus realised; below zero where the estimate was too good."""
        return _difference(self.estimated_loss, self.loss)

    @property
    def named(self) -> Mapping[str, float | None]:
        """The figures by the names that pages and other programs know them by."""
        return {
            "loss": self.loss,
            "baseline_loss": self.baseline_loss,
            "promised_loss": self.promised_loss,
            "loss_increase": self.loss_increase,
            "test_loss": self.test_loss,
            "estimated_loss": self.estimated_loss,
        }

    def _promised(self, baseline_loss: float | None) -> float | None:
        if baseline_loss is None or self.test_loss is None or not self.test_baseline_loss:
            return None
        return _finite(self.test_loss * (baseline_loss / self.test_baseline_loss))


def _difference(value: float | None, subtracted: float | None) -> float | None:
    return None if value is None or subtracted is None else _finite(value - subtracted)
