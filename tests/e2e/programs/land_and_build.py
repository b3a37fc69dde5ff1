"""Nine days of flights, landed and built."""

from datetime import date, timedelta

from mlops_platform.components.instance import open_instance
from mlops_platform.components.landing.jobs import daily_landings
from mlops_platform.definitions import defs
from mlops_platform.driving.driver import JobDriver, day_range, run_config


def main() -> None:
    days = [date(2013, 1, 1) + timedelta(days=number) for number in range(9)]
    with open_instance() as instance:
        driver = JobDriver(defs(), instance)
        driver.run("land_snapshots")
        for landing in daily_landings(driver.definitions):
            if landing.partitions.has_partition_key(str(days[0])):
                driver.run(landing.job, tags=day_range(days))
        config = {"start_day": str(days[0]), "end_day": str(days[-1])}
        driver.run("build_features", config=run_config("dbt_features", config))


if __name__ == "__main__":
    main()
