"""Templates read the environment and the project's folder; whatever else they do is refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from mlops_platform.spec.template_names import beyond_documented
from mlops_platform.spec.yaml_templates import render_templates


@pytest.mark.parametrize(
    "template",
    [
        "no template",
        "{{ env.NAME }}",
        "{{ env['NAME'] }} and {{ env('NAME') }}",
        "{{ env('NAME', none) }}",
        "{{ env('NAME', '7') | int + 1 }}",
        "{{ 'a' if env.NAME == 'b' else env('OTHER', 'c') }}",
        "{{ context.project_root }}/dbt_project",
    ],
)
def test_what_is_documented_may_be_read(template: str) -> None:
    assert beyond_documented(template) is None


ESCAPES = {
    "a global": "{{ cycler.__init__.__globals__.os.popen('touch PWNED').read() }}",
    "a global by an item": "{{ cycler['__init__'] }}",
    "what is below the environment": "{{ env.__class__.__init__.__globals__ }}",
    "the same by an item": "{{ env['__init__'] }}",
    "an item that is computed": "{{ env['__in' ~ 'it__'] }}",
    "what is below a variable": "{{ env.NAME.__class__ }}",
    "what is below a default": "{{ env('NAME', cycler) }}",
    "a filter that reads attributes": "{{ env.NAME | attr('__class__') }}",
    "a filter that formats": "{{ env('NAME', '{0.__class__}') | format(env) }}",
    "a method of the text": "{{ env('NAME', 'a').upper() }}",
    "the definitions of others": "{{ context.build_defs('x') }}",
    "Dagster": "{{ dg.AutomationCondition.eager() }}",
    "modules": "{{ datetime.datetime.now() }}",
    "a statement": "{% for x in [1] %}{{ cycler }}{% endfor %}",
    "an assignment": "{% set x = lipsum %}{{ env.NAME }}",
    "arguments from elsewhere": "{{ env(*[cycler]) }}",
    "the object itself": "{{ env }}",
}


@pytest.mark.parametrize("template", ESCAPES.values(), ids=ESCAPES)
def test_everything_else_is_refused_without_running_it(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAME", "a")
    assert beyond_documented(template) is not None
    with pytest.raises(ValidationError, match="templates"):
        render_templates({"description": "{{ env.NAME }}" + template})
    assert list(tmp_path.iterdir()) == []
