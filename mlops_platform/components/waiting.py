"""Steps that wait where another process holds a lock, instead of failing until the next window."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, Final, ParamSpec, TypeVar, cast

import dagster as dg

from mlops_platform.errors import is_of_a_lock

P = ParamSpec("P")
R = TypeVar("R")
MOST_WAITS: Final = 10
SECONDS_TO_WAIT: Final = 30.0
"""Five minutes in all: who reads in the warehouse by hand, or backs a database up, is done by then;
and whoever is not is told, because the run fails."""


@contextmanager
def tried_again() -> Iterator[None]:
    """Ask Dagster for another attempt of the step where a lock is what its error is of."""
    try:
        yield
    except Exception as error:
        if is_of_a_lock(error):
            raise dg.RetryRequested(MOST_WAITS, SECONDS_TO_WAIT) from error
        raise


def waits_for_locks(body: Callable[P, R]) -> Callable[P, R]:
    """The body of an asset, which begins anew where a lock kept it out.

    What a body has done before the lock must be what it may do twice, as after any run that failed.
    """

    @wraps(body)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> R:
        with tried_again():
            return body(*args, **kwargs)

    @wraps(body)
    def waiting_between_yields(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
        with tried_again():
            yield from cast("Iterator[Any]", body(*args, **kwargs))

    if isgeneratorfunction(body):
        return cast("Callable[P, R]", waiting_between_yields)
    return waiting
