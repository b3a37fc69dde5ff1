"""What a template in YAML may name: the environment and the project's folder, and nothing else.

Dagster renders with Jinja as it comes, in which `{{ cycler.__init__.__globals__.os.system(...) }}`
runs a command where the definitions are loaded. A template is parsed here, and never run.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jinja2.nodes import Node

NAMES: Final = (
    "{{ env.NAME }}, {{ env('NAME', 'default') }} and, for components of landing and features, "
    "{{ context.project_root }}"
)
_FILTERS: Final = frozenset({"bool", "float", "int", "lower", "string", "trim", "upper"})


def beyond_documented(template: str) -> str | None:
    """What a text does beside reading what templates may; None where nothing.

    Text that is no template, or none that Jinja can read, does nothing.
    """
    from jinja2 import Environment, TemplateSyntaxError

    if not any(mark in template for mark in ("{{", "{%")):
        return None
    try:
        tree = Environment(autoescape=False).parse(template)  # noqa: S701 - nothing is rendered
    except TemplateSyntaxError:
        return None
    return next(_refused(tree), None)


def _refused(node: "Node") -> Iterator[str]:
    """Every part of a template that is not allowed, as it may be named to a person."""
    from jinja2 import nodes

    plain: Any = (
        *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const),
        *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Neg),
        *(nodes.Not, nodes.And, nodes.Or, nodes.Compare, nodes.Operand, nodes.CondExpr),
    )
    if isinstance(node, plain) or (isinstance(node, nodes.Filter) and node.name in _FILTERS):
        for child in node.iter_child_nodes():
            yield from _refused(child)
    elif isinstance(node, nodes.Call) and _is_named(node.node, "env"):
        for child in (*node.args, *node.kwargs):
            yield from _refused(child)
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            yield "a call with `*`"
    elif not _reads(node):
        yield _text(node)


def _reads(node: "Node") -> bool:
    """`env.NAME`, `env['NAME']` or `context.project_root`."""
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        is_variable = _is_named(node.node, "env") and not node.attr.startswith("_")
        return is_variable or (_is_named(node.node, "context") and node.attr == "project_root")
    if isinstance(node, nodes.Getitem) and _is_named(node.node, "env"):
        name = node.arg.value if isinstance(node.arg, nodes.Const) else None
        return isinstance(name, str) and not name.startswith("_")
    return False


def _is_named(node: "Node", name: str) -> bool:
    from jinja2 import nodes

    return isinstance(node, nodes.Name) and node.name == name


def _text(node: "Node") -> str:
    from jinja2 import nodes

    for kind, attribute in ((nodes.Name, "name"), (nodes.Getattr, "attr"), (nodes.Filter, "name")):
        if isinstance(node, kind):
            return f"`{getattr(node, attribute)}`"
    return f"a {type(node).__name__.lower()}"
