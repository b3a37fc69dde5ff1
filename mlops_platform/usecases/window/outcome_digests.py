"""By what a window was measured: when that has changed, it is measured again."""

from pathlib import Path

from mlops_platform.data.features.published import Manifest, read_manifest
from mlops_platform.data.windows import Window
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.maturity import label_days


class OutcomeDigests:
    """Digests of the published labels of windows, and of their KPI where one is declared.

    Raises:
        DataError: the label table is not published. A KPI need not be.
    """

    def __init__(self, spec: ModelSpec, published_root: Path) -> None:
        self._spec = spec
        self._labels = read_manifest(published_root, spec.label.table)
        kpi = spec.monitoring.kpi
        self._kpi = None if kpi is None else _manifest(published_root, kpi.table)

    def of(self, window: Window) -> str:
        """The one of a window."""
        digest = self._labels.digest_of(label_days(self._spec, window))
        return digest if self._kpi is None else f"{digest} {self._kpi.digest_of(window.days)}"


def _manifest(published_root: Path, table: str) -> Manifest | None:
    try:
        return read_manifest(published_root, table)
    except DataError:
        return None
