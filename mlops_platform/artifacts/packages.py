"""Which installed packages bring the types of a stored model."""

import sys
from collections.abc import Iterable
from typing import Final

from mlops_platform.errors import ArtifactError

_ALWAYS_THERE: Final = frozenset({"numpy", "scipy", "sklearn"})


def distributions_of(types: Iterable[str]) -> tuple[str, ...]:
    """The distributions that bring types beside Python, NumPy and scikit-learn.

    Args:
        types: by import path.

    Raises:
        ArtifactError: one comes from no installed distribution, so that no other machine could
            install it.
    """
    modules = {name.partition(".")[0]: name for name in types}
    for known in _ALWAYS_THERE | sys.stdlib_module_names:
        modules.pop(known, None)
    if not modules:
        return ()
    from importlib.metadata import packages_distributions

    installed = packages_distributions()
    for module, name in modules.items():
        if module not in installed:
            raise ArtifactError(
                f"{name} comes from no installed distribution, so that no service could install "
                f"it. Make a package of '{module}', with a version, and install that."
            )
    return tuple(sorted({installed[module][0] for module in modules}))
