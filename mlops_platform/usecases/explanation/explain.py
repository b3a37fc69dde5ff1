"""Explains one prediction: of a logged request, of an entity, or of a row of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_platform.data.features.published import latest_row
from mlops_platform.data.served.lines import ADJUSTMENT, served_column
from mlops_platform.data.served.rows import find_answers, find_request
from mlops_platform.errors import DataError, LedgerError, MlopsError
from mlops_platform.ledger.challenger import first_champion_advice
from mlops_platform.usecases.explanation.contributions import Contributions, explain_row
from mlops_platform.usecases.explanation.packed_versions import Answering, load_packed
from mlops_platform.usecases.explanation.record import ExplainedPrediction

if TYPE_CHECKING:
    from mlops_platform.column_kind import Value
    from mlops_platform.spec import ModelSpec
    from mlops_platform.tasks import Answer
    from mlops_platform.usecases.deployment import Deployment
    from mlops_platform.usecases.prediction.landing_format import LandingFormat

SHADOW = "shadow"


def explain_request(
    deployment: Deployment, spec: ModelSpec, request_id: str, row: int | None
) -> ExplainedPrediction:
    """Explain what was answered to a row of a logged request.

    Args:
        row: its number in the request, from 0; None where the request has one row alone.

    Raises:
        DataError: the log has no such request or row, or it has many and none was named.
    """
    lines = _of_answers(find_request(spec, *_logs(deployment, spec), request_id).to_pylist())
    if not lines:
        raise DataError(
            f"no request '{request_id}' is in the prediction log of {spec.name}. It may have been "
            "sampled out (`serving.log.sample`), dropped by a full disk, or served elsewhere."
        )
    chosen = [line for line in lines if row is None or line["row"] == row]
    if len(chosen) != 1:
        rows = f"0 to {max(line['row'] for line in lines)}"
        raise DataError(
            f"request '{request_id}' has the rows {rows}"
            + (", and one is explained at a time: name it with --row." if row is None else ".")
        )
    return _explain_line(deployment, spec, chosen[0], f"row {chosen[0]['row']} of {request_id}")


def explain_entity(deployment: Deployment, spec: ModelSpec, entity: str) -> ExplainedPrediction:
    """Explain what was last answered about an entity; of its features now, where nothing was.

    Raises:
        DataError: nothing was answered, and no features of it are published either.
    """
    lines = _of_answers(find_answers(spec, *_logs(deployment, spec), entity).to_pylist())
    if lines:
        last = max(lines, key=lambda line: (line["time"], line["row"]))
        return _explain_line(deployment, spec, last, f"the last answer about {entity}")
    row = latest_row(spec.features, deployment.settings.published, entity)
    if row is None:
        raise DataError(
            f"no prediction about '{entity}' is in the log of {spec.name}, and "
            f"{spec.features.table} has no {spec.features.entity} of that name. Check the name, or "
            "give its features as a file: --file."
        )
    source = f"no answer is logged: the published features of {entity}, by the champion now"
    return _explain_now(deployment, spec, row, source, entity)


def explain_file(
    deployment: Deployment,
    spec: ModelSpec,
    file: Path,
    row: int,
    landings: Sequence[LandingFormat] = (),
) -> ExplainedPrediction:
    """Explain a row of a file, as `mlops predict` would score it.

    Args:
        row: its number, from 1.

    Raises:
        DataError: the file is no table of the model's features, or has no such row.
    """
    from mlops_platform.serving.frames import rows_of
    from mlops_platform.usecases.prediction.feature_file import open_feature_file
    from mlops_platform.usecases.prediction.predict import feature_frame
    from mlops_platform.usecases.prediction.predictor import load_predictor
    from mlops_platform.usecases.prediction.refusals import refuse_unscorable

    predictor, before = load_predictor(deployment, spec.name, spec), 0
    with open_feature_file(file, predictor, landings=landings) as opened:
        for batch in opened.batches():
            if before < row <= before + batch.num_rows:
                single_row = batch.slice(row - before - 1, 1)
                refuse_unscorable(file, predictor.schema, single_row, row)
                [features] = rows_of(predictor.schema, feature_frame(predictor, single_row))
                named = (
                    single_row.column(spec.features.entity)
                    if spec.features.entity in opened.others
                    else None
                )
                entity = None if named is None else str(named[0].as_py())
                source = f"row {row} of {file}, by the champion now"
                return _explain_now(deployment, spec, features, source, entity)
            before += batch.num_rows
    raise DataError(f"{file} has the rows 1 to {before:,}; there is no row {row}.")


def _logs(deployment: Deployment, spec: ModelSpec) -> tuple[Path, Path]:
    place = deployment.settings
    return place.prediction_log(spec.name), place.landed_predictions(spec.name)


def _of_answers(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a shadow says answers nobody."""
    return [line for line in lines if line["role"] != SHADOW]


def _explain_line(
    deployment: Deployment, spec: ModelSpec, line: Mapping[str, Any], source: str
) -> ExplainedPrediction:
    task, adjustment = spec.task, line[ADJUSTMENT] or 0
    answering = Answering(line["version"], line["sequence"], line["role"], adjustment)
    answered = {output.field: line[output.field] for output in task.outputs}
    explained, difference = Contributions(), None
    try:
        served = load_packed(deployment, spec.name, answering)
        names = served.contents.features.names
        if hidden := sorted({*(line["redacted"] or ())} & {*names}):
            explained = Contributions(reason=f"the log has redacted {', '.join(hidden)}")
        elif absent := [n for n in names if served_column(n, task) not in line]:
            explained = Contributions(reason=f"the log lacks {', '.join(absent)}")
        else:
            row = {
                column.name: column.column_kind.to_json(line[served_column(column.name, task)])
                for column in served.contents.features.columns
            }
            again, explained = explain_row(served, row)
            difference = _difference(again, answered)
    except MlopsError as error:
        explained = Contributions(reason=str(error))
    return ExplainedPrediction(
        model=spec.name,
        source=source,
        entity=line["entity"],
        time=line["time"],
        role=answering.role,
        version=answering.version,
        release=answering.sequence,
        adjustment=adjustment,
        answer=answered,
        difference=difference,
        **explained._asdict(),
    )


def _explain_now(
    deployment: Deployment,
    spec: ModelSpec,
    row: Mapping[str, Value],
    source: str,
    entity: str | None,
) -> ExplainedPrediction:
    """By the champion, under its latest adjustment."""
    ledger = deployment.ledger
    release = ledger.current_release(spec.name)
    if release is None:
        raise LedgerError(
            f"{spec.name!r} has no champion that could explain: "
            f"{first_champion_advice(ledger, spec.name)}."
        )
    latest = ledger.latest_adjustment(spec.name, release.sequence)
    number = latest.number if latest else 0
    answering = Answering(str(release.version), release.sequence, "champion", number)
    served = load_packed(deployment, spec.name, answering)
    columns = served.contents.features.columns
    if absent := [column.name for column in columns if column.name not in row]:
        raise DataError(f"{source}: {', '.join(absent)} is not there, which the version reads.")
    features = {column.name: column.column_kind.to_json(row[column.name]) for column in columns}
    answer, explained = explain_row(served, features)
    return ExplainedPrediction(
        model=spec.name,
        source=source,
        entity=entity,
        time=None,
        role=answering.role,
        version=answering.version,
        release=answering.sequence,
        adjustment=number,
        answer=answer,
        difference=None,
        **explained._asdict(),
    )


def _difference(again: Answer, answered: Mapping[str, Any]) -> float:
    from mlops_platform.serving.scoring.rounding import answer_difference

    return answer_difference(again, answered)
