"""HTTP requests to where people are told, on the standard library."""

from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from mlops_platform.errors import NotificationError
from mlops_platform.formats.plain_json import plain_json
from mlops_platform.notifying.attempts import TIMEOUT_SECONDS, PassingFailure, with_attempts

TRY_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would become a GET and be lost in silence."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post_json(url: str, body: Any, headers: Mapping[str, str]) -> None:
    """POST JSON until it is answered with 2xx, a few times at most.

    Raises:
        NotificationError: it was not; the URL, which may be a secret, is not told.
    """
    content = plain_json(body).encode()
    _request(url, content, {"Content-Type": "application/json; charset=utf-8", **headers})


def ping(url: str) -> None:
    """GET a URL until it is answered with 2xx, a few times at most.

    Raises:
        NotificationError: it was not.
    """
    _request(url, None, {})


def _request(url: str, content: bytes | None, headers: Mapping[str, str]) -> None:
    if not url.startswith(("https://", "http://")):
        raise NotificationError("what its variable holds is no http or https URL")
    named = {"User-Agent": "mlops-platform", **headers}
    request = Request(url, data=content, headers=named)  # noqa: S310 - the scheme is checked
    with_attempts(lambda: _attempt(request))


def _attempt(request: Request) -> None:
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
            return
    except HTTPError as error:
        error.close()
        kind = PassingFailure if error.code in TRY_AGAIN else NotificationError
        raise kind(f"it answered {error.code}") from None
    except URLError as error:
        raise PassingFailure(f"it cannot be reached: {error.reason}") from None
    except (OSError, HTTPException) as error:
        raise PassingFailure(f"it does not answer: {type(error).__name__}") from None
