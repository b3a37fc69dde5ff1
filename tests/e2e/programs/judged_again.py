"""Where a candidate was judged: the gate again, as it is, and with an evaluation that is broken."""

import re
import sys

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.definitions import defs
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.instance import open_quiet_instance
from mlops_platform.errors import MlopsError
from mlops_platform.settings import settings

MODEL = "flight_delay"
ASSETS = [dg.AssetKey([MODEL, name]) for name in sys.argv[1:]]


def judge(driver: JobDriver) -> None:
    """Materialise what decides, and what a promotion would make."""
    driver.run(ANY_ASSETS, assets=ASSETS)


def judge_what_is_broken(driver: JobDriver) -> None:
    """The same where a figure of the evaluation is no number."""
    file = settings().records / "latest" / f"{MODEL}__evaluation.json"
    healthy = file.read_text()
    broken, replaced = re.subn(r'"roc_auc": [0-9.]+', '"roc_auc": NaN', healthy, count=1)
    assert replaced == 1
    file.write_text(broken)
    try:
        judge(driver)
    except MlopsError as failure:
        print(failure)  # noqa: T201
    else:
        raise AssertionError("it was judged")
    finally:
        file.write_text(healthy)


if __name__ == "__main__":
    with open_quiet_instance() as instance:
        driver = JobDriver(defs(), instance)
        judge(driver)
        judge_what_is_broken(driver)
