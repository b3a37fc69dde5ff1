"""Every mistake of a project: of each document, between them, and against the dbt project."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from mlops_platform.components.checking.attributes import Declared, read_document
from mlops_platform.components.checking.dbt_tests import undefined_tests
from mlops_platform.components.checking.landed import (
    LandedAsset,
    landed_by,
    landed_twice,
    sources_without_columns,
    unlanded_sources,
    unread_tables,
)
from mlops_platform.components.checking.loading import unloadable
from mlops_platform.components.checking.mistake import Mistake, in_order, shown_file
from mlops_platform.components.checking.models import (
    DeclaredModel,
    contradictions,
    declared_twice,
    misread_tables,
    unknown_severities,
)
from mlops_platform.components.checking.yaml_files import documents_below, ignored_files
from mlops_platform.components.features.component import DbtFeaturesComponent
from mlops_platform.components.models import silence_dagster
from mlops_platform.data.features.project.manifest import DbtManifest, read_manifest
from mlops_platform.data.features.project.parse_problem import ProjectError
from mlops_platform.errors import SpecError
from mlops_platform.spec import ModelSpec


@dataclass(frozen=True)
class Project:
    """What is checked.

    Args:
        defs: folder of the YAML files.
        dbt: folder of the dbt project.
        parse: brings its manifest up to date and returns it; refuses what does not parse.
        load: everything, as a run loads it.
        misfits: what is wrong with the candidates of a model.
    """

    defs: Path
    dbt: Path
    parse: Callable[[], Path]
    load: Callable[[], dg.Definitions]
    misfits: Callable[[ModelSpec], Iterable[SpecError]]


@dataclass(frozen=True)
class Checked:
    """What a check has found, and the models without a mistake."""

    mistakes: Sequence[Mistake]
    models: Sequence[ModelSpec]


@dataclass
class _Declarations:
    """What was read of the documents."""

    models: list[DeclaredModel] = field(default_factory=list)
    landed: list[LandedAsset] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


def check_project(project: Project) -> Checked:
    """Look for everything; candidates are fitted of the models that have no other mistake."""
    silence_dagster()
    declared, manifest = _read(project.defs), _manifest(project)
    mistakes = [
        *declared.mistakes,
        *landed_twice(declared.landed),
        *declared_twice(declared.models),
        *(mistake for model in declared.models for mistake in contradictions(model)),
    ]
    if isinstance(manifest, Mistake):
        mistakes.append(manifest)
    else:
        mistakes += _against(manifest, project.dbt, declared)
    for model in _without(mistakes, declared.models):
        if isinstance(manifest, DbtManifest):
            mistakes += unknown_severities(model, manifest.tests)
        mistakes += model.mistakes(project.misfits(model.spec))
    mistakes += [] if mistakes else unloadable(project.load, project.defs)
    sound = [model.spec for model in _without(mistakes, declared.models)]
    return Checked(in_order(mistakes), sound)


def _read(defs: Path) -> _Declarations:
    documents, mistakes = documents_below(defs)
    declared = _Declarations(mistakes=[*mistakes, *ignored_files(defs)])
    for document in documents:
        read = read_document(document)
        if isinstance(read, Declared):
            _add(declared, read)
        else:
            declared.mistakes += read
    return declared


def _add(declared: _Declarations, read: Declared) -> None:
    if isinstance(read.attributes, ModelSpec):
        declared.models.append(DeclaredModel(read.document, read.attributes))
    elif not issubclass(read.component, DbtFeaturesComponent):
        for part in landed_by(read):
            if isinstance(part, Mistake):
                declared.mistakes.append(part)
            else:
                declared.landed.append(part)


def _manifest(project: Project) -> DbtManifest | Mistake:
    try:
        return read_manifest(project.parse())
    except ProjectError as error:
        problem = error.problem
        file = project.dbt if problem.file is None else project.dbt / problem.file
        return Mistake(file=shown_file(file), line=problem.line, problem=problem.reason)


def _against(manifest: DbtManifest, dbt: Path, declared: _Declarations) -> Iterator[Mistake]:
    yield from sources_without_columns(manifest, dbt)
    yield from undefined_tests(manifest, dbt)
    yield from unread_tables(declared.landed, manifest, dbt)
    if not declared.mistakes:  # what could not be read may land it
        yield from unlanded_sources(declared.landed, manifest, dbt)
    for model in declared.models:
        yield from misread_tables(model, manifest, declared.landed)


def _without(mistakes: Iterable[Mistake], models: Iterable[DeclaredModel]) -> list[DeclaredModel]:
    """The models in whose documents there is no mistake."""
    faulty = {(mistake.file, mistake.line) for mistake in mistakes}
    return [
        model
        for model in models
        if not any(
            file == model.document.shown_file and model.document.holds(line)
            for file, line in faulty
        )
    ]
