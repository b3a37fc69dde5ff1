"""What the card shows of explanations: figures, tables, and what has no curve."""

import struct
from typing import Any

import pytest

from mlops_platform.drawing import CARD_DOTS_PER_INCH, WIDTH
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.training.card.text import card_html, card_markdown
from mlops_platform.training.explaining.dependence import (
    DependenceCurve,
    PartialDependence,
    partial_dependences,
)
from mlops_platform.training.explaining.importance import GroupImportance
from mlops_platform.training.explaining.shift import ImportanceShift, MovedImportance
from mlops_platform.training.judging.figures import figures_of
from tests.training.card.test_record import Balanced, make_card  # noqa: F401


def curve(values: int, output: str = "score", at_missing: float | None = None) -> DependenceCurve:
    mean = tuple(0.1 + 0.01 * at for at in range(values))
    return DependenceCurve(output=output, mean=mean, lower=mean, upper=mean, at_missing=at_missing)


CARRIERS = tuple(f"carrier|{at}" for at in range(12))
CATEGORIES = PartialDependence(
    feature="carrier",
    kind="categorical",
    values=CARRIERS,
    shares=(1 / 12,) * 12,
    outside=0.25,
    curves=(curve(12, at_missing=0.7),),
)
FLAGS = PartialDependence(
    feature="verified", kind="boolean", values=(0.0, 1.0), shares=(0.4, 0.6), curves=(curve(2),)
)
NONE = PartialDependence(feature="note", kind="text", reason="note is free text", missing=0.5)
GROUP = GroupImportance(
    features=("signal", "echo"), correlation=0.9, mean=0.3, standard_deviation=0.01
)
SHIFT = ImportanceShift(
    version=3,
    share=0.123,
    rank_correlation=0.5,
    moved=(MovedImportance(features=("signal", "echo"), champion=0.6, candidate=0.5),),
)


@pytest.fixture(scope="module")
def told(tiny: Any, evaluation: Any) -> Any:
    """An evaluation with everything that there may be to explain."""
    dependences = partial_dependences(
        tiny.spec, tiny.candidate, tiny.rows, tiny.predictions, evaluation.importances
    )
    shown = (*dependences, CATEGORIES, FLAGS, NONE)
    return evaluation.model_copy(
        update={"dependences": shown, "importance_groups": (GROUP,), "importance_shift": SHIFT}
    )


def test_the_curves_are_a_figure_of_the_width_of_a_page(told: Any) -> None:
    figures = figures_of(DEFAULT_TASK, told)
    width, height = struct.unpack(">II", figures["dependence"][16:24])
    assert width == WIDTH * CARD_DOTS_PER_INCH
    assert 300 < height < 1600
    alone = told.model_copy(update={"dependences": (FLAGS, NONE)})
    assert "dependence" in figures_of(DEFAULT_TASK, alone)
    nothing = told.model_copy(update={"dependences": (NONE,)})
    assert "dependence" not in figures_of(DEFAULT_TASK, nothing)


def test_several_outputs_share_a_figure(told: Any) -> None:
    several = FLAGS.model_copy(update={"curves": (curve(2), curve(2, "decision"))})
    drawn = figures_of(DEFAULT_TASK, told.model_copy(update={"dependences": (several,)}))
    assert drawn["dependence"].startswith(b"\x89PNG")


@pytest.mark.parametrize("render", [card_markdown, card_html])
def test_the_card_tells_all_of_it(make_card: Any, spec: Any, told: Any, render: Any) -> None:  # noqa: F811
    card = make_card(spec)
    analyses = card.quantitative_analyses.model_copy(
        update={
            "importances": told.importances,
            "importance_groups": told.importance_groups,
            "dependences": told.dependences,
            "importance_shift": told.importance_shift,
        }
    )
    text = render(card.model_copy(update={"quantitative_analyses": analyses}))
    leading = told.importances[0]
    for fact in (
        f"{leading.mean:.4f}",
        f"{leading.lower:.4f}",
        f"{leading.upper:.4f}",
        "surely above 0",
        "Correlated columns, shuffled together",
        "signal, echo",
        "not known",
        "12.3 % of the importance lies on other features than in version 3",
        "(rank correlation 0.50)",
        "60.0 %",
        "How predictions depend on it",
        "No curve: note is free text.",
        "25.0 %",
        "true",
        "0.7000",
    ):
        assert fact in text
    assert "carrier|0" in text or "carrier\\|0" in text
    if render is card_html:
        parser = Balanced()
        parser.feed(text)
        assert parser.open == []
    quiet = card.model_copy(
        update={
            "quantitative_analyses": analyses.model_copy(
                update={
                    "importance_groups": (),
                    "dependences": (),
                    "importance_shift": SHIFT.model_copy(
                        update={"rank_correlation": None, "moved": ()}
                    ),
                }
            )
        }
    )
    text = render(quiet)
    assert "Correlated columns" not in text
    assert "How predictions depend on it" not in text
    assert "rank correlation" not in text
