"""What `mlops init` shows of a small model on two splits."""

import pytest

from mlops_platform.cli.project.shown import show_scores
from mlops_platform.usecases.leakage.split_scores import SplitScores


@pytest.mark.parametrize(
    ("losses", "sentence"),
    [
        (
            (0.8, 0.9),
            "On a random split a small model saves 20% of the log loss of the shares of the "
            "classes, on the split by time 10% (1,461 rows): the second is what production sees.",
        ),
        ((0.8, 1.25), "on the split by time nothing (25% are lost) (1,461 rows)"),
        (
            (1.14, 1.3),
            "A small model learns nothing from 1,461 rows, not even on a random split (14% more "
            "log loss than the shares of the classes): how much later rows differ is not known yet",
        ),
    ],
)
def test_what_a_small_model_saves_is_told_and_that_it_has_learnt_nothing(
    losses: tuple[float, float], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = SplitScores(
        loss_name="log loss",
        baseline_name="shares of the classes",
        rows=1461,
        random_loss=losses[0],
        random_baseline=1.0,
        time_loss=losses[1],
        time_baseline=1.0,
    )
    show_scores(scores)
    assert sentence in " ".join(capsys.readouterr().out.split())
