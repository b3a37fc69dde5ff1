"""Data tests that a dbt project asks for and nobody defines."""

from collections.abc import Iterator
from pathlib import Path

from mlops_platform.components.checking.mistake import Mistake, shown_file
from mlops_platform.data.features.project.manifest import DbtManifest
from mlops_platform.section import nearest_name


def undefined_tests(manifest: DbtManifest, project: Path) -> Iterator[Mistake]:
    """Tests that dbt itself only misses when it runs them."""
    for test in manifest.undefined_tests:
        file = project / test.file
        lines = file.read_text(encoding="utf-8").splitlines()
        asked = (at for at, line in enumerate(lines, 1) if line.strip(" -:").startswith(test.name))
        fix = nearest_name("data test", test.name, manifest.known_tests)
        yield Mistake(
            file=shown_file(file),
            line=next(asked, None),
            problem=f"No data test is called `{test.name}`. {fix}",
        )
