"""model_card and bento: what passed the gate explained, and ready to serve."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments, upstream
from mlops_platform.components.model_lifecycle.presentation import browsable, mlflow_run, place
from mlops_platform.components.model_lifecycle.run_facts import actor_of, provenance_of
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.errors import ServingError
from mlops_platform.serving.packing.packaging import BuiltBento
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.release.bento import BENTO_FILE, PackagedRelease, package_release
from mlops_platform.usecases.release.card import WrittenCard, write_model_card
from mlops_platform.usecases.release.reconcile import reconcile
from mlops_platform.usecases.release.register import RegisteredCandidate
from mlops_platform.usecases.version.deployed import DeployedVersion

GOLDEN_ROWS = "serves_golden_rows_exactly"


def model_card_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """The model card in three forms."""

    @dg.asset(
        **asset_arguments(
            spec,
            "model_card",
            "What the champion is, what it is for, how good it is and for whom (Mitchell et al. "
            "2019), as Markdown, HTML and JSON.",
            "markdown",
        ),
        ins={
            "registered_version": upstream(spec, "registered_version"),
            "champion": upstream(spec, "champion"),
        },
    )
    @waits_for_locks
    def model_card(
        context: dg.AssetExecutionContext,
        registered_version: RegisteredCandidate,
        champion: DeployedVersion,
    ) -> dg.MaterializeResult[WrittenCard]:
        deployment = open_deployment()
        card = write_model_card(
            deployment, spec, registered_version, champion, provenance_of(context)
        )
        markdown, html, _ = card.files
        return dg.MaterializeResult(
            value=card,
            metadata=browsable(
                {
                    "version": champion.version,
                    "card": dg.MetadataValue.md(markdown.read_text()),
                    "open_card": mlflow_run(deployment, champion.run_id, html.name),
                    "path": place(html),
                }
            ),
        )

    return model_card


def bento_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """The self-contained Bento, and the check that serves it."""

    @dg.asset(
        **asset_arguments(
            spec,
            "bento",
            "The champion as a self-contained BentoML service with schema, digests and golden "
            "rows. The serving path equals the pipeline on the training set's rows.",
            "bentoml",
        ),
        ins={
            "registered_version": upstream(spec, "registered_version"),
            "champion": upstream(spec, "champion"),
            "model_card": upstream(spec, "model_card"),
        },
        check_specs=[
            dg.AssetCheckSpec(
                GOLDEN_ROWS,
                asset=[spec.name, "bento"],
                description="The Bento, served over HTTP on loopback, answers its golden rows.",
            )
        ],
    )
    @waits_for_locks
    def bento(
        context: dg.AssetExecutionContext,
        registered_version: RegisteredCandidate,
        champion: DeployedVersion,
        model_card: WrittenCard,
    ) -> Iterator[Any]:
        deployment = open_deployment()
        packaged = package_release(
            deployment, spec, registered_version, champion, model_card, actor_of(context)
        )
        reconcile(deployment, spec.name)
        yield dg.MaterializeResult(
            value=packaged,
            data_version=dg.DataVersion(packaged.bento.tag),
            metadata=browsable(
                {
                    **_headline(packaged),
                    "open_bento": mlflow_run(deployment, champion.run_id, BENTO_FILE),
                    "path": place(packaged.bento.path),
                }
            ),
            check_results=[_served_golden_rows(packaged.bento)],
        )

    return bento


def _headline(packaged: PackagedRelease) -> dict[str, Any]:
    bento, parity = packaged.bento, packaged.parity
    return {
        "tag": bento.tag,
        "serve_with": f"mlops serve {packaged.release.model}",
        "parity_rows": parity.rows,
        "parity_max_difference": parity.max_difference,
        "single_rows_served_by": parity.fallback_reason or "the compiled model",
        "explains": packaged.not_explained or "exact contributions",
        "files": len(bento.files),
    }


def _served_golden_rows(bento: BuiltBento) -> dg.AssetCheckResult:
    from mlops_platform.serving.packing.probe import check_golden_rows

    try:
        probe = check_golden_rows(bento.path)
    except ServingError as error:
        return dg.AssetCheckResult(
            check_name=GOLDEN_ROWS, passed=False, metadata=browsable({"reason": str(error)})
        )
    return dg.AssetCheckResult(
        check_name=GOLDEN_ROWS,
        passed=True,
        metadata=browsable(
            {
                "golden_rows": probe.rows,
                "max_difference": probe.max_difference,
                "start_seconds": probe.start_seconds,
            }
        ),
    )
