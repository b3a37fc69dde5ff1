"""The types that a stored model may hold beyond those that skops trusts by itself.

skops trusts scikit-learn's estimators, NumPy arrays and the like. The rest is ours to judge, once,
here; what else a model may hold its YAML says (`training.trusted_types`), and the version keeps
that beside itself under a digest of the ledger. The list that skops's file brings along is never
read. An estimator that needs another type is refused by `mlops check`, and when it is saved, long
before anything could be released.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "numpy.dtype": "dtypes remembered by imputers, encoders and trees; plain data",
        "sklearn.calibration._CalibratedClassifier": (
            "the calibrated model itself; holds an estimator and its calibrators"
        ),
        "sklearn.calibration._SigmoidCalibration": "Platt calibration; holds two numbers",
        "sklearn.calibration._TemperatureScaling": "temperature scaling; holds one number",
        "sklearn.tree._tree.Tree": (
            "node arrays of single trees, forests and GradientBoosting; its indices are unchecked, "
            "so it is safe only behind a verified digest"
        ),
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": (
            "node arrays of HistGradientBoosting; unchecked as above"
        ),
        "functools.partial": (
            "HistGradientBoosting with native categories; skops judges the wrapped function apart"
        ),
        "sklearn.utils.validation.check_array": "the function wrapped there; only validates",
        "sklearn.feature_selection._univariate_selection.f_classif": (
            "score of SelectKBest and SelectPercentile; a pure function"
        ),
        "sklearn.feature_selection._univariate_selection.chi2": "as f_classif",
        "sklearn.feature_selection._mutual_info.mutual_info_classif": "as f_classif",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer": (
            "optimiser state of MLPClassifier; plain numbers and arrays"
        ),
        "sklearn.utils._bunch.Bunch": "named estimators of stacking and voting; a dict",
        "collections.OrderedDict": "what LightGBM notes of its training; a dict",
        "lightgbm.sklearn.LGBMClassifier": "parameters and a booster",
        "lightgbm.sklearn.LGBMRegressor": "parameters and a booster",
        "lightgbm.basic.Booster": (
            "trees as text that LightGBM's own parser reads; safe only behind a verified digest"
        ),
        "xgboost.sklearn.XGBClassifier": "parameters and a booster",
        "xgboost.sklearn.XGBRegressor": "parameters and a booster",
        "xgboost.core.Booster": "trees as bytes that XGBoost's own parser reads; as LightGBM's",
    }
)

TRUSTED_TYPES: Final = frozenset(REASONS)
