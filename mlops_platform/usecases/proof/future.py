"""The future never leaks: facts that became known after an event do not change its features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

from mlops_platform.data.scratch.built_rows import Both, Built
from mlops_platform.data.scratch.perturbing import Perturbation
from mlops_platform.usecases.proof.culprits import Explainer
from mlops_platform.usecases.proof.declared import DeclaredTables
from mlops_platform.usecases.proof.plan import TableFacts, future_cutoff, future_perturbations
from mlops_platform.usecases.proof.records import Finding, Verdict
from mlops_platform.usecases.proof.worlds import Worlds, warehouse_of

READ_AS_KNOWN: Final = (
    "Read {table} as it was known: `known_at <= event_time`, versions until `superseded_at > "
    "event_time`, by a macro of docs/landing.md; not by the moment at which a fact happened, and "
    "not its present version."
)
KEEP_VERSIONS: Final = (
    "Keep every version of a label, each from when it was known until it was superseded: of "
    "{table} by the macros `fact_versions` and `merged_versions`."
)


KNOWN_AHEAD: Final = (
    "What is known ahead is published before, such as a calendar: no fact of {table} may move it. "
    "Make the column of that alone, or take it out of `task.known_future`."
)


@dataclass
class FutureProof:
    """Rounds of perturbations, each after a cutoff of its own."""

    worlds: Worlds
    declared: DeclaredTables
    facts: Sequence[TableFacts]
    _of_features: list[Finding] = field(default_factory=list, init=False)
    _of_labels: list[Finding] = field(default_factory=list, init=False)
    _of_known: list[Finding] = field(default_factory=list, init=False)
    _reached: set[str] = field(default_factory=set, init=False)
    _rows: int = field(default=0, init=False)
    _perturbed: int = field(default=0, init=False)

    def verdicts(self, rounds: int, random: Random, most: int) -> Iterator[Verdict]:
        """Of features, labels, and what is declared as known ahead.

        Args:
            most: facts of each landed table that are perturbed in a round.
        """
        event_times = Built(self.worlds.base, self.declared.features).event_times()
        for _ in range(rounds if event_times else 0):
            cutoff = future_cutoff(event_times, random)
            self._round(cutoff, future_perturbations(self.facts, cutoff, random, most))
        yield self._verdict_of_features(rounds)
        yield self._verdict_of_labels(rounds)
        if self._known:
            yield self._verdict_of_known()

    @property
    def _known(self) -> tuple[str, ...]:
        return self.declared.spec.task.known_ahead

    def _round(self, cutoff: datetime, perturbations: Sequence[Perturbation]) -> None:
        base = self.worlds.base

        def features(warehouse: Path) -> Both:
            return Both(base, warehouse, self.declared.features)

        def labels(warehouse: Path) -> Both:
            known = (self.declared.spec.label.known_at_column, cutoff)
            return Both(base, warehouse, self.declared.label, known=known)

        with self.worlds.perturbed(perturbations) as lake:
            of_features = features(warehouse_of(lake)).differences_until(cutoff)
            self._reached |= features(warehouse_of(lake)).columns_after(cutoff)
            of_labels = labels(warehouse_of(lake)).differences()
            of_known = (
                features(warehouse_of(lake)).moved_after(cutoff, self._known) if self._known else []
            )
        self._rows += Built(base, self.declared.features).count(cutoff)
        self._perturbed += len(perturbations)
        for findings, differences, fix, compare in (
            (self._of_features, of_features, READ_AS_KNOWN, features),
            (self._of_labels, of_labels, KEEP_VERSIONS, labels),
            (self._of_known, of_known, KNOWN_AHEAD, features),
        ):
            known = {finding.column for finding in findings}
            new = [difference for difference in differences if difference.column not in known]
            findings += Explainer(self.worlds, perturbations, fix, compare).findings(new)

    def _verdict_of_features(self, rounds: int) -> Verdict:
        name, findings = self.declared.features.name, tuple(self._of_features)
        if findings:
            return Verdict(
                property="future",
                table=name,
                outcome="failed",
                detail=f"{_columns(findings)} change with facts of after the event",
                findings=findings,
            )
        if not self._reached:
            return Verdict(
                property="future",
                table=name,
                outcome="not proved",
                detail="no perturbed fact reached a feature of a later event",
            )
        unreached = self._unreached()
        but = f"; no perturbed fact reaches {', '.join(unreached)}" if unreached else ""
        return Verdict(
            property="future",
            table=name,
            outcome="proved",
            detail=f"{self._rows} rows of before {rounds} cutoffs stay, {self._perturbed} later "
            f"facts perturbed; {len(self._reached)} columns of later events change{but}",
        )

    def _unreached(self) -> list[str]:
        features = self.declared.spec.features
        wanted = {*features.names, *features.beside}.difference(self._known)
        return sorted(wanted - self._reached)

    def _verdict_of_known(self) -> Verdict:
        table, findings = self.declared.features.name, tuple(self._of_known)
        if findings:
            detail = f"{_columns(findings)} are declared as known ahead, and facts move them"
            return Verdict(
                property="future", table=table, outcome="failed", detail=detail, findings=findings
            )
        reached = bool(self._reached)
        return Verdict(
            property="future",
            table=table,
            outcome="proved" if reached else "not proved",
            detail="known ahead: "
            + ("no perturbed fact moves " if reached else "no perturbed fact moves anything, nor ")
            + ", ".join(self._known),
        )

    def _verdict_of_labels(self, rounds: int) -> Verdict:
        findings = tuple(self._of_labels)
        return Verdict(
            property="future",
            table=self.declared.label.name,
            outcome="failed" if findings else "proved",
            detail=f"{_columns(findings)} are not as they were known"
            if findings
            else f"what was known at {rounds} cutoffs stays",
            findings=findings,
        )


def _columns(findings: Sequence[Finding]) -> str:
    return ", ".join(finding.column for finding in findings)
