"""What lets a process that imports a great deal start sooner."""

import gc


def rest_from_full_collections() -> None:
    """Let the collector look through all objects a tenth as often; at recent ones as ever.

    A process that trains imports a million objects that stay. To look through all of them for
    garbage again and again was a quarter of what its imports took.
    """
    gc.set_threshold(*gc.get_threshold()[:2], 100)


def put_scipy_first() -> None:
    """Import SciPy's functions before Dagster, dbt and MLflow are.

    skops, as it is imported, looks for each of them in one module after the other, in the order in
    which they were imported. Behind 5,000 others that takes 1.6 CPU seconds.
    """
    import scipy.special  # noqa: F401
