"""What a training came to: a champion, a challenger, or the sentence why it is none."""

from collections.abc import Iterator
from typing import Final

from mlops_platform.ledger.challenger import Challenger, Mode
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, DecisionKind
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.judge import JudgedCandidate

BETTER_THAN_BASELINE: Final = "better_than_baseline"
"""The criterion of the gate."""


class TrainingOutcome(Record):
    """One training and the verdict on it.

    Args:
        kind, reason: of the decision that the verdict is.
        version: that was released or is on trial; null where none was.
        release: by which it serves; null where it does not.
        trial: how the version is tried, `manual` where it waits for a person; else null.
        champion: version that serves now, null where none does.
        candidate: the best one of the search, which was judged.
        loss, baseline_loss: on the rows of its test.
        beats_baseline: by the criterion of the gate.
        search_scores: by candidate, null where no trial was completed; none of an update.
        made: whether it went on from a version or was fitted anew, where updates are declared.
    """

    model: str
    kind: DecisionKind
    reason: str
    version: int | None
    release: int | None
    trial: Mode | None
    champion: int | None
    candidate: str
    loss_name: str
    loss: float
    baseline_name: str
    baseline_loss: float
    test_rows: int
    beats_baseline: bool
    search_metric: str
    search_scores: dict[str, float | None]
    mlflow_run: str
    made: str | None = None

    @property
    def text(self) -> str:
        """One paragraph for a person."""
        return " ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        scored = (
            f"{self.candidate} has {_article(self.loss_name)} {self.loss_name} of {self.loss:.4f} "
            f"on the {self.test_rows:,} rows of its test, the {self.baseline_name} "
            f"{self.baseline_loss:.4f}"
        )
        if self.release is not None:
            yield f"Version {self.version} of {self.model} is the champion, release {self.release}."
            yield f"{scored}."
        elif self.version is not None:
            what = (
                "waits for a person" if self.trial == "manual" else "is tried beside the champion"
            )
            yield f"Version {self.version} of {self.model} {what}."
            yield f"{scored}."
        elif not self.beats_baseline:
            sure = " for sure" if self.loss < self.baseline_loss else ""
            yield f"Nothing beats the baseline{sure}: {scored}."
        else:
            yield f"Nothing is released: {scored}."
        if self.made is not None:
            yield f"The candidate was {self.made}."
        yield self.reason
        if self.version is None and self.champion is not None:
            yield f"Version {self.champion} stays the champion."


def _article(name: str) -> str:
    return "an" if name[0] in "aeiou" else "a"


def training_outcome(
    spec: ModelSpec, ledger: Ledger, verdict: Decision, judged: JudgedCandidate
) -> TrainingOutcome:
    """What the latest training of a model came to.

    Args:
        judged: what the verdict is on.
    """
    evaluated = judged.evaluated
    recipe, evaluation = evaluated.candidate.recipe, evaluated.evaluation
    released = {release.decision_id: release for release in ledger.releases(spec.name)}
    release, champion = released.get(verdict.id), ledger.current_release(spec.name)
    version, trial = (release.version if release else None), None
    if verdict.kind == "challenge":
        challenger = Challenger.of(verdict, bento=None)
        version, trial = challenger.version, challenger.mode
    searched = recipe.trials if evaluated.candidate.update is None else ()
    names = dict.fromkeys(trial.candidate for trial in searched)
    return TrainingOutcome(
        model=spec.name,
        kind=verdict.kind,
        reason=verdict.reason,
        version=version,
        release=release.sequence if release else None,
        trial=trial,
        champion=champion.version if champion else None,
        candidate=recipe.candidate,
        loss_name=spec.task.loss_name,
        loss=evaluation.loss,
        baseline_name=spec.task.baseline_name,
        baseline_loss=evaluation.baseline_loss,
        test_rows=evaluation.rows,
        beats_baseline=all(
            criterion.passed is not False
            for criterion in judged.verdict.criteria
            if criterion.name == BETTER_THAN_BASELINE
        )
        and evaluation.loss < evaluation.baseline_loss,
        search_metric=recipe.metric,
        search_scores={name: recipe.best_score_of(name) for name in names},
        mlflow_run=evaluated.candidate.run_id,
        made=evaluated.candidate.made_text,
    )
