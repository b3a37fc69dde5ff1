"""What a forecast starts with, where a person has declared one."""

from mlops_platform.tasks.proposals.proposal import LabelFacts, Proposal
from mlops_platform.tasks.regression.starting import RegressionStarter


class ForecastingStarter(RegressionStarter):
    """As a regression starts; never proposed, since no label shows what its series are."""

    def propose(self, label: LabelFacts) -> Proposal | None:
        """None: series, step and last season are columns of a table made for it."""
        return None
