"""The example's own story: the flights that left New York in 2013, as an upstream system sent them.

Nothing but the command line imports it; `defs/` names its component.
"""

from mlops_platform.demo.landing import NycFlightsLandingComponent

__all__ = ["NycFlightsLandingComponent"]
