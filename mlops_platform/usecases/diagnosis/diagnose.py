"""The one rule from the state of a deployment to what is wrong with it, and to the cure."""

from collections.abc import Iterable

from mlops_platform.usecases.diagnosis.alerts import alerts_faults
from mlops_platform.usecases.diagnosis.facts import Facts
from mlops_platform.usecases.diagnosis.fault import SEVERITIES, Fault
from mlops_platform.usecases.diagnosis.landing import faults_of_builds, faults_of_landing
from mlops_platform.usecases.diagnosis.overdue import overdue_faults
from mlops_platform.usecases.diagnosis.published import faults_of_published
from mlops_platform.usecases.diagnosis.releases import faults_of_releases
from mlops_platform.usecases.diagnosis.running import faults_of_processes


def diagnose(facts: Facts) -> list[Fault]:
    """All faults, the worst first."""
    faults = [*facts.unseen, *faults_of_processes(facts)]
    if facts.landing is not None:
        faults += faults_of_landing(facts.landing, facts.now)
        faults += faults_of_builds(facts.landing.unread_builds, facts.launch)
    faults += faults_of_published(facts.damaged_tables, facts.launch)
    for model in facts.models:
        faults += faults_of_releases(facts, model)
        if not model.retired:
            faults += overdue_faults(facts, model)
            faults += alerts_faults(model.model, model.alerts) if model.alerts else ()
    return worst_first(faults)


def worst_first(faults: Iterable[Fault]) -> list[Fault]:
    """Each fault once, the worst first."""
    return sorted(dict.fromkeys(faults), key=lambda fault: SEVERITIES.index(fault.severity))
