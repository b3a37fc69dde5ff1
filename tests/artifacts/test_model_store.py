import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.artifacts import model_store
from mlops_platform.artifacts.allow_list import REASONS, TRUSTED_TYPES
from mlops_platform.artifacts.digests import digest_directory
from mlops_platform.artifacts.model_store import (
    KEPT_MODELS,
    MODEL_FILE,
    load_model,
    load_model_again,
    save_model,
)
from mlops_platform.errors import ArtifactError

Calibrated = Callable[..., Any]
Flights = tuple[pd.DataFrame, np.ndarray]


def _families() -> dict[str, tuple[list[Any], dict[str, Any]]]:
    """Steps and column transformers of every supported family."""
    from sklearn import ensemble, feature_selection, preprocessing
    from sklearn.decomposition import PCA, TruncatedSVD
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC

    linear = LogisticRegression()
    ordinal = {
        "numeric": "passthrough",
        "categorical": preprocessing.OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
        ),
    }
    lightgbm = pytest.importorskip("lightgbm")
    xgboost = pytest.importorskip("xgboost")
    boosting = ensemble.HistGradientBoostingClassifier(max_iter=5, random_state=0)
    native = ensemble.HistGradientBoostingClassifier(
        max_iter=5, categorical_features=[3, 4], early_stopping=True, random_state=0
    )
    forest = ensemble.RandomForestClassifier(5, random_state=0)
    both = [("linear", linear), ("forest", forest)]
    positive = make_pipeline(SimpleImputer(), preprocessing.MinMaxScaler())
    filled = SimpleImputer(strategy="constant", fill_value="none", missing_values=None)
    hashed = make_pipeline(filled, FeatureHasher(16, input_type="string"))
    return {
        "logistic_regression": ([linear], {}),
        "isotonic": ([linear], {"method": "isotonic"}),
        "temperature": ([linear], {"method": "temperature"}),
        "sgd": ([SGDClassifier(loss="log_loss", random_state=0)], {}),
        "svc": ([SVC()], {}),
        "naive_bayes": ([GaussianNB()], {}),
        "perceptron": ([MLPClassifier(max_iter=5, random_state=0)], {}),
        "hist_gradient_boosting": ([boosting], ordinal),
        "native_categories": ([native], ordinal),
        "random_forest": ([forest], {}),
        "extra_trees": ([ensemble.ExtraTreesClassifier(5, random_state=0)], {}),
        "gradient_boosting": ([ensemble.GradientBoostingClassifier(n_estimators=5)], {}),
        "ada_boost": ([ensemble.AdaBoostClassifier(n_estimators=3, random_state=0)], {}),
        "stacking": ([ensemble.StackingClassifier(both, cv=2)], {}),
        "voting": ([ensemble.VotingClassifier(both, voting="soft")], {}),
        "pca": ([PCA(3), linear], {}),
        "truncated_svd": ([TruncatedSVD(3, random_state=0), linear], {}),
        "f_classif": ([feature_selection.SelectKBest(k=3), linear], {}),
        "chi2": (
            [feature_selection.SelectKBest(feature_selection.chi2, k=3), linear],
            {"numeric": positive},
        ),
        "mutual_information": (
            [feature_selection.SelectPercentile(feature_selection.mutual_info_classif), linear],
            {},
        ),
        "select_from_model": ([feature_selection.SelectFromModel(forest), linear], {}),
        "hashing": ([linear], {"categorical": hashed}),
        "target_encoder": ([linear], {"categorical": preprocessing.TargetEncoder()}),
        "robust_scaler": (
            [linear],
            {"numeric": make_pipeline(SimpleImputer(), preprocessing.RobustScaler())},
        ),
        "lightgbm": ([lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1)], ordinal),
        "xgboost": ([xgboost.XGBClassifier(n_estimators=5, n_jobs=1)], ordinal),
        "quantiles": (
            [linear],
            {
                "numeric": make_pipeline(
                    SimpleImputer(), preprocessing.QuantileTransformer(n_quantiles=50)
                )
            },
        ),
    }


@pytest.fixture(scope="session")
def saved(
    calibrated: Calibrated, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, Any, Path]]:
    models = []
    for name, (steps, columns) in _families().items():
        model = calibrated(*steps, **columns)
        directory = tmp_path_factory.mktemp(name)
        save_model(model, directory)
        models.append((name, model, directory))
    return models


@pytest.fixture
def stored(calibrated: Calibrated, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A small stored model beside another file, with their digests."""
    from sklearn.linear_model import LogisticRegression

    directory = tmp_path / "version"
    directory.mkdir()
    (directory / "schema.json").write_text("{}")
    return directory, save_model(calibrated(LogisticRegression()), directory)


def test_every_supported_family_predicts_exactly_as_before(
    saved: list[tuple[str, Any, Path]], flights: Flights
) -> None:
    frame, _ = flights
    for name, model, directory in saved:
        loaded = load_model(directory, digest_directory(directory))
        assert type(loaded) is type(model), name
        np.testing.assert_array_equal(
            loaded.predict_proba(frame), model.predict_proba(frame), err_msg=name
        )


def test_every_supported_family_predicts_exactly_as_before_where_it_is_read_once(
    saved: list[tuple[str, Any, Path]], flights: Flights
) -> None:
    frame, _ = flights
    for name, model, directory in saved:
        digests = digest_directory(directory)
        for loaded in (load_model_again(directory, digests), load_model_again(directory, digests)):
            assert type(loaded) is type(model), name
            np.testing.assert_array_equal(
                loaded.predict_proba(frame), model.predict_proba(frame), err_msg=name
            )
        assert len(model_store._kept) <= KEPT_MODELS


def test_what_is_read_once_is_another_object_for_everybody_and_verified_every_time(
    stored: tuple[Path, dict[str, str]], flights: Flights
) -> None:
    directory, digests = stored
    frame, _ = flights
    first = load_model_again(directory, digests)
    expected = first.predict_proba(frame)
    for broken in (first, load_model_again(directory, digests)):
        for calibrated in broken.calibrated_classifiers_:
            calibrated.estimator.steps[-1][1].coef_[:] = 0
    np.testing.assert_array_equal(
        load_model_again(directory, digests).predict_proba(frame), expected
    )
    (directory / MODEL_FILE).write_bytes(b"another")
    with pytest.raises(ArtifactError, match="has SHA-256"):
        load_model_again(directory, digests)


def test_a_large_model_is_read_every_time(
    stored: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, digests = stored
    monkeypatch.setattr(model_store, "KEPT_BYTES", (directory / MODEL_FILE).stat().st_size - 1)
    load_model_again(directory, digests)
    assert tuple(sorted(digests.items())) not in model_store._kept


def test_the_allow_list_holds_nothing_that_no_family_needs(
    saved: list[tuple[str, Any, Path]],
) -> None:
    from skops.io import get_untrusted_types

    needed = {name for _, _, path in saved for name in get_untrusted_types(file=path / MODEL_FILE)}
    # Regressors are no part of `saved`: they are stored in tests of the pipelines.
    regressors = {"lightgbm.sklearn.LGBMRegressor", "xgboost.sklearn.XGBRegressor"}
    assert needed | regressors == TRUSTED_TYPES
    assert all(REASONS.values())


def test_saving_returns_the_digest_of_every_file(stored: tuple[Path, dict[str, str]]) -> None:
    directory, digests = stored
    assert digests == digest_directory(directory)
    assert sorted(digests) == ["model.skops", "schema.json"]


def test_a_tampered_file_is_refused(stored: tuple[Path, dict[str, str]]) -> None:
    directory, digests = stored
    content = bytearray((directory / MODEL_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (directory / MODEL_FILE).write_bytes(content)
    changed = digest_directory(directory)[MODEL_FILE]
    expected = rf"'model\.skops' has SHA-256 {changed}, expected {digests[MODEL_FILE]}.*Fetch"
    with pytest.raises(ArtifactError, match=expected):
        load_model(directory, digests)


def test_missing_and_extra_files_are_refused(stored: tuple[Path, dict[str, str]]) -> None:
    directory, digests = stored
    (directory / "schema.json").unlink()
    (directory / ".hidden").write_text("x")
    with pytest.raises(ArtifactError) as refused:
        load_model(directory, digests)
    assert "'schema.json' has SHA-256 none: the file is missing" in str(refused.value)
    assert "expected none: the file is extra" in str(refused.value)
    assert "'.hidden'" in str(refused.value)


def test_digests_that_do_not_name_the_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"'model\.skops' is missing"):
        load_model(tmp_path, {})


class Planted:
    """A class that no allow-list names."""

    def __init__(self) -> None:
        self.value = 1


def test_a_model_of_a_foreign_class_is_refused_by_name(tmp_path: Path) -> None:
    from skops.io import dump

    foreign = rf"\['{__name__}\.Planted'\].*training\.trusted_types"
    dump({"model": Planted()}, tmp_path / MODEL_FILE)
    with pytest.raises(ArtifactError, match=f"do not trust: {foreign}"):
        load_model(tmp_path, digest_directory(tmp_path))
    with pytest.raises(ArtifactError, match=f"do not trust: {foreign}"):
        save_model({"model": Planted()}, tmp_path)


def test_a_model_that_skops_cannot_express_is_refused_when_saved(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="generator cannot be stored as skops"):
        save_model((number for number in range(3)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_allowed_type_cannot_carry_a_command(calibrated: Calibrated, tmp_path: Path) -> None:
    """`functools.partial` is allowed, but not around a function of the attacker's choice."""
    steps, columns = _families()["native_categories"]
    save_model(calibrated(*steps, **columns), tmp_path)
    with zipfile.ZipFile(tmp_path / MODEL_FILE) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.dumps(json.loads(members["schema.json"])).replace(
        '"__class__": "check_array", "__module__": "sklearn.utils.validation"',
        '"__class__": "system", "__module__": "posix"',
    )
    assert '"posix"' in schema
    members["schema.json"] = schema.encode()
    with zipfile.ZipFile(tmp_path / MODEL_FILE, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ArtifactError, match=r"do not trust: \['posix\.system'\]"):
        load_model(tmp_path, digest_directory(tmp_path))


def test_a_damaged_file_with_the_right_digest_is_explained(tmp_path: Path) -> None:
    (tmp_path / MODEL_FILE).write_bytes(b"no archive")
    with pytest.raises(ArtifactError, match="unchanged but cannot be loaded"):
        load_model(tmp_path, digest_directory(tmp_path))


_LOAD_ALONE = """
import sys

for name in ("dagster", "duckdb", "mlflow", "pandas", "pydantic", "sqlalchemy", "yaml"):
    sys.modules[name] = None  # importing it raises
from pathlib import Path
from mlops_platform.artifacts.digests import digest_directory
from mlops_platform.artifacts.model_store import load_model

directory = Path(sys.argv[1])
heavy = {"numpy", "sklearn", "skops"} & sys.modules.keys()
print(sorted(heavy), type(load_model(directory, digest_directory(directory))).__name__)
"""


@pytest.mark.slow
def test_loading_needs_only_the_standard_library_sklearn_and_skops(
    stored: tuple[Path, dict[str, str]],
) -> None:
    directory, _ = stored
    result = subprocess.run(
        [sys.executable, "-c", _LOAD_ALONE, str(directory)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert result.stdout == "[] CalibratedClassifierCV\n", result.stderr


def test_a_vocabulary_is_stored_as_one_file_and_not_one_for_each_word(tmp_path: Path) -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = pd.DataFrame({"text": [f"word{at} word{at // 2} word{at // 4}" for at in range(400)]})
    # Cut to the most frequent words, scikit-learn numbers them with NumPy's own integers.
    words = make_column_transformer((TfidfVectorizer(min_df=2, max_features=150), "text"))
    model = make_pipeline(words, LogisticRegression()).fit(texts, np.arange(400) % 2)
    digests = save_model(model, tmp_path)
    with zipfile.ZipFile(tmp_path / MODEL_FILE) as archive:
        assert len(archive.namelist()) < 20
    loaded = load_model(tmp_path, digests)
    np.testing.assert_array_equal(loaded.predict_proba(texts), model.predict_proba(texts))
