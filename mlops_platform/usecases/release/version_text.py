"""What the registry says of a version: verdict, figures, and where its card is."""

from mlops_platform.formats.digits import digits
from mlops_platform.spec import ModelSpec
from mlops_platform.training.judging.subgroups import worse_groups_text
from mlops_platform.usecases.candidate.judge import JudgedCandidate


def version_text(spec: ModelSpec, judged: JudgedCandidate, card: str | None = None) -> str:
    """Markdown for the page of a version in MLflow.

    Args:
        card: link to the model card, once it is written.
    """
    evaluated, task = judged.evaluated, spec.task
    made = evaluated.candidate.made_text
    evaluation, comparison = evaluated.evaluation, evaluated.comparison
    champion = (
        f", {digits(comparison.champion_loss)} by the champion before on rows new to both"
        if comparison and comparison.champion_loss is not None
        else ""
    )
    others = [
        f"{name} {digits(evaluation.metrics[name])}"
        for name, metric in task.all_metrics.items()
        if metric.headline and name != task.loss and name in evaluation.metrics
    ]
    paragraphs = [
        judged.verdict.reason,
        f"It was {made}." if made else "",
        f"On {evaluation.rows:,} test rows: {task.loss_name} {digits(evaluation.loss)}, against "
        f"{digits(evaluation.baseline_loss)} by always predicting the {task.baseline_name}"
        f"{champion}. {', '.join(others)}.",
        worse_groups_text((*evaluation.subgroups, *evaluation.intersections), task.baseline_name),
        f"[Model card]({card})" if card else "",
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
