"""The one rule from the state of a deployment to what is wrong with it, and to the cure."""

from mlops_platform.usecases.diagnosis.alerts import alerts_findings
from mlops_platform.usecases.diagnosis.facts import Facts
from mlops_platform.usecases.diagnosis.finding import SEVERITIES, Finding
from mlops_platform.usecases.diagnosis.overdue import overdue_findings
from mlops_platform.usecases.diagnosis.releases import findings_of_releases
from mlops_platform.usecases.diagnosis.running import findings_of_processes


def diagnose(facts: Facts) -> list[Finding]:
    """All findings, the worst first."""
    findings = list(findings_of_processes(facts))
    for model in facts.models:
        findings += [
            *findings_of_releases(facts, model),
            *overdue_findings(facts, model),
            *(alerts_findings(model.model, model.alerts) if model.alerts else ()),
        ]
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
