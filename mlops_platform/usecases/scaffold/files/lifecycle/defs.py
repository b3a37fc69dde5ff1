"""The YAML of a model: what it reads, how it is trained, judged and watched, and why so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlops_platform.column_kind import KINDS
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts
from mlops_platform.tasks.starting import start
from mlops_platform.usecases.scaffold.choices import Choices, ColumnChoice
from mlops_platform.usecases.scaffold.files.columns import source_text
from mlops_platform.usecases.scaffold.files.commented_yaml import commented_yaml, neutral
from mlops_platform.usecases.scaffold.files.days import end_of_windows, first_window
from mlops_platform.usecases.scaffold.files.features import inputs
from mlops_platform.usecases.scaffold.files.landing import COMPONENTS, ROOT
from mlops_platform.usecases.scaffold.files.lifecycle.training_size import TrainingSize
from mlops_platform.usecases.scaffold.files.names import Names

UNKNOWN_DELAY: Final = 7
"""Days until a window is judged, where nobody has said how long outcomes take."""
USUAL_MISSING: Final = 0.05
_REASONS: Final[Mapping[str, str]] = {
    "features.sensitive": "No features, because they are about people.",
    "window": "The periods that are scored and watched.",
    "evaluation.subgroups": "Groups of which each is judged apart, because a model may be much "
    "worse for one of them.",
    "card": "Only people can write what it is for. Read it, and write it anew.",
}


def lifecycle_defs(names: Names) -> str:
    """The YAML of the model's component.

    Raises:
        SpecError: the task has to know more of the label.
    """
    choices = names.choices
    started = start(choices.task, _label_facts(choices), _inputs(names))
    size = TrainingSize(choices)
    attributes: dict[str, Any] = {
        "name": choices.model,
        "description": neutral(choices.description),
        "owners": list(choices.owners),
        "task": dict(choices.task),
        "features": _features(names),
        "label": _label(names),
        "window": _window(choices),
        "training": size.training(started.sections),
        **_evaluation(names),
        "gate": {"better_than_baseline": True, **size.improvement()},
        "monitoring": {"performance": _performance(choices)},
        "card": _card(names),
    }
    for path, section in started.sections.items():
        _put(attributes, path, section)
    reasons = {
        **_REASONS,
        "features": _no_features(names),
        **_performance_reasons(choices),
        **size.reasons(),
        **started.reasons,
        **_feature_reasons(names),
        **choices.reasons,
    }
    there = {f"{ROOT}.{path}": why for path, why in reasons.items() if _is_there(attributes, path)}
    document = {"type": f"{COMPONENTS}.ModelLifecycleComponent", ROOT: _in_order(attributes)}
    return commented_yaml(document, there)


def _features(names: Names) -> dict[str, Any]:
    section: dict[str, Any] = {
        "table": names.features,
        "entity": names.entity,
        "event_time": names.event_time,
        "partition": names.partition,
    }
    for kind, columns in _by_kind(names).items():
        if columns:
            section[kind] = list(columns)
    sensitive = [names.feature(of.output) for of in inputs(names) if of.role == "sensitive"]
    return section | ({"sensitive": sensitive} if sensitive else {})


def _by_kind(names: Names) -> dict[str, tuple[str, ...]]:
    features = [of for of in inputs(names) if of.role == "feature"]
    by_kind: dict[str, tuple[str, ...]] = {
        kind: tuple(names.feature(of.output) for of in features if of.kind == kind)
        for kind in KINDS
    }
    rolling = tuple(of.name for of in names.choices.rolling)
    return {**by_kind, "numeric": (*by_kind["numeric"], *rolling)}


def _inputs(names: Names) -> Inputs:
    return Inputs(rows=names.choices.rows, **_by_kind(names))


def _label_facts(choices: Choices) -> LabelFacts:
    """What is known of the label: nothing but its rows, where nobody has said more."""
    unknown = LabelFacts(expression=choices.label, type="", rows=choices.rows, distinct=0)
    return choices.label_facts or unknown


def _label(names: Names) -> dict[str, Any]:
    choices = names.choices
    known = None if choices.known_at is None else "known_at"
    return {"table": names.labels, "column": choices.label_name, "known_at": known}


def _window(choices: Choices) -> dict[str, Any]:
    end = end_of_windows(choices)
    return {
        "cadence": choices.cadence,
        "start": first_window(choices),
        **({} if end is None else {"end": end}),
        "timezone": choices.timezone,
    }


def _evaluation(names: Names) -> dict[str, Any]:
    groups = [names.feature(of.output) for of in inputs(names) if _is_judged(of)]
    return {"evaluation": {"subgroups": groups}} if groups else {}


def _is_judged(of: ColumnChoice) -> bool:
    return of.role == "sensitive" and of.is_grouped


def _performance(choices: Choices) -> dict[str, Any]:
    delay = choices.label_delay_days
    section: dict[str, Any] = {"mature_after_days": UNKNOWN_DELAY if delay is None else delay}
    if (missing := _missing_labels(choices)) > 0:
        section["outcomes_missing"] = {"warn": round(min(1.0, missing + USUAL_MISSING), 3)}
    return section


def _performance_reasons(choices: Choices) -> dict[str, str]:
    delay, missing = choices.label_delay_days, _missing_labels(choices)
    path = "monitoring.performance"
    known = (
        "Nobody has said how long outcomes take to become known: correct it."
        if delay is None
        else f"Nearly every outcome is known {delay} days after its row."
    )
    lack = f"{missing:.1%} of the rows that were looked at have no outcome."
    return {f"{path}.mature_after_days": known, f"{path}.outcomes_missing": lack}


def _missing_labels(choices: Choices) -> float:
    """Share of the rows that have no outcome, as far as is known."""
    if choices.label_facts is None or not choices.rows:
        return 0.0
    return max(0.0, 1 - choices.label_facts.rows / choices.rows)


def _card(names: Names) -> dict[str, Any]:
    choices = names.choices
    until = "" if choices.last_day is None else f" to {choices.last_day}"
    sensitive = [of.output for of in names.columns if of.role == "sensitive"]
    card = {
        "intended_use": neutral(choices.description),
        "out_of_scope": "Any use that its owners have not decided on.",
    }
    if sensitive:
        groups = [of.output for of in names.columns if _is_judged(of)]
        apart = f", and groups of {', '.join(groups)} are evaluated apart" if groups else ""
        are = "are no features" if len(sensitive) > 1 else "is no feature"
        card["ethical_considerations"] = (
            f"Rows are about people, it seems: {', '.join(sensitive)} {are}{apart}."
        )
    card["caveats"] = neutral(
        f"Made from {source_text(choices)}, with rows of {choices.first_day}{until}."
    )
    return card | {"contact": choices.owners[0]}


def _no_features(names: Names) -> str:
    """Columns that land and that the model does not read, each with its reason."""
    kept = [of for of in names.columns if of.role == "kept"]
    if not kept:
        return ""
    lines = [f"{of.output}: {(of.reason or 'kept for other uses').rstrip('.')}." for of in kept]
    return "\n".join(["Columns that are no features:", *lines])


def _feature_reasons(names: Names) -> dict[str, str]:
    """Reasons of columns, at their place in the list."""
    by_kind = {**_by_kind(names), "sensitive": tuple(_features(names).get("sensitive", ()))}
    given = {names.feature(of.output): of.reason for of in inputs(names) if of.reason}
    return {
        f"features.{kind}.{position}": given[name]
        for kind, columns in by_kind.items()
        for position, name in enumerate(columns)
        if name in given
    }


def _put(attributes: dict[str, Any], path: str, section: Any) -> None:
    *parents, last = path.split(".")
    place = attributes
    for parent in parents:
        place = place.setdefault(parent, {})
    place[last] = section


def _is_there(attributes: Any, path: str) -> bool:
    place = attributes
    for part in path.split("."):
        if isinstance(place, Mapping) and part in place:
            place = place[part]
        elif isinstance(place, list) and part.isdigit() and int(part) < len(place):
            place = place[int(part)]
        else:
            return False
    return True


def _in_order(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The card last: it is read last."""
    return {key: value for key, value in attributes.items() if key != "card"} | {
        "card": attributes["card"]
    }
