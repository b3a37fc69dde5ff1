"""Forecasting: the section `task` of a model that predicts a number of several steps ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from mlops_platform.column_kind import KindName
from mlops_platform.errors import SpecError
from mlops_platform.record import left_out_where, left_out_where_empty
from mlops_platform.section import Identifier
from mlops_platform.tasks.answering.graph import Graph, Tensor
from mlops_platform.tasks.answering.row_answer import (
    COVERAGE,
    Options,
    RowAnswer,
    shown_with_coverage,
)
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.expansion import Expansion
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.fitting.conformal import conformal_quantile
from mlops_platform.tasks.forecasting.adaptation import ForecastLevelRule, factors_of
from mlops_platform.tasks.forecasting.answering import row_answer
from mlops_platform.tasks.forecasting.answering.graph_answer import forecast_graph
from mlops_platform.tasks.forecasting.buckets import Buckets, usual_ends
from mlops_platform.tasks.forecasting.columns import (
    ABOVE,
    BELOW,
    HEADS,
    LEAST_SCALE,
    NAIVE,
    NAIVE_ERROR,
    NAIVE_RMS_ERROR,
    NAIVE_SHARE,
    NEW_SERIES,
    PASSED,
    SERIES,
    STEP,
    STEP_FIELD,
    as_outcomes,
    deviation_scale,
    factor_name,
    outputs_of,
    target_fields,
    target_of,
)
from mlops_platform.tasks.forecasting.costs import ForecastCosts, ForecastingCosts, costs_of_rows
from mlops_platform.tasks.forecasting.details import (
    ForecastDetails,
    forecast_details,
    forecast_tables,
)
from mlops_platform.tasks.forecasting.fittable import (
    require_every_bucket,
    require_naive,
    require_series,
    require_steps,
)
from mlops_platform.tasks.forecasting.named_metrics import Forecast, metrics_by_bucket, metrics_of
from mlops_platform.tasks.forecasting.passed_on import passing_on
from mlops_platform.tasks.forecasting.seasonal_naive import (
    SeriesScales,
    has_errors,
    number_column,
    scale_of_each,
    series_scales,
    text_column,
)
from mlops_platform.tasks.forecasting.series_notes import series_notes
from mlops_platform.tasks.forecasting.stability import changes, changes_after
from mlops_platform.tasks.metric import Metric
from mlops_platform.tasks.predictions import Output, Predictions
from mlops_platform.tasks.regression.columns import (
    BASELINE_LOSS_SCALE,
    CENTRE,
    FACTOR,
    LEAST_REACH,
    LOSS,
    LOSS_SCALE,
    PREDICTION,
    by_output,
)
from mlops_platform.tasks.regression.heads import dense, quantile_estimator
from mlops_platform.tasks.regression.interval import least_reach, reaches_of
from mlops_platform.tasks.regression.task import IntervalTask
from mlops_platform.tasks.task import Answer
from mlops_platform.tasks.weights import fitted, mean_of, quantiles_of

if TYPE_CHECKING:
    from datetime import datetime

    from mlops_platform.tasks.predictions import Numbers, Targets

MOST_OFF_IN_A_BUCKET = 0.1
"""By which the coverage of a bucket may miss its promise: it has fewer rows than all have."""
ONE_DAY = 24.0


class Forecasting(IntervalTask):
    """A number of several steps ahead: one row per series, origin and step."""

    answers_of_model: ClassVar[tuple[str, int]] = ("numbers", len(HEADS))

    type: Literal["forecasting"] = Field(
        default="forecasting",
        description="Kind of outcome: a number of a series, several steps ahead.",
    )
    loss: Literal["absolute_error", "squared_error", "pinball"] = Field(
        default="absolute_error", description="What candidates and champions are compared by."
    )
    quantile: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5,
        exclude_if=left_out_where(0.5),
        description="With the loss `pinball`: the quantile of outcomes that is predicted.",
    )
    costs: ForecastingCosts = Field(
        default=ForecastCosts(),
        description="What errors cost, and changes between origins, in a unit of your own.",
    )
    horizon: Annotated[int, Field(ge=1)] = Field(
        description="The last step that is forecast; the first one is 1."
    )
    step: Identifier = Field(
        default="step", description="Numeric feature with the step of a row, never NULL."
    )
    step_hours: Annotated[float, Field(gt=0)] = Field(
        default=ONE_DAY, description="Hours from one step to the next."
    )
    series: Identifier = Field(
        default="series", description="Categorical feature that names the series of a row."
    )
    seasonal_naive: Identifier = Field(
        description=(
            "Numeric feature with the latest outcome, known at the origin, that is whole seasons "
            "before the step; NULL where there is none."
        ),
    )
    season: Annotated[int, Field(ge=1)] = Field(
        description="Steps of a season; rows of at most so many set what errors are scaled by.",
    )
    buckets: tuple[int, ...] = Field(
        default=(),
        exclude_if=left_out_where_empty,
        description=(
            "Last step of each bucket of the horizon, which has an interval and figures of its "
            "own. Left out: the first step, about the square root of the horizon, and the last."
        ),
        examples=[[1, 3, 7]],
    )
    target: Literal["outcome", "seasonal_difference"] = Field(
        default="outcome",
        exclude_if=left_out_where("outcome"),
        description=(
            "What estimators learn: the outcome itself, or what it differs by from the seasonal "
            "naive, which is added to what they predict."
        ),
    )

    known_future: tuple[Identifier, ...] = Field(
        default=(),
        exclude_if=left_out_where_empty,
        description=(
            "Features of which the value of the step ahead is known at the origin, such as the "
            "calendar of the day that is forecast. `mlops prove` refuses one that a fact moves."
        ),
        examples=[["day_of_week", "is_holiday"]],
    )
    entity: str | None = Field(
        default=None,
        exclude_if=left_out_where_empty,
        description=(
            "How the entity of a row is composed: of what a request names and of `{step}`. The "
            "service then answers `/v1/forecast` with every step, from its online store."
        ),
        examples=["{series}|{origin}|{step}"],
    )

    @property
    def expansion(self) -> Expansion | None:
        """Every step of what a request names, where the YAML says how entities are composed."""
        if self.entity is None:
            return None
        return Expansion(
            route="forecast", template=self.entity, counter=self.step, last=self.horizon
        )

    @property
    def horizon_buckets(self) -> Buckets:
        """The declared buckets, or the usual ones."""
        return Buckets(self.buckets or usual_ends(self.horizon))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Prediction, interval, expected losses, and what the row is a forecast of."""
        return outputs_of(self.horizon)

    @property
    def own_metrics(self) -> Mapping[str, Metric]:
        """Over all steps, and by bucket."""
        metrics = self._metrics_of_all_steps
        return {**metrics, **metrics_by_bucket(metrics, self.horizon_buckets)}

    @property
    def _metrics_of_all_steps(self) -> dict[str, Metric]:
        return metrics_of(
            Forecast(
                costs=self.costs,
                coverage=self.coverage,
                loss=self.loss,
                middle=self.quantile,
                season=self.season,
                step_hours=self.step_hours,
            )
        )

    @property
    def default_limits(self) -> Mapping[str, Bounds]:
        """An interval must hold what it promises, over all steps and near and far ahead."""
        limits = dict(super().default_limits)
        least, most = self.coverage - MOST_OFF_IN_A_BUCKET, self.coverage + MOST_OFF_IN_A_BUCKET
        bounds = Bounds(round(least, 10), round(min(most, 1.0), 10))
        buckets = self.horizon_buckets
        names = buckets.names if len(buckets) > 1 else ()
        return {**limits, **{f"coverage_{name}": bounds for name in names}}

    @property
    def adaptation_rule(self) -> ForecastLevelRule | None:
        """Of a factor for all buckets, where the YAML wants it to follow."""
        if self.adaptation is None:
            return None
        return ForecastLevelRule(
            coverage=self.coverage,
            bucket_ends=self.horizon_buckets.ends,
            **self.adaptation.model_dump(),
        )

    @property
    def baseline_name(self) -> str:
        """The outcome of the last season."""
        return f"{self.season}-step seasonal naive"

    @property
    def feature_columns(self) -> Mapping[str, tuple[str, KindName]]:
        """Step, seasonal naive and series."""
        return {
            "step": (self.step, "numeric"),
            "seasonal_naive": (self.seasonal_naive, "numeric"),
            "series": (self.series, "categorical"),
        }

    @property
    def never_missing(self) -> tuple[str, ...]:
        """The step."""
        return ("step",)

    @property
    def known_ahead(self) -> tuple[str, ...]:
        """What is declared so."""
        return self.known_future

    @property
    def told_if_missing(self) -> tuple[str, ...]:
        """The series: without a name its row is one of a new series."""
        return (self.series,)

    def synthetic_columns(self, rows: int) -> Mapping[str, Numbers]:
        """Every step in turn."""
        import numpy as np

        steps: Numbers = np.arange(rows, dtype=np.float64) % self.horizon + 1
        return {self.step: steps}

    @property
    def explained_scale(self) -> str:
        """A difference, where that was learnt; the naive stands beside it in every answer."""
        return "explained_prediction" if self.target == "outcome" else "explained_difference"

    def offsets(self, rows: Rows, known: Rows) -> Numbers | None:
        """The seasonal naive, where differences from it are learnt."""
        if self.target == "outcome":
            return None
        return self._naive_of(rows, self._centre(known.targets, known.weights))

    def with_offsets(self, predictions: Predictions, offsets: Numbers) -> Predictions:
        """They are added."""
        return Predictions({PREDICTION: predictions[PREDICTION] + offsets})

    def fit(self, pipeline: Any, train: Rows, unseen: Rows) -> Finished:
        """As a regression is; factors of the interval come of unseen rows, bucket by bucket."""
        self._require_fittable(train, unseen)
        return super().fit(pipeline, train, unseen)

    def refit(self, judged: Finished, pipeline: Any, rows: Rows, unseen: Rows) -> Finished:
        """Likewise."""
        self._require_fittable(rows, unseen)
        return super().refit(judged, pipeline, rows, unseen)

    def _require_fittable(self, seen: Rows, unseen: Rows) -> None:
        for rows in (seen, unseen):
            require_steps(self.step, number_column(rows.features, self.step), self.horizon)
        require_series(self.series, text_column(seen.features, self.series))
        naive = number_column(seen.features, self.seasonal_naive)
        require_naive(self.seasonal_naive, naive, seen.targets)
        require_every_bucket(self.horizon_buckets, number_column(unseen.features, self.step))

    def _units(self, rows: Rows, judged: Finished | None = None) -> dict[str, float]:
        """The least that deviations are counted in: what the naive is wrong by on most series."""
        import numpy as np

        if judged is not None:
            units = {LEAST_SCALE: 0.0, **judged.constants}
            return {name: units[name] for name in (LEAST_SCALE, NAIVE_SHARE) if name in units}
        least = {LEAST_SCALE: float(np.median(self._scales_of(rows).errors))}
        return least if self.target == "outcome" else {**least, NAIVE_SHARE: 1.0}

    def _fit_heads(self, pipeline: Any, rows: Rows, units: Constants) -> list[Any]:
        """Quantiles are those of deviations from the prediction, scaled by the series."""
        frame, tail = rows.features, (1 - self.coverage) / 2
        centre = self._centre(rows.targets, rows.weights)
        targets = rows.targets - self._added(rows, centre, units)
        matrix = dense(pipeline[:-1].fit_transform(frame, targets))
        ends = [quantile_estimator(pipeline[-1], quantile) for quantile in (tail, 1 - tail)]
        predicting = fitted(pipeline[-1], matrix, targets, rows.weights)
        naive_errors = scale_of_each(text_column(frame, self.series), self._scales_of(rows))
        scales = deviation_scale(naive_errors, units)
        deviations = (targets - predicting.predict(matrix)) / scales
        return [predicting, *(fitted(end, matrix, deviations, rows.weights) for end in ends)]

    def _scales_of(self, rows: Rows) -> SeriesScales:
        """Of the rows whose naive is one season old, where there are any."""
        frame = rows.features
        in_season = number_column(frame, self.step) <= self.season
        errors = rows.targets - number_column(frame, self.seasonal_naive)
        if not has_errors(errors[in_season]):
            in_season[:] = True
        return series_scales(
            text_column(frame, self.series)[in_season],
            errors[in_season],
            None if rows.weights is None else rows.weights[in_season],
        )

    def _joined(self, pipeline: Any, heads: list[Any], rows: Rows, baseline: Constants) -> Any:
        joined = super()._joined(pipeline, heads, rows, baseline)
        columns = self.step, self.seasonal_naive, self.series
        known = baseline[CENTRE], self._scales_of(rows)
        return passing_on(joined, rows.features, columns, known)

    def _interval_constants(
        self, rows: Rows, numbers: Numbers, units: Constants
    ) -> dict[str, float]:
        import numpy as np

        predicted, lower, upper, *_ = as_outcomes(numbers, units).T
        least = least_reach(lower, upper, rows.weights)
        scores = reaches_of(predicted, lower, upper, least).scores(rows.targets)
        bucket_of = self.horizon_buckets.of(number_column(rows.features, self.step))
        smallest = float(np.finfo(np.float64).eps)
        factors = {}
        for bucket in range(len(self.horizon_buckets)):
            inside = bucket_of == bucket
            weights = None if rows.weights is None else rows.weights[inside]
            factor = conformal_quantile(scores[inside], self.coverage, weights)
            factors[factor_name(bucket)] = max(factor, smallest)
        return {FACTOR: 1.0, **factors, LEAST_REACH: least}

    def predictions(self, numbers: Numbers, constants: Constants) -> Predictions:
        """The interval reaches to both quantiles, times the factor of the bucket of the step."""
        predicted, lower, upper, loss, baseline_loss, *passed = as_outcomes(numbers, constants).T
        reaches = reaches_of(predicted, lower, upper, constants[LEAST_REACH])
        factors = constants[FACTOR] * factors_of(passed[0], self.horizon_buckets, constants)
        losses = loss * constants[LOSS_SCALE], baseline_loss * constants[BASELINE_LOSS_SCALE]
        columns = by_output(predicted, reaches.intervals(factors), losses)
        return Predictions({**columns, **dict(zip(PASSED, passed, strict=True))})

    def answer(self, numbers: Sequence[float], constants: Constants) -> Answer:
        """The same for one row."""
        return row_answer.answer(numbers, constants, self._answer_options)

    def worded(self, answer: Answer) -> Mapping[str, Any]:
        """Without the key: the series itself is among the features."""
        return {name: value for name, value in self.shown(answer).items() if name != SERIES}

    @property
    def row_answer(self) -> RowAnswer:
        """By the functions of the same name."""
        options = self._answer_options
        return RowAnswer(row_answer.usable, row_answer.answer, shown_with_coverage, options)

    @cached_property
    def _answer_options(self) -> Options:
        return {
            COVERAGE: self.coverage,
            "horizon": self.horizon,
            "ends": self.horizon_buckets.ends,
        }

    def graph_answer(
        self, graph: Graph, numbers: Sequence[Tensor], constants: Constants
    ) -> Mapping[str, Tensor]:
        """As for one row."""
        return forecast_graph(graph, numbers, constants, self.horizon_buckets.ends)

    def dated_fields(self) -> Mapping[str, tuple[Any, str]]:
        """The day or moment that is forecast."""
        return target_fields(self.step_hours)

    def dated(self, answer: Answer, moment: datetime) -> Mapping[str, Any]:
        """The same, as many steps after the origin as the answer says."""
        return target_of(moment, float(answer[STEP_FIELD]), self.step_hours)

    def usable(self, numbers: Sequence[float]) -> bool:
        """Finite, of a step of the horizon, and no negative loss is expected."""
        return row_answer.usable(numbers, self._answer_options)

    def unusable_text(self, numbers: Sequence[float]) -> str:
        """Mostly its step."""
        step = numbers[HEADS.index(STEP)]
        if 1 <= step <= self.horizon and step == int(step):
            return super().unusable_text(numbers)
        return (
            f"its `{self.step}` is {step:g}, and steps are whole numbers from 1 to {self.horizon}"
        )

    def constants_text(self, constants: Constants) -> str:
        """The promise and the factors."""
        buckets = self.horizon_buckets
        factors = ", ".join(
            f"{constants[FACTOR] * constants[factor_name(bucket)]:.3f} times ({text})"
            for bucket, text in enumerate(buckets.texts)
        )
        learnt = (
            "What its estimators say is added to the seasonal naive of a row. "
            if constants.get(NAIVE_SHARE)
            else ""
        )
        return (
            f"{learnt}The interval promises to hold {self.coverage:.0%} of outcomes: it reaches "
            f"from the prediction {factors} as far as the quantile models say, by what rows "
            "showed that they had not seen."
        )

    def _centre(self, targets: Targets, weights: Numbers | None) -> float:
        """The constant that has the least loss."""
        if self.loss == "squared_error":
            return mean_of(targets, weights)
        share = self.quantile if self.loss == "pinball" else 0.5
        return float(quantiles_of(targets, [share], weights)[0])

    def baseline(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """That of series without a last season: what is best of all constants."""
        return self._baseline_from(targets, None, weights)

    def _predicted_by(
        self, head: Numbers, rows: Rows, baseline: Constants, units: Constants
    ) -> Numbers:
        """Differences with the naive of their rows."""
        return head + self._added(rows, baseline[CENTRE], units)

    def _added(self, rows: Rows, centre: float, units: Constants) -> Numbers:
        """What is added to what the first head says of rows; 0 where it says outcomes."""
        return units.get(NAIVE_SHARE, 0.0) * self._naive_of(rows, centre)

    def _naive_of(self, rows: Rows, centre: float) -> Numbers:
        return _filled(number_column(rows.features, self.seasonal_naive), centre)

    def _baseline_of(self, rows: Rows) -> dict[str, float]:
        naive = number_column(rows.features, self.seasonal_naive)
        return self._baseline_from(rows.targets, naive, rows.weights)

    def _baseline_from(
        self, targets: Targets, naive: Numbers | None, weights: Numbers | None
    ) -> dict[str, float]:
        """What is said where the naive is missing, and how wrong both together usually are.

        Args:
            naive: NaN where missing, shape (rows,); None where nobody knows it.
        """
        import numpy as np

        centre, tail = self._centre(targets, weights), (1 - self.coverage) / 2
        said = np.full(len(targets), centre) if naive is None else _filled(naive, centre)
        errors = targets - said
        below, above = quantiles_of(errors, [tail, 1 - tail], weights).tolist()
        baseline = {
            CENTRE: centre,
            BELOW: below,
            ABOVE: above,
            LOSS: 0.0,
            NAIVE_ERROR: mean_of(np.abs(errors), weights) or 1.0,
            NAIVE_RMS_ERROR: mean_of(errors**2, weights) ** 0.5 or 1.0,
        }
        losses = self.baseline_losses(targets, baseline, Predictions({NAIVE: said}))
        return {**baseline, LOSS: mean_of(losses, weights)}

    def _known_to_baseline(self, rows: Rows, baseline: Constants) -> Predictions:
        return Predictions({NAIVE: self._naive_of(rows, baseline[CENTRE])})

    def baseline_predictions(
        self,
        baseline: Constants,
        constants: Constants,
        rows: int,
        stated: Predictions | None = None,
    ) -> Predictions:
        """The outcome of the last season, which has travelled with what a model stated."""
        import numpy as np

        unknown = {
            STEP: 1.0,
            NAIVE: baseline[CENTRE],
            SERIES: NEW_SERIES,
            NAIVE_ERROR: baseline[NAIVE_ERROR],
            NAIVE_RMS_ERROR: baseline[NAIVE_RMS_ERROR],
        }
        known = {} if stated is None else stated.columns
        passed = {name: known.get(name, np.full(rows, unknown[name])) for name in PASSED}
        naive, loss = passed[NAIVE], np.full(rows, baseline[LOSS])
        ends = naive + baseline[BELOW], naive + baseline[ABOVE]
        said = Predictions({**by_output(naive, ends, (loss, loss)), **passed})
        return said.weighted_like(stated)

    def measure(self, targets: Targets, predictions: Predictions) -> dict[str, float]:
        """Every metric by name, without those of steps or changes of which there is no row."""
        from math import isnan

        measured = super().measure(targets, predictions)
        return {name: value for name, value in measured.items() if not isnan(value)}

    def row_costs(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Of errors, and of changes between origins."""
        return costs_of_rows(targets, predictions, self.costs, self.step_hours)

    def notes(self, tested: Predictions, stated: Predictions) -> tuple[str, ...]:
        """Series that are new, and those that are gone."""
        return series_notes(tested[SERIES], stated[SERIES])

    @property
    def changes_cost(self) -> bool:
        """Where the YAML says so."""
        return isinstance(self.costs, ForecastCosts) and self.costs.change > 0

    def takeover_cost(self, before: Predictions, after: Predictions) -> float:
        """Of forecasts that differ from the one of the origin before, which the other has made."""
        if not isinstance(self.costs, ForecastCosts) or not len(after):
            return 0.0
        changed = changes_after(before, after, self.step_hours)
        own = changes(after, self.step_hours)
        costs = self.costs.of_changes(changed) - self.costs.of_changes(own)
        return float(costs.sum())

    def details(
        self, targets: Targets, predictions: Predictions, constants: Constants
    ) -> dict[str, Any]:
        """Errors by step and bucket, and what any prediction with an interval has."""
        asked = self.coverage, self.horizon, self.horizon_buckets
        metrics = self._metrics_of_all_steps
        return forecast_details(targets, predictions, metrics, asked).model_dump(mode="json")

    def tables(self, details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
        """Errors by bucket, series, and outcomes by prediction."""
        return forecast_tables(ForecastDetails.model_validate(details))

    def figures(self, metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
        """Errors and coverage by step, and those of any prediction with an interval."""
        from mlops_platform.tasks.forecasting.figures import forecast_figures

        return forecast_figures(metrics, ForecastDetails.model_validate(details))

    def faults(self) -> list[SpecError]:
        """Also of buckets and columns."""
        faults = super().faults()
        ascends = all(low < high for low, high in zip(self.buckets, self.buckets[1:], strict=False))
        if self.buckets and not (
            ascends and self.buckets[0] >= 1 and self.buckets[-1] == self.horizon
        ):
            fix = (
                "Write the last step of each bucket, ascending from 1 on, and the horizon "
                f"({self.horizon}) as the last one."
            )
            faults.append(SpecError("task.buckets", list(self.buckets), fix))
        if self.expansion is not None and self.expansion.fault is not None:
            faults.append(SpecError("task.entity", self.entity, self.expansion.fault))
        columns = [column for column, _ in self.feature_columns.values()]
        for position, (option, (column, _)) in enumerate(self.feature_columns.items()):
            if column in columns[:position]:
                fix = "Another key of the task names this column; each needs one of its own."
                faults.append(SpecError(f"task.{option}", column, fix))
        return faults


def _filled(naive: Numbers, centre: float) -> Numbers:
    import numpy as np

    return np.where(np.isnan(naive), centre, naive)
