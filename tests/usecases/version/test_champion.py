import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts.model_store import save_model
from mlops_platform.errors import ArtifactError, RegistryError
from mlops_platform.ledger.records import VersionIdentity
from mlops_platform.registry.versions import DIGESTS_TAG
from mlops_platform.usecases.release.reconcile import projection_faults, reconcile
from mlops_platform.usecases.version.champion import load_champion
from tests.registry.fetched import fetched_version

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle


def test_there_is_no_champion_before_the_first_release(lifecycle: "Lifecycle") -> None:
    lifecycle.register()
    assert load_champion(*lifecycle.scope) is None


def test_the_champion_predicts_exactly_as_when_it_was_fitted(
    lifecycle: "Lifecycle", fitted: tuple[Any, pd.DataFrame]
) -> None:
    release = lifecycle.promote(lifecycle.register())
    lifecycle.register()
    champion = load_champion(*lifecycle.scope)
    assert champion.release == release
    assert champion.fitted_through == datetime(2013, 3, 31, 22, tzinfo=UTC)
    model, rows = fitted
    np.testing.assert_array_equal(champion.model.predict_proba(rows), model.predict_proba(rows))


def test_a_file_changed_together_with_the_registrys_digests_is_refused(
    lifecycle: "Lifecycle", fitted: tuple[Any, pd.DataFrame]
) -> None:
    identity = lifecycle.register()
    lifecycle.promote(identity)
    fetched = fetched_version(lifecycle.registry, lifecycle.model, identity.version)
    (fetched.directory / "model.skops").unlink()
    forged = save_model(fitted[0], fetched.directory)
    lifecycle.registry._client.set_model_version_tag(
        lifecycle.model, str(identity.version), DIGESTS_TAG, json.dumps(forged)
    )
    assert lifecycle.registry.version(lifecycle.model, identity.version).digests == forged
    with pytest.raises(ArtifactError, match=r"'model\.skops' has SHA-256"):
        load_champion(*lifecycle.scope)


CHANGED_TAGS = {
    "constants": '{"threshold": 0.99}',
    "fitted_through": "2014-01-01T00:00:00+00:00",
    "training_set": "cd" * 32,
    "task": "regression",
}


@pytest.mark.fault(
    "the MLflow tag of threshold, task, training set or `fitted_through` is changed",
    "it decides nothing; `doctor` and `reconcile` tell it, and `reconcile` mends it",
)
@pytest.mark.parametrize("tag", CHANGED_TAGS)
def test_a_changed_tag_decides_nothing_and_is_told_and_mended(
    lifecycle: "Lifecycle", tag: str, observe: Callable[[str], None]
) -> None:
    identity = lifecycle.register()
    lifecycle.promote(identity)
    before = load_champion(*lifecycle.scope)
    lifecycle.registry.tag_version(lifecycle.model, identity.version, tag, CHANGED_TAGS[tag])
    after = load_champion(*lifecycle.scope)
    for name in ("constants", "task", "training_set", "fitted_through"):
        assert getattr(after, name) == getattr(before, name)
    [fault] = projection_faults(*lifecycle.scope)
    assert fault.told.startswith(f"tag {tag} of version 1: {CHANGED_TAGS[tag]}, the ledger says ")
    assert reconcile(*lifecycle.scope) == [fault]
    assert projection_faults(*lifecycle.scope) == []
    observe("the ledger's value counts; one fault, gone after `reconcile`")


def _released_before_the_ledger_kept_values(lifecycle: "Lifecycle") -> VersionIdentity:
    identity = lifecycle.register().model_copy(update={"fitted": None})
    lifecycle.promote(identity)
    return identity


def test_of_a_version_of_before_the_tags_decide(lifecycle: "Lifecycle") -> None:
    identity = _released_before_the_ledger_kept_values(lifecycle)
    client, version = lifecycle.registry._client, str(identity.version)
    client.set_model_version_tag(lifecycle.model, version, "threshold", "0.9")
    assert load_champion(*lifecycle.scope).constants == {"threshold": 0.25}
    client.delete_model_version_tag(lifecycle.model, version, "constants")
    assert load_champion(*lifecycle.scope).constants == {"threshold": 0.9}
    client.delete_model_version_tag(lifecycle.model, version, "threshold")
    with pytest.raises(RegistryError, match="has lost its tag 'constants'"):
        load_champion(*lifecycle.scope)


def test_a_tag_that_is_no_number_is_refused(lifecycle: "Lifecycle") -> None:
    identity = _released_before_the_ledger_kept_values(lifecycle)
    lifecycle.registry.tag_version(
        lifecycle.model, identity.version, "constants", '{"threshold": NaN}'
    )
    with pytest.raises(RegistryError, match="finite number"):
        load_champion(*lifecycle.scope)


def test_a_version_of_before_without_its_tag_is_explained(lifecycle: "Lifecycle") -> None:
    identity = _released_before_the_ledger_kept_values(lifecycle)
    lifecycle.registry._client.delete_model_version_tag(
        lifecycle.model, str(identity.version), "fitted_through"
    )
    with pytest.raises(RegistryError, match="has lost its tag 'fitted_through'"):
        load_champion(*lifecycle.scope)
