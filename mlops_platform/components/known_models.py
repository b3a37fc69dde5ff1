"""Every model that this deployment knows: declared under `defs/`, or only in the ledger."""

from mlops_platform.components.models import declared_specs
from mlops_platform.errors import SpecError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.section import nearest_name
from mlops_platform.spec import ModelSpec


def known_models(ledger: Ledger) -> dict[str, ModelSpec | None]:
    """Models by name; None where no YAML declares them any more."""
    declared = {spec.name: spec for spec in declared_specs()}
    names = sorted({*declared, *ledger.models()})
    return {name: declared.get(name) for name in names}


def known_model(ledger: Ledger, name: str) -> ModelSpec | None:
    """The spec of one model; None where only the ledger knows it.

    Raises:
        SpecError: nobody knows it.
    """
    models = known_models(ledger)
    if name not in models:
        raise SpecError("model", name, nearest_name("model", name, list(models)))
    return models[name]


def require_known(ledger: Ledger, name: str) -> None:
    """Refuse a name that nobody knows; of one in the ledger no YAML is read, which may be broken.

    Raises:
        SpecError: nobody knows it.
    """
    if name not in ledger.models():
        known_model(ledger, name)
