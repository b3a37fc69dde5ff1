"""What `mlops setup` leaves behind in a home, without the dbt manifest."""

from mlops_platform.cli.home.setup import copy_dagster_yaml
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import open_deployment
from tests.homes.blank_registry import put_blank_registry
from tests.homes.stamped import write_stamp


def set_up_without_manifest(place: Settings) -> None:
    """Make it, in the home that MLOPS_HOME names."""
    copy_dagster_yaml(place)
    open_deployment().ledger.create_schema()
    put_blank_registry(place.home)
    write_stamp(place.home)
