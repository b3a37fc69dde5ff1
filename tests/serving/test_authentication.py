"""Who may ask: loopback, tokens, their rotation."""

import hashlib
import hmac
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlops_platform.errors import ServingError
from mlops_platform.serving import authentication as module
from mlops_platform.serving.authentication import Authentication, Unauthenticated
from mlops_platform.serving.runtime import RuntimeSettings

LOOPBACK, OUTSIDE = ("127.0.0.1", 3000), ("10.1.2.3", 3000)


def passes(authentication: Authentication, token: str | None, server: Any = OUTSIDE) -> bool:
    headers = {} if token is None else {b"authorization": f"Bearer {token}".encode()}
    try:
        authentication.require(headers, server)
    except Unauthenticated:
        return False
    return True


@pytest.mark.parametrize("server", [LOOPBACK, ("::1", 3000), ("127.9.9.9", 1), ("/run/a", None)])
def test_without_tokens_only_this_machine_may_ask(server: Any):
    open_here = Authentication(RuntimeSettings())
    assert passes(open_here, None, server)
    assert not open_here.is_required
    assert not passes(Authentication(RuntimeSettings(authentication="required")), None, server)


@pytest.mark.parametrize("server", [OUTSIDE, ("0.0.0.0", 1), ("a.host", 1), None])
def test_without_tokens_nobody_else_may_and_is_told_what_to_configure(server: Any):
    with pytest.raises(Unauthenticated, match="MLOPS_SERVING_TOKENS"):
        Authentication(RuntimeSettings()).require({}, server)


@pytest.mark.parametrize("header", [b"x-forwarded-for", b"forwarded"])
def test_what_a_proxy_forwards_is_not_local(header: bytes):
    with pytest.raises(Unauthenticated):
        Authentication(RuntimeSettings()).require({header: b"10.1.2.3"}, LOOPBACK)


def test_with_tokens_loopback_needs_one_as_well():
    authentication = Authentication(RuntimeSettings(tokens=("first", "second")))
    assert not passes(authentication, None, LOOPBACK)
    assert passes(authentication, "first", LOOPBACK)


def test_each_of_several_tokens_is_valid_and_nothing_else():
    authentication = Authentication(RuntimeSettings(tokens=("first", "sécond")))
    assert passes(authentication, "first")
    assert passes(authentication, "sécond")
    for wrong in ("", "firs", "firstt", "FIRST", "first second", "third"):
        assert not passes(authentication, wrong)


@pytest.mark.parametrize(
    ("header", "valid"),
    [
        (b"bearer first", True),
        (b"BEARER  first ", True),
        (b"Basic first", False),
        (b"first", False),
        (b"Bearer", False),
        (b"\xff\xfe first", False),
    ],
)
def test_the_scheme_is_bearer(header: bytes, valid: bool):
    authentication = Authentication(RuntimeSettings(tokens=("first",)))
    if valid:
        authentication.require({b"authorization": header}, OUTSIDE)
    else:
        with pytest.raises(Unauthenticated):
            authentication.require({b"authorization": header}, OUTSIDE)


def test_every_token_is_compared_whichever_is_right(monkeypatch: pytest.MonkeyPatch):
    compared: list[bytes] = []

    def compare(sent: bytes, known: bytes) -> bool:
        compared.append(known)
        return hmac.compare_digest(sent, known)

    monkeypatch.setattr(module, "hmac", SimpleNamespace(compare_digest=compare))
    tokens = ("first", "second", "third")
    assert passes(Authentication(RuntimeSettings(tokens=tokens)), "first")
    assert compared == [hashlib.sha256(token.encode()).digest() for token in tokens]


def test_tokens_rotate_without_a_restart(tmp_path: Path):
    moment = 0.0
    file = tmp_path / "tokens"
    file.write_text("# ours\nold\n\n")
    authentication = Authentication(
        RuntimeSettings(tokens=("named",), tokens_file=file), clock=lambda: moment
    )
    assert passes(authentication, "old")
    assert passes(authentication, "named")
    assert not passes(authentication, "# ours")
    (tmp_path / "next").write_text("old\nnew\n")
    os.replace(tmp_path / "next", file)
    moment = 1.0
    assert passes(authentication, "new")
    assert passes(authentication, "old")
    file.write_text("new\n")
    moment = 2.0
    assert not passes(authentication, "old")
    file.unlink()
    moment = 3.0
    assert passes(authentication, "new"), "the last known tokens stay valid"


def test_an_emptied_file_of_tokens_lets_nobody_in(tmp_path: Path):
    file = tmp_path / "tokens"
    file.write_text("\n")
    authentication = Authentication(RuntimeSettings(tokens_file=file))
    assert authentication.is_required
    assert not passes(authentication, "", LOOPBACK)
    assert not passes(authentication, None, LOOPBACK)


def test_a_file_of_tokens_that_is_not_there_ends_the_start(tmp_path: Path):
    with pytest.raises(ServingError, match="MLOPS_SERVING_TOKENS_FILE"):
        Authentication(RuntimeSettings(tokens_file=tmp_path / "absent"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *((path, 200) for path in ("/livez", "/readyz", "/healthz")),
        *((path, 401) for path in ("/metrics", "/docs.json", "/", "/v1/model")),
    ],
)
def test_only_health_is_open_where_tokens_are_needed(service_of: Any, path: str, status: int):
    service = service_of(RuntimeSettings(tokens=("first",)))
    assert service.ask("GET", path).status == status
    told = {"authorization": "Bearer first"}
    assert service.ask("GET", path, headers=told).status == 200


def test_the_documentation_says_whether_a_token_is_needed(service_of: Any):
    needed = service_of(RuntimeSettings(tokens=("first",)))
    document = needed.ask("GET", "/docs.json", headers={"authorization": "Bearer first"}).json
    assert document["security"] == [{"bearer": []}]
    assert service_of().ask("GET", "/docs.json").json["security"] == [{}, {"bearer": []}]
    assert document["paths"]["/livez"]["get"]["security"] == []


def test_a_refused_request_is_a_problem_and_counted(service_of: Any, row: dict[str, Any]):
    service = service_of(RuntimeSettings(tokens=("first",)))
    answer = service.ask("POST", "/v1/predict", row)
    assert (answer.problem, answer.status) == ("unauthenticated", 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert service.metric("mlops_errors_total", kind="unauthenticated") == 1
