"""The lineage of a project goes from landed columns to features, and names what it cannot read."""

from pathlib import Path
from typing import Any

import pytest

from mlops_platform.data.lineage.project_lineage import ProjectLineage, lineage_of

SQL = {
    "stg_sales": "select id, price * 100 as cents, day from read_landing('sales')",
    "baskets": """
        select s.id, s.cents / c.rate as euros, 1 as one
        from "warehouse"."main"."stg_sales" as s join "warehouse"."main"."rates" as c on true
    """,
    "broken": "select ~~ from nowhere where (",
    "lacking": 'select id from "warehouse"."main"."stg_sales"',
}


def _node(kind: str, name: str, columns: str, *parents: str, **config: Any) -> dict[str, Any]:
    relation = f"read_landing('{name}')" if kind == "source" else f'"warehouse"."main"."{name}"'
    return {
        "resource_type": kind,
        "name": name,
        "source_name": "landing",
        "relation_name": relation,
        "package_name": "shop",
        "original_file_path": f"models/{name}.sql",
        "fqn": ["shop", "sales", "staging", name],
        "config": config,
        "columns": {column: {} for column in columns.split()},
        "depends_on": {"nodes": list(parents)},
    }


@pytest.fixture
def lineage(tmp_path: Path) -> ProjectLineage:
    folder = tmp_path / "shop" / "models"
    folder.mkdir(parents=True)
    for name, sql in SQL.items():
        (folder / f"{name}.sql").write_text(sql)
    published = {"meta": {"mlops": {"publish": True}}}
    staging = "model.shop.stg_sales"
    nodes = {
        staging: _node("model", "stg_sales", "id cents day", "source.shop.landing.sales"),
        "model.shop.baskets": _node(
            "model", "baskets", "id euros one", staging, "seed.shop.rates", **published
        ),
        "model.shop.broken": _node("model", "broken", "what", staging),
        "model.shop.lacking": _node("model", "lacking", "id never", staging),
        "model.shop.unwritten": _node("model", "unwritten", "id", staging),
        "seed.shop.rates": _node("seed", "rates", "rate"),
        "test.shop.unique": {"resource_type": "test"},
    }
    sources = {"source.shop.landing.sales": _node("source", "sales", "id price day")}
    return lineage_of({"nodes": nodes, "sources": sources}, tmp_path, "a digest")


def test_a_column_is_followed_to_what_landed_and_to_seeds(lineage: ProjectLineage) -> None:
    euros = ("features/baskets", "euros")
    assert lineage.made_from(euros) == (("staging/stg_sales", "cents"), ("seeds/rates", "rate"))
    assert lineage.origins(euros) == (("landing/sales", "price"), ("seeds/rates", "rate"))
    assert lineage.origins(("landing/sales", "price")) == (("landing/sales", "price"),)
    assert lineage.origins(("features/baskets", "one")) == ()


def test_a_landed_column_is_followed_to_what_is_made_from_it(lineage: ProjectLineage) -> None:
    assert lineage.makes(("landing/sales", "price")) == (("staging/stg_sales", "cents"),)
    assert lineage.makes(("staging/stg_sales", "cents")) == (("features/baskets", "euros"),)
    assert lineage.makes(("features/baskets", "euros")) == ()
    assert lineage.children("landing/sales") == ("staging/stg_sales",)


def test_a_table_whose_sql_cannot_be_read_is_named_and_hides_no_other(
    lineage: ProjectLineage,
) -> None:
    assert lineage.unread.keys() == {
        *("staging/broken", "staging/lacking", "staging/unwritten"),
    }
    assert "cannot be read" in lineage.unread["staging/broken"]
    assert "'never'" in lineage.unread["staging/lacking"]
    assert lineage.unread["staging/unwritten"] == "its SQL was not compiled"
    assert lineage.tables["staging/broken"] == {"what": ()}


def test_what_is_kept_is_what_was_read(lineage: ProjectLineage) -> None:
    assert ProjectLineage.from_stored(lineage.to_stored()) == lineage
