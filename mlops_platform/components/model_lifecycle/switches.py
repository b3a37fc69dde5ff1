"""Whether schedules and sensors tick before a person has switched them on or off."""

import dagster as dg


def schedule_status(enabled: bool) -> dg.DefaultScheduleStatus:
    """As the YAML declares it."""
    return dg.DefaultScheduleStatus.RUNNING if enabled else dg.DefaultScheduleStatus.STOPPED


def sensor_status(enabled: bool) -> dg.DefaultSensorStatus:
    """As the YAML declares it."""
    return dg.DefaultSensorStatus.RUNNING if enabled else dg.DefaultSensorStatus.STOPPED
