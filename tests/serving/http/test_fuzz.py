"""Nothing that can be sent makes the service fail, hang, or accept what cannot be meant."""

import json
from http.client import HTTPConnection
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.serving.packing.server import RunningBento

pytestmark = pytest.mark.slow

MALFORMED, INVALID, UNKNOWN = "malformed-body", "invalid-input", "unknown-entity"
VALUES = [
    ('"distance_miles": NaN', INVALID, "distance_miles"),
    ('"distance_miles": Infinity', INVALID, "distance_miles"),
    ('"distance_miles": -Infinity', INVALID, "distance_miles"),
    ('"distance_miles": 1e400', INVALID, "distance_miles"),
    ('"distance_miles": -1e400', INVALID, "distance_miles"),
    ('"distance_miles": ' + "9" * 400, INVALID, "distance_miles"),
    ('"distance_miles": ' + "9" * 4_000, INVALID, "distance_miles"),
    ('"distance_miles": ' + "9" * 6_000, None, None),
    ('"distance_miles": "1400"', INVALID, "distance_miles"),
    ('"distance_miles": true', INVALID, "distance_miles"),
    ('"distance_miles": [1]', INVALID, "distance_miles"),
    ('"distance_miles": {}', INVALID, "distance_miles"),
    ('"distance_miles": null', INVALID, "distance_miles"),
    ('"late_rate": "NaN"', INVALID, "late_rate"),
    ('"carrier": 1', INVALID, "carrier"),
    ('"carrier": ["AA"]', INVALID, "carrier"),
    ('"carrier": "AA\\u0000"', INVALID, "carrier"),
    ('"carrier": "' + "A" * 257 + '"', INVALID, "carrier"),
    ('"carrier": "\\ud800"', MALFORMED, None),
    ('"media_type": null', INVALID, "media_type"),
    ('"surplus": 1', INVALID, "surplus"),
    ('"__class__": "x"', INVALID, "__class__"),
    ('"Copy": 1', INVALID, "Copy"),
    ('"flight_id": 7', INVALID, "flight_id"),
    ('"flight_id": "\\u0000"', INVALID, "flight_id"),
    ('"copy": 1, "copy": 2', MALFORMED, "copy"),
    ('"carrier": "A\\"A", "carrier": "B"', MALFORMED, "carrier"),
    ('"copy": ' + "[" * 100_000 + "]" * 100_000, MALFORMED, None),
    ('"copy": ' + '{"a":' * 5_000 + "1" + "}" * 5_000, MALFORMED, None),
    ('"copy": 01', MALFORMED, None),
    ('"copy": 0x10', MALFORMED, None),
    ('"copy": .5', MALFORMED, None),
    ('"copy": +1', MALFORMED, None),
    ('"copy": 1e', MALFORMED, None),
    ('"copy": 1,', MALFORMED, None),
    ("\"copy\": '1'", MALFORMED, None),
    ('"copy": 1 /* comment */', MALFORMED, None),
]
ENTITIES = [
    ('{"flight_id": null}', INVALID),
    ('{"flight_id": 7}', INVALID),
    ('{"flight_id": 1e400}', INVALID),
    ('{"flight_id": true}', INVALID),
    ('{"flight_id": ["flight-7"]}', INVALID),
    ('{"flight_id": {"$ne": null}}', INVALID),
    ('{"flight_id": "flight-7\\u0000"}', INVALID),
    ('{"flight_id": "' + "x" * 257 + '"}', INVALID),
    ('{"flight_id": "' + "x" * 1_000_000 + '"}', INVALID),
    ('{"flight_id": "flight-7", "carrier": "AA"}', INVALID),
    ('{"Flight_id": "flight-7"}', INVALID),
    ('{"rows": [{"flight_id": "flight-7"}]}', INVALID),
    ('[{"flight_id": "flight-7"}]', INVALID),
    ('"flight-7"', INVALID),
    ('{"flight_id": "flight-7", "flight_id": "flight-8"}', MALFORMED),
    ('{"flight_id": "flight-7", "flight\\u005fid": "flight-8"}', MALFORMED),
    ('{"flight_id": "\\ud800"}', MALFORMED),
    ('{"flight_id": flight-7}', MALFORMED),
    ('{"flight_id": ' + "[" * 100_000 + "]" * 100_000 + "}", MALFORMED),
    ('{"flight_id": ""}', INVALID),
    ('{"flight_id": " flight-7"}', UNKNOWN),
    ('{"flight_id": "flight-7\\n"}', UNKNOWN),
    ('{"flight_id": "FLIGHT-7"}', UNKNOWN),
    ('{"flight_id": "flight-%"}', UNKNOWN),
    ('{"flight_id": "flight-?"}', UNKNOWN),
    ('{"flight_id": "\' OR 1=1 --"}', UNKNOWN),
    ('{"flight_id": "\\u202eflight-7"}', UNKNOWN),
    ('{"flight_id": "\\uff46light-7"}', UNKNOWN),
    ('{"flight_id": "\\ud83d\\udeeb"}', UNKNOWN),
    ('{"flight_id": "__proto__"}', UNKNOWN),
    ('{"flight_id": "' + "x" * 256 + '"}', UNKNOWN),
]
BODIES = [
    (b"", MALFORMED),
    (b" ", MALFORMED),
    (b"\x00", MALFORMED),
    (b"{", MALFORMED),
    (b"[]", INVALID),
    (b"null", INVALID),
    (b"true", INVALID),
    (b"1", INVALID),
    (b'"text"', INVALID),
    (b"{}", INVALID),
    (b"{}{}", MALFORMED),
    (b"\xef\xbb\xbf{}", MALFORMED),
    (b'{"carrier": "\xff\xfe"}', MALFORMED),
    (b'{"carrier": "\xed\xa0\x80"}', MALFORMED),
    ("{}".encode("utf-16"), MALFORMED),
    (b"[" * 1_000_000, MALFORMED),
    (b"<row/>", MALFORMED),
]


@pytest.mark.parametrize(("member", "problem", "field"), VALUES)
def test_a_value_that_cannot_be_meant_is_refused_by_name(
    ask: Any, row: dict[str, Any], member: str, problem: str | None, field: str | None
):
    named = field if field in row else member.partition('"')[2].partition('"')[0]
    others = json.dumps({name: value for name, value in row.items() if name != named})[:-1]
    for route, body in (
        ("/v1/predict", f"{others}, {member}}}"),
        ("/v1/predict_batch", f'{{"rows": [{json.dumps(row)}, {others}, {member}}}]}}'),
    ):
        answer = ask("POST", route, body)
        assert answer.problem in {problem or MALFORMED, problem or INVALID}, answer.text
        if field is not None:
            (fault,) = answer.faults
            assert fault.rpartition(".")[2] == field
            assert answer.faults[fault]


@pytest.mark.parametrize(("body", "problem"), BODIES)
@pytest.mark.parametrize("route", ["predict", "predict_batch", "predict_by_entity", "explain"])
def test_a_body_that_is_no_request_is_refused(
    server: RunningBento, route: str, body: bytes, problem: str
):
    status, told = post(server, f"/v1/{route}", body)
    assert told["type"].rpartition(":")[2] == problem
    assert status == {MALFORMED: 400, INVALID: 422}[problem]


@pytest.mark.parametrize(
    "body",
    [
        '{"rows": []}',
        '{"rows": {}}',
        '{"rows": null}',
        '{"rows": [null]}',
        '{"rows": [[]]}',
        '{"rows": [{}], "rows": [{}]}',
        '{"rows": [{}], "more": 1}',
    ],
)
def test_a_batch_that_is_none_is_refused(ask: Any, body: str):
    assert ask("POST", "/v1/predict_batch", body).status in (400, 422)


@pytest.mark.parametrize(
    "media_type",
    [
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/vnd.bentoml+pickle",
        "text/plain",
        "application/jsonp",
        "",
    ],
)
def test_only_json_is_taken(ask: Any, row: dict[str, Any], media_type: str):
    for route, body in (("/v1/predict", row), ("/v1/predict_batch", {"rows": [row]})):
        answer = ask("POST", route, body, media_type)
        assert (answer.problem, answer.status) == ("unsupported-media-type", 415)
        assert ask("POST", route, body, "application/json; charset=utf-8").status == 200


@pytest.mark.parametrize(("body", "problem"), ENTITIES)
def test_an_entity_that_is_not_known_or_cannot_be_meant_is_refused(
    server: RunningBento, body: str, problem: str
):
    status, told = post(server, "/v1/predict_by_entity", body)
    assert told["type"].rpartition(":")[2] == problem
    assert status == {MALFORMED: 400, INVALID: 422, UNKNOWN: 404}[problem]
    assert len(json.dumps(told)) < 2_000


def test_every_known_entity_is_answered_from_its_features(
    server: RunningBento, ask: Any, entities: dict[str, dict[str, Any]]
):
    for entity, features in entities.items():
        answer = ask("POST", "/v1/predict_by_entity", {"flight_id": entity}).json
        assert answer["entity"] == entity
        assert answer["probability"] == ask("POST", "/v1/predict", features).json["probability"]


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_are_refused_and_the_service_goes_on(
    server: RunningBento, ask: Any, row: dict[str, Any], chunked: bool
):
    body = b'{"rows": [' + b" " * 10_000_000
    sent = (body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body
    status, told = post(server, "/v1/predict_batch", sent)
    assert (status, told["title"]) == (413, "The body is too large")
    assert ask("POST", "/v1/predict", row).status == 200


def test_a_thousand_faults_are_told_in_a_short_answer(ask: Any):
    answer = ask("POST", "/v1/predict_batch", {"rows": [{"copy": "x" * 200}] * 30})
    assert answer.status == 422
    assert len(answer.text) < 10_000


def post(server: RunningBento, route: str, body: Any) -> tuple[int, Any]:
    connection: HTTPConnection = server.connection(timeout=30)
    try:
        connection.request("POST", route, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.parametrize("route", ["/v1/predict", "/v1/explain"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_largest_numbers_are_answered_and_larger_ones_refused(
    ask: Any, row: dict[str, Any], route: str, sign: int
):
    numbers = [name for name, value in row.items() if isinstance(value, float)]
    largest = ask("POST", route, row | dict.fromkeys(numbers, sign * LARGEST_NUMBER))
    assert largest.status == 200, largest.text
    assert "null" not in json.dumps(largest.json.get("contributions", {}))
    refused = ask("POST", route, row | dict.fromkeys(numbers, sign * 1.1 * LARGEST_NUMBER))
    assert refused.problem == INVALID
    assert set(refused.faults) == set(numbers)
    assert all("-1e+30 to 1e+30" in fix for fix in refused.faults.values())


@pytest.fixture(scope="session")
def api(server: RunningBento) -> Any:
    """What the service says of itself."""
    return schemathesis.openapi.from_url(f"http://127.0.0.1:{server.port}/docs.json")


SCORING = [
    ("POST", f"/v1/{name}") for name in ("predict", "predict_batch", "predict_by_entity", "explain")
]
TELLING = [("GET", path) for path in ("/v1/model", "/livez", "/readyz", "/healthz")]
CASES = [
    *((*operation, GenerationMode.POSITIVE) for operation in (*SCORING, *TELLING)),
    # What has no input cannot be asked wrongly.
    *((*operation, GenerationMode.NEGATIVE) for operation in SCORING),
]


def test_every_documented_operation_is_fuzzed(api: Any):
    documented = [result.ok() for result in api.get_all_operations()]
    assert {(one.method.upper(), one.path) for one in documented} == {*SCORING, *TELLING}


@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_the_service_keeps_its_own_documentation(
    api: Any, method: str, path: str, mode: GenerationMode
):
    @given(api[path][method].as_strategy(generation_mode=mode))
    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def keeps(case: Any) -> None:
        # Without tokens nothing is asked of loopback, as the document says.
        excluded = [ignored_auth]
        if isinstance(case.body, dict) and "columns" in case.body:
            excluded.append(positive_data_acceptance)  # no schema says that lists are as long
        case.call_and_validate(excluded_checks=excluded, timeout=30)

    keeps()
