"""Writes the model card of a version: Markdown, HTML and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.files import new_directory
from mlops_platform.formats.home_path import HomePath
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.train import TrainedCandidate
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.register import RegisteredCandidate
from mlops_platform.usecases.release.version_text import version_text
from mlops_platform.usecases.version.deployed import DeployedVersion

if TYPE_CHECKING:
    from mlops_platform.spec import CandidateSpec
    from mlops_platform.training.card.record import Card
    from mlops_platform.training.split import Split

NAMES = ("model_card.md", "model_card.html", "model_card.json")


class WrittenCard(Record):
    """Where the three forms of a card are."""

    directory: HomePath

    @property
    def files(self) -> tuple[Path, ...]:
        """Markdown, HTML and JSON."""
        return tuple(self.directory / name for name in NAMES)


def write_model_card(
    deployment: Deployment,
    spec: ModelSpec,
    registered: RegisteredCandidate,
    standing: DeployedVersion,
    provenance: Mapping[str, str],
) -> WrittenCard:
    """Fill the card from the run, write it beside the version, and log it to MLflow.

    The card of a version is written once, as its model is: a later call changes nothing.
    """
    from mlops_platform.training.card.text import card_html, card_markdown

    registered.require_standing_as(standing)
    card = _card(spec, registered, standing, provenance)
    directory = deployment.settings.model_home(spec.name) / "cards" / f"v{standing.version}"
    with deployment.registry.resume_run(standing.run_id) as run:
        html = card_html(card, run.read_figures())
        texts = (card_markdown(card), html, card.to_public(indent=2))
        with new_directory(directory) as temporary:
            for name, text in zip(NAMES, texts, strict=True):
                (temporary / name).write_text(text, encoding="utf-8")
        for name in NAMES:
            run.log_text(name, (directory / name).read_text(encoding="utf-8"))
    _, page, _ = NAMES
    link = deployment.registry.run_link(standing.run_id, page).removeprefix("/")
    text = version_text(spec, registered.judged, link)
    deployment.registry.describe_version(spec.name, standing.version, text)
    return WrittenCard(directory=directory)


def _card(
    spec: ModelSpec,
    registered: RegisteredCandidate,
    standing: DeployedVersion,
    provenance: Mapping[str, str],
) -> Card:
    from mlops_platform.training.card.building import build_card
    from mlops_platform.training.card.record import DataFacts, VersionFacts
    from mlops_platform.training.pipelines.pipeline import candidate_named
    from mlops_platform.training.split import describe

    evaluated = registered.judged.evaluated
    training_set, recipe = evaluated.candidate.training_set, evaluated.candidate.recipe
    split = split_rows(spec, training_set)
    return build_card(
        spec,
        DataFacts(
            hash=training_set.hash,
            rows=training_set.rows,
            targets_text=spec.task.facts_text(training_set.targets),
            first_day=training_set.first_local_date,
            last_day=training_set.last_local_date,
            tables=(spec.features.table, spec.label.table),
            as_of=training_set.as_of,
            parts=describe(split, spec),
            sampled_rows=split.sampled_rows,
            weights=training_set.weights,
            resampling_text=_resampling_text(spec, candidate_named(spec, recipe.candidate), split),
            made_text=_made_text(evaluated.candidate),
            taught=evaluated.candidate.update is not None,
            audit=evaluated.candidate.audit,
        ),
        recipe,
        evaluated.evaluation,
        registered.judged.verdict,
        VersionFacts(
            version=str(standing.version),
            created_at=standing.since,
            provenance=dict(provenance),
        ),
    )


def _made_text(candidate: TrainedCandidate) -> str | None:
    if candidate.made_text is None:
        return None
    made = f"The model was {candidate.made_text}."
    if candidate.update is None:
        return made
    return (
        f"{made} Its preprocessing, and all that it had learnt before, is that of version "
        f"{candidate.update.version}; the rows counted here are those that it would have been "
        "refitted on."
    )


def _resampling_text(spec: ModelSpec, candidate: CandidateSpec, split: Split) -> str | None:
    """Rows of the training part before and after, and what their outcomes are like."""
    from mlops_platform.training.resampling import resampling_facts

    facts = resampling_facts(spec, candidate, split.train)
    if facts is None:
        return None
    before, after = map(spec.task.facts_text, (facts.targets, facts.resampled_targets))
    return (
        f"The candidate was fitted on rows drawn by class ({facts.method}): of {facts.rows:,} "
        f"({before}) {facts.resampled_rows:,} were made ({after}). Rows that validate, test or "
        "calibrate are as they are, and so is what the baseline knows."
    )
