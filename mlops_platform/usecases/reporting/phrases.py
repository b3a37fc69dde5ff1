"""Moments, versions and decisions of the ledger in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mlops_platform.clock import moment_text
from mlops_platform.formats.digits import digits
from mlops_platform.ledger.records import REPLAYED, Decision, Release
from mlops_platform.monitoring.policy.decide import FINDINGS
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Output
from mlops_platform.usecases.retraining.attempts import is_verdict
from mlops_platform.usecases.window.score import ScoredWindow

NO_ZONE: Final = "UTC"
HASH_CHARACTERS: Final = 32
LEAST_SHOWN: Final = 1e-4
"""Four digits after the point would say of less that it is nothing."""
_DONE: Final = {
    "retrain": "decided to retrain",
    "suggest": "suggested a retraining",
    "decline": "declined a suggested retraining",
    "wait": "decided to wait",
    "reject": "rejected a candidate",
    "challenge": "put a candidate on trial as the challenger",
    "package": "built the challenger's Bento",
    "abort": "aborted the challenger",
    "promote": "promoted a candidate",
    "keep": "confirmed the champion",
    "roll_back": "rolled back",
    "freeze": "froze the model",
    "unfreeze": "unfroze the model",
    "retire": "retired the model",
    "reinstate": "took the retirement back",
    "erase": "erased facts that it is made from",
    "export": "exported a version",
    "accept_loss": "went on without lost rows of the ledger",
}
_NOT_HEADLINE: Final = frozenset(
    {
        "base_rate_log_loss",
        "baseline_loss",
        "champion_version",
        "condition_sha256",
        "cooldown_days",
        "erasure",
        "features_digest",
        "labels_digest",
        "last_attempt",
        "last_outcome",
        "log_loss_increase_limit",
        "loss_increase_limit",
        "suggestion",
        "trained_as_of",
        "policy",
        REPLAYED,
    }
)
"""Evidence that the reason tells where it matters, or that only a program reads."""


class DecisionText(Record):
    """One decision for a person: when, who did what, why, and on which figures.

    Args:
        rules: what each rule of the policy found, where the policy decided.
    """

    at: str
    done: str
    actor: str
    reason: str
    rules: tuple[str, ...]
    evidence: str


def timezone_of(spec: ModelSpec | None) -> str:
    """Zone of a model's windows; UTC where no YAML says it."""
    return NO_ZONE if spec is None else spec.window.timezone


def version_text(numbered: Release | ScoredWindow) -> str:
    """The version and the release under which it serves or has scored."""
    release = numbered.sequence if isinstance(numbered, Release) else numbered.release
    return f"version {numbered.version} (release {release})"


def means_text(means: Mapping[str, float], outputs: Sequence[Output]) -> str:
    """Mean of each number, share of each flag; of a model that is gone by their columns."""
    words = {output.name: output for output in outputs}
    texts = []
    for name, mean in means.items():
        output = words.get(name)
        if output is not None and output.kind == "flag":
            texts.append(f"{100 * mean:.1f} % {output.words}")
        else:
            texts.append(f"mean {output.words if output else name} {mean:.3f}")
    return ", ".join(texts)


def decision_text(decision: Decision) -> DecisionText:
    """One decision with its headline evidence."""
    undecided = decision.kind == "wait" and is_verdict(decision)
    return DecisionText(
        at=moment_text(decision.made_at),
        done="left a candidate undecided" if undecided else _DONE[decision.kind],
        actor=decision.actor,
        reason=decision.reason,
        rules=tuple(_rules_text(decision)),
        evidence=", ".join(_evidence_text(decision.evidence)),
    )


def _rules_text(decision: Decision) -> Iterator[str]:
    """Which rules fired and which did not; a sentence that the reason tells is not repeated."""
    for finding in decision.evidence.get(FINDINGS, ()):
        fired = "fires" if finding["fires"] else "does not fire"
        why = "." if finding["sentence"] in decision.reason else f": {finding['sentence']}"
        yield f"rule {finding['rule']} {fired}{why}"


def _evidence_text(evidence: Mapping[str, Any]) -> Iterator[str]:
    """The headline figures; hashes are cut."""
    criteria = evidence.get("criteria")
    if criteria:
        binding = [criterion for criterion in criteria if criterion.get("binding", True)]
        passed = sum(criterion["passed"] is True for criterion in binding)
        yield f"{passed} of {len(binding)} criteria pass"
    if REPLAYED in evidence:
        yield "in a replay"
    for name, value in evidence.items():
        shown = _value_text(value)
        if shown and name not in _NOT_HEADLINE:
            yield f"{name.replace('_', ' ')} {shown}"


def _value_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if value == 0 or abs(value) >= LEAST_SHOWN else digits(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " and ".join(value)
    if isinstance(value, dict | list):
        return ""
    text = str(value)
    return f"{text[:12]}…" if len(text) >= HASH_CHARACTERS and text.isalnum() else text
