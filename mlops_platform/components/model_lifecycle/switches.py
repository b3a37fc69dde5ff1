"""Whether schedules and sensors tick before a person has switched them on or off."""

import dagster as dg


def schedule_status(on: bool) -> dg.DefaultScheduleStatus:
    """As the YAML declares it."""
    return dg.DefaultScheduleStatus.RUNNING if on else dg.DefaultScheduleStatus.STOPPED


def sensor_status(on: bool) -> dg.DefaultSensorStatus:
    """As the YAML declares it."""
    return dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED
