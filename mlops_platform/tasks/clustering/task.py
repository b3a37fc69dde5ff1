"""Clustering: the section `task` of a model that says which group of alike rows a row is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import Field

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.answering.graph import Graph, Tensor
from mlops_platform.tasks.answering.row_answer import RowAnswer, shown_as_it_is
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.clustering.answering import row_answer
from mlops_platform.tasks.clustering.answering.graph_answer import cluster_graph
from mlops_platform.tasks.clustering.centres import (
    codes_in,
    margins_in,
    numbers_of,
    own_distances_in,
    remaining_share,
    width_of,
)
from mlops_platform.tasks.clustering.columns import (
    CLUSTER,
    DISTANCE,
    MARGIN,
    NAMES,
    NEARER,
    OUTPUTS,
    STABILITIES,
    STABILITY,
    UNIT,
)
from mlops_platform.tasks.clustering.details import details_of, feature_details_of, tables_of
from mlops_platform.tasks.clustering.fit import fit_clusters, fit_on_from
from mlops_platform.tasks.clustering.fittable import clusterer_fault, require_fittable
from mlops_platform.tasks.clustering.metrics import (
    LEAST_STABILITY,
    METRICS,
    SMALLEST_CLUSTER,
    cluster_shares,
)
from mlops_platform.tasks.clustering.naming import (
    first_names,
    matched_names,
    name_text,
    names_gone_on,
    renamed,
)
from mlops_platform.tasks.clustering.stability import LEAST_STABLE, stabilities_of
from mlops_platform.tasks.clustering.version_metrics import (
    SAME_CLUSTER,
    VERSION_METRICS,
    confusion_table,
    same_cluster,
)
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.estimate import EstimatedPerformance
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.fitting.incremental import LearntParts
from mlops_platform.tasks.fitting.missing_labels import nan_where_missing
from mlops_platform.tasks.fitting.row_samples import shuffled_columns, thinned
from mlops_platform.tasks.metric import Metric, VersionMetric
from mlops_platform.tasks.predictions import Output, Predictions
from mlops_platform.tasks.task import Answer, Refusal, Task
from mlops_platform.tasks.weights import mean_of

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Targets

MOST_LOOKED_AT: Final = 5000
"""Rows by which the unit of distances and the stability of clusters are set."""
SHUFFLES: Final = (0, 1)
"""Seeds of the rows that the reference is fitted on, and of those that it is looked at by."""
LEAST_KEPT: Final = 0.8
"""Share of unseen rows that stay in their cluster, from a champion or the judged model on."""
LEAST_SHARE: Final = 0.01
ALL: Final = "all"
"""The one cluster of the baseline."""
LEFT_SHARE: Final = 0.01
"""A cluster of so many test rows that has none in a window is told."""


class Clustering(Task):
    """A cluster of alike rows, and the distance from its centre; no label teaches or judges."""

    label_type: ClassVar[Literal["DOUBLE"]] = "DOUBLE"
    loss_has_unit: ClassVar[bool] = True
    needs_dense_columns: ClassVar[bool] = True
    estimator_kind: ClassVar[str] = "clusterer"
    predict_method: ClassVar[str] = "predict"
    answers_of_model: ClassVar[tuple[str, int]] = ("cluster", 1)
    explained_scale: ClassVar[str] = "explained_distance"
    learns_on: ClassVar[bool] = True

    type: Literal["clustering"] = Field(
        default="clustering", description="Kind of outcome: which group of alike rows a row is in."
    )
    loss: Literal["relative_distance"] = Field(
        default="relative_distance",
        description=(
            "What candidates and champions are compared by: the mean distance of rows from the "
            "centre of their cluster, over that in as many clusters of shuffled columns."
        ),
    )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Cluster, distance, margin and stability."""
        return OUTPUTS

    @property
    def own_metrics(self) -> Mapping[str, Metric]:
        """Of distances and sizes."""
        return METRICS

    @property
    def default_limits(self) -> Mapping[str, Bounds]:
        """No cluster dissolves among resampled rows, and none is of a few odd rows."""
        return {
            LEAST_STABILITY: Bounds(min=LEAST_STABLE),
            SMALLEST_CLUSTER: Bounds(min=LEAST_SHARE),
        }

    @property
    def window_limits(self) -> Mapping[str, Bounds]:
        """None: the drift of clusters and of distances tells of windows."""
        return {}

    @property
    def baseline_name(self) -> str:
        """What no cluster is real in."""
        return "shuffled columns"

    @property
    def version_metrics(self) -> Mapping[str, VersionMetric]:
        """Of names, and of what is together."""
        return VERSION_METRICS

    @property
    def default_agreement(self) -> Mapping[str, float]:
        """Most rows keep their cluster: a release that reshuffles them is refused."""
        return {SAME_CLUSTER: LEAST_KEPT}

    def version_table(self, champion: Predictions, candidate: Predictions) -> DetailTable | None:
        """Rows by cluster then and now."""
        return confusion_table(champion, candidate)

    @property
    def fits_unlabelled(self) -> bool:
        """Of all rows."""
        return True

    @property
    def judges_unlabelled(self) -> bool:
        """By distances."""
        return True

    def targets(self, column: Any) -> Targets:
        """The outcome that clusters are told with on the card, NaN where it is not known."""
        return nan_where_missing(column)

    def refusal(self, targets: Targets) -> Refusal | None:
        """No row."""
        return None if len(targets) else Refusal("none that could be judged", "rows")

    def facts(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """How many rows have an outcome, and its mean."""
        import numpy as np

        known = targets == targets
        counts = np.ones(len(targets)) if weights is None else weights
        labelled = counts[known].sum()
        facts = {"labelled_share": float(labelled / counts.sum())}
        if not labelled:
            return facts
        return {**facts, "mean_outcome": mean_of(targets[known], counts[known])}

    def facts_text(self, facts: Mapping[str, float]) -> str:
        """The same in words; the outcome taught and judged nothing."""
        if "mean_outcome" not in facts:
            return "no outcome known, and none needed"
        share = facts["labelled_share"]
        of_rows = "" if share == 1 else f" of the {share:.1%} with one"
        return f"mean outcome {facts['mean_outcome']:.4g}{of_rows}, which judges nothing"

    def estimator_fault(self, estimator: Any) -> str | None:
        """One that says no cluster of a new row."""
        return clusterer_fault(estimator, self.predict_method)

    def raw_predictions(self, estimator: Any, rows: Rows, features: Any) -> Predictions:
        """Clusters as the estimator counts them, with distances in the unit of shuffled columns."""
        from sklearn.base import clone

        require_fittable(estimator, rows)
        unfitted = clone(estimator)
        model = fit_clusters(estimator, rows)
        numbers = numbers_of(model, features)
        names = {name: float(code) for code, name in enumerate(NAMES)}
        unit = self._unit(model, unfitted, rows)
        stabilities = dict.fromkeys(STABILITIES, 0.0)
        return self.predictions(numbers, {**names, **stabilities, UNIT: unit})

    def fit(self, pipeline: Any, train: Rows, unseen: Rows) -> Finished:
        """Fit on all rows; how stable clusters are is told by unseen ones."""
        from sklearn.base import clone

        require_fittable(pipeline, train)
        unfitted = clone(pipeline)
        model = fit_clusters(pipeline, train)
        fitted_codes = codes_in(numbers_of(model, train.features))
        some = thinned(unseen, MOST_LOOKED_AT)
        numbers = numbers_of(model, some.features)
        clusters = numbers.shape[1] // 2
        stabilities = stabilities_of(unfitted, train, some, codes_in(numbers)).tolist()
        stabilities += [0.0] * (clusters - len(stabilities))
        constants = {
            **first_names(fitted_codes, clusters, train.weights),
            **dict(zip(STABILITIES, stabilities, strict=False)),
            UNIT: self._unit(model, clone(unfitted), train),
            NEARER: 1 - remaining_share(model, some.features, some.weights),
        }
        return Finished(model, constants, self.baseline(train.targets))

    def refit(self, judged: Finished, pipeline: Any, rows: Rows, unseen: Rows) -> Finished:
        """Begun at the judged clusters, whose names and stability it keeps.

        Where the clusters of all rows are others even so, the judged model is what is released:
        of any other nobody has seen what it says.
        """
        from sklearn.base import clone

        require_fittable(pipeline, rows)
        unfitted = clone(pipeline)
        model = fit_on_from(judged.model, pipeline, rows)
        some = thinned(unseen, MOST_LOOKED_AT)
        numbers = numbers_of(model, some.features)
        clusters = numbers.shape[1] // 2
        fresh = {
            **first_names(codes_in(numbers), clusters, some.weights),
            **dict.fromkeys(STABILITIES[:clusters], 0.0),
            UNIT: self._unit(model, unfitted, rows),
            NEARER: judged.constants[NEARER],
        }
        before = self.predict(judged.model, judged.constants, some.features, some.weights)
        stated = self.predictions(numbers, fresh).weighted(some.weights)
        matched = matched_names(before, stated)
        if same_cluster(before, renamed(stated, matched)) < LEAST_KEPT:
            return judged
        names = names_gone_on(judged.constants, matched, fresh)
        stability_of = {
            judged.constants[name]: judged.constants[stability]
            for name, stability in zip(NAMES, STABILITIES, strict=True)
            if name in judged.constants
        }
        stabilities = {
            stability: stability_of.get(names[name], 0.0)
            for name, stability in zip(NAMES[:clusters], STABILITIES, strict=False)
        }
        constants = {**fresh, **names, **stabilities}
        return Finished(model, constants, self.baseline(rows.targets))

    def _unit(self, model: Any, unfitted: Any, train: Rows) -> float:
        """Distance that is 1: as far as rows are in as many clusters of shuffled columns.

        The same estimator is fitted on the training rows with each column shuffled, where no rows
        are alike but by chance, and looked at by rows that were shuffled otherwise: the reference
        of the gap statistic (Tibshirani, Walther and Hastie 2001), of distances and not of their
        squares, which a single odd row decides, and as a share of the distance from one common
        centre, so that it does not matter how wide the columns of a pipeline are.
        """
        some = thinned(train, MOST_LOOKED_AT)
        fitted_on, looked_at = (shuffled_columns(some, seed) for seed in SHUFFLES)
        # Values were drawn by the weight of their row: each shuffled one counts the same.
        reference = fit_clusters(unfitted, Rows(fitted_on, some.targets))
        share = remaining_share(reference, looked_at, None)
        unit: float = share * width_of(model, some.features, some.weights)
        if not unit > 0:
            raise TrainingError(
                "task: rows with shuffled columns lie in the centres of their clusters, so that no "
                "distance says anything. Ask for fewer clusters, or read more rows."
            )
        return unit

    def learnt_parts(self, model: Any) -> LearntParts:
        """All of it."""
        return LearntParts(model)

    @property
    def goes_on_from_champion(self) -> bool:
        """Names of clusters do."""
        return True

    def gone_on(
        self, champion: Constants, before: Predictions, candidate: Constants, stated: Predictions
    ) -> Constants:
        """Names of clusters, by the rows that they share with the champion's."""
        return names_gone_on(champion, matched_names(before, stated), candidate)

    def gone_on_predictions(self, before: Predictions, stated: Predictions) -> Predictions:
        """The same with names that are matched."""
        return renamed(stated, matched_names(before, stated)) if len(stated) else stated

    def numbers(self, model: Any, features: Any) -> Numbers:
        """How much each row belongs to each cluster, then how far it is from each centre."""
        return numbers_of(model, features)

    def predictions(self, numbers: Numbers, constants: Constants) -> Predictions:
        """The cluster that a row belongs to most, by its name."""
        import numpy as np

        codes, clusters = codes_in(numbers), numbers.shape[1] // 2
        names = np.array([name_text(constants[name]) for name in NAMES[:clusters]], dtype=object)
        stabilities = np.array([constants[name] for name in STABILITIES[:clusters]])
        return Predictions(
            {
                CLUSTER: names[codes],
                DISTANCE: own_distances_in(numbers) / constants[UNIT],
                MARGIN: margins_in(numbers),
                STABILITY: stabilities[codes],
            }
        )

    def answer(self, numbers: Sequence[float], constants: Constants) -> Answer:
        """The same for one row."""
        return row_answer.answer(numbers, constants, {})

    @property
    def row_answer(self) -> RowAnswer:
        """By the functions of the same name."""
        return RowAnswer(row_answer.usable, row_answer.answer, shown_as_it_is, {})

    def graph_answer(
        self, graph: Graph, numbers: Sequence[Tensor], constants: Constants
    ) -> Mapping[str, Tensor]:
        """As for one row."""
        return cluster_graph(graph, numbers, constants)

    def usable(self, numbers: Sequence[float]) -> bool:
        """Finite numbers, and no negative distance."""
        return row_answer.usable(numbers, {})

    def constants_text(self, constants: Constants) -> str:
        """What clusters explain, what they are called by, and what nobody knows."""
        named = [name_text(constants[name]) for name in NAMES if name in constants]
        return (
            f"There are {len(named)} clusters, called {', '.join(sorted(named, key=int))}; unseen "
            f"rows are {constants[NEARER]:.1%} nearer to the centre of their cluster than to that "
            "of all rows. A name stays with the rows that it was first given to. Nothing says "
            "whether clusters are right or worth anything: no label is predicted, and no "
            "performance is estimated."
        )

    def baseline(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """The distance that is 1 by its unit."""
        return {DISTANCE: 1.0}

    def baseline_predictions(
        self,
        baseline: Constants,
        constants: Constants,
        rows: int,
        stated: Predictions | None = None,
    ) -> Predictions:
        """As far from a centre as where no columns belong together, and no cluster that is one."""
        import numpy as np

        said = Predictions(
            {
                CLUSTER: np.full(rows, ALL, dtype=object),
                DISTANCE: np.full(rows, baseline[DISTANCE]),
                MARGIN: np.zeros(rows),
                STABILITY: np.zeros(rows),
            }
        )
        return said.weighted_like(stated)

    def row_costs(self, targets: Targets, predictions: Predictions) -> Numbers:
        """The loss: nobody has said what a distance costs."""
        return self.row_losses(targets, predictions)

    def details(
        self, targets: Targets, predictions: Predictions, constants: Constants
    ) -> dict[str, Any]:
        """Clusters."""
        details = details_of(targets, predictions)
        return details.model_dump(mode="json", include={"clusters"})

    def feature_details(self, model: Any, rows: Rows, predictions: Predictions) -> dict[str, Any]:
        """Silhouette, Davies-Bouldin index, and a profile of each cluster."""
        return feature_details_of(model, rows, predictions)

    def tables(self, details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
        """Clusters in words and figures."""
        return tables_of(details)

    def figures(self, metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
        """Shares and stability."""
        from mlops_platform.tasks.clustering.figures import figures_of

        return figures_of(details)

    def notes(self, tested: Predictions, stated: Predictions) -> tuple[str, ...]:
        """Clusters that had rows in the test and have none in the window."""
        if not len(stated) or not len(tested) or CLUSTER not in tested.columns:
            return ()
        now = cluster_shares(stated)
        gone = {
            name: share
            for name, share in cluster_shares(tested).items()
            if name not in now and share >= LEFT_SHARE
        }
        return tuple(
            f"No row is in cluster {name}, which had {share:.1%} of the test rows."
            for name, share in sorted(gone.items())
        )

    def estimate(
        self,
        predictions: Predictions,
        baseline: Constants,
        known: tuple[Targets, Predictions] | None,
    ) -> EstimatedPerformance | None:
        """None: nothing says whether a cluster is right."""
        return None

    def expected_losses(
        self, predictions: Predictions, baseline: Constants
    ) -> tuple[Numbers, Numbers] | None:
        """None, likewise."""
        return None

    def synthetic_targets(self, signal: Numbers) -> Targets:
        """Any number."""
        targets: Targets = signal
        return targets
