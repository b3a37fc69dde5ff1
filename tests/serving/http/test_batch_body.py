"""The two forms of a batch: what holds for rows holds for columns."""

import json
from typing import Any

import pytest

Service = Any


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.fixture
def columns(row: dict[str, Any]) -> dict[str, list[Any]]:
    """Three rows: one lacks a value, and one has a category that training did not see."""
    return columns_of([row, row | {"late_rate": None}, row | {"carrier": "ZZ"}])


def refused(service: Service, body: Any) -> tuple[int, dict[str, tuple[str | None, str]]]:
    answer = service.ask("POST", "/v1/predict_batch", body)
    errors = {error["field"]: (error["value"], error["fix"]) for error in answer.json["errors"]}
    return answer.status, errors


@pytest.mark.parametrize("entities", [None, ["a", None, "b"]])
def test_columns_are_answered_as_their_rows_are(
    service: Service, columns: dict[str, list[Any]], entities: list[str | None] | None
) -> None:
    if entities is not None:
        columns = {"flight_id": entities, **columns}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    headers = {"x-request-id": "the-same"}
    asked = [
        service.ask("POST", "/v1/predict_batch", body, headers=headers)
        for body in ({"rows": rows}, {"columns": columns})
    ]
    assert asked[0].status == 200
    assert asked[0].text == asked[1].text
    assert [len(row["warnings"]) for row in asked[0].json["predictions"]] == [0, 0, 1]


@pytest.mark.parametrize(
    ("change", "field", "value", "fix"),
    [
        ({"copy": [1.0, 2.0]}, "columns.copy", "2 values", "Send 3 values, one for each row"),
        ({"copy": [1.0, "2", 3.0]}, "columns.copy.1", "'2'", "Send a number."),
        ({"copy": [1.0, None, 3.0]}, "columns.copy.1", "None", "Send a number."),
        ({"copy": [1.0, 1e31, 3.0]}, "columns.copy.1", "1e+31", "Send a number from"),
        ({"copy": 1.0}, "columns.copy", "1.0", "Send a list of values, one for each row."),
        ({"carrier": ["AA", 1, "AA"]}, "columns.carrier.1", "1", "Send a string."),
        ({"flight_id": ["a", 1, "b"]}, "columns.flight_id.1", "1", "Send a string."),
        ({"flight_id": ["a", "b"]}, "columns.flight_id", "2 values", "Send 3 values"),
        ({"more": [1, 2, 3]}, "columns.more", "[1, 2, 3]", "Leave it out"),
    ],
)
def test_what_is_wrong_is_told_by_column(
    service: Service,
    columns: dict[str, list[Any]],
    change: dict[str, Any],
    field: str,
    value: str,
    fix: str,
) -> None:
    status, errors = refused(service, {"columns": columns | change})
    assert status == 422
    assert list(errors) == [field]
    assert errors[field][0] == value
    assert errors[field][1].startswith(fix)


def test_a_missing_column_is_named(service: Service, columns: dict[str, list[Any]]) -> None:
    del columns["copy"]
    fix = "Send the column; null for what is not known, where null is allowed."
    assert refused(service, {"columns": columns}) == (422, {"columns.copy": (None, fix)})


@pytest.mark.parametrize(("count", "status"), [(0, 422), (1, 200), (30, 200), (31, 422)])
def test_as_many_rows_are_taken(
    service: Service, row: dict[str, Any], count: int, status: int
) -> None:
    columns = {name: [value] * count for name, value in row.items()}
    for body in ({"columns": columns}, {"rows": [row] * count}):
        assert service.ask("POST", "/v1/predict_batch", body).status == status


def test_a_name_that_is_there_twice_is_refused(
    service: Service, columns: dict[str, list[Any]]
) -> None:
    text = json.dumps({"columns": columns})
    for body in (
        f'{text[:-2]},"copy":[1,2,3]}}}}',
        f'{text[:-1]},"columns":{json.dumps(columns)}}}',
        text.replace('{"col', '{"columns":{},"\\u0063ol'),
    ):
        answer = service.ask("POST", "/v1/predict_batch", body.encode())
        assert answer.status == 400
        assert "named more than once" in answer.json["detail"]


@pytest.mark.parametrize(
    "text",
    ['{"columns": %s, "rows": []}', '{"rows": [], "columns": %s}', '{"columns": %s, "more": 1}'],
)
def test_nothing_is_taken_beside_columns(
    service: Service, columns: dict[str, list[Any]], text: str
) -> None:
    body = (text % json.dumps(columns)).encode()
    assert service.ask("POST", "/v1/predict_batch", body).status == 422


@pytest.mark.parametrize("spelt", [' \n{ "columns" :', '{"\\u0063olumns":'])
def test_the_form_is_told_however_it_is_spelt(
    service: Service, columns: dict[str, list[Any]], spelt: str
) -> None:
    body = json.dumps({"columns": columns}).replace('{"columns":', spelt)
    assert service.ask("POST", "/v1/predict_batch", body.encode()).status == 200


@pytest.mark.parametrize("body", ['{"columns": null}', '{"columns": []}', '{"columns": {}}', "{"])
def test_what_holds_no_columns_is_refused(service: Service, body: str) -> None:
    assert service.ask("POST", "/v1/predict_batch", body.encode()).status in {400, 422}


def test_hundreds_of_faults_are_told_in_short(service: Service, row: dict[str, Any]) -> None:
    columns: dict[str, list[Any]] = {name: ["1"] * 30 for name in row}
    answer = service.ask("POST", "/v1/predict_batch", {"columns": columns})
    assert answer.status == 422
    assert len(answer.json["errors"]) == 20
    assert answer.json["detail"].endswith("and 70 more.")
