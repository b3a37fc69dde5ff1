"""A worker follows the pointers; what it cannot verify it refuses, and goes on serving."""

import gc
import json
import os
import re
import shutil
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlops_platform.artifacts.bentos import SIGNATURE_FILE, bento_digest
from mlops_platform.artifacts.digests import digest_directory
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.artifacts.signatures import sign
from mlops_platform.errors import MlopsError
from mlops_platform.files import write_json
from mlops_platform.formats.number import FORMAT
from mlops_platform.formats.row_hash import columns_hash, pointer_text
from mlops_platform.serving.contents import COMPILED_FORM, Contents, read_contents
from mlops_platform.serving.following import released_version
from mlops_platform.serving.following.follower import Follower
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.packing.packaging import BentoRequest, build_bento
from mlops_platform.serving.requirements import environment_hash
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.late_pipeline import LatePipeline
from mlops_platform.serving.watching.service_events import (
    ALIVE_SECONDS,
    EventFile,
    EventReader,
    ServiceEvent,
    live_workers,
    utc_now,
)
from tests.serving.keys import key_pair
from tests.serving.packed import form_of
from tests.serving.pointing import write_pointer


@dataclass
class Holder:
    """What following needs of a worker, and nothing else."""

    roles: Roles | None = None
    problem: str | None = "nothing is loaded yet"
    installed: int = 0

    def install(self, roles: Roles) -> None:
        self.roles, self.problem = roles, None
        self.installed += 1


@dataclass
class Scene:
    """A store with Bentos of versions 1 to 3, two pointers, and a worker packed with version 1."""

    home: Path
    requests: dict[int, BentoRequest]
    refusals: int = 0

    def __post_init__(self) -> None:
        self.worker = Holder()
        self.digests = {
            version: bento_digest(self.root(version).parent) for version in self.requests
        }
        self.packed = self.contents(1)
        self.runtime = RuntimeSettings(
            pointer=self.home / "release.json",
            challenger=self.home / "challenger.json",
            bentos=self.home / "bentos",
            log=self.home / "log",
            poll_seconds=0.02,
            trust_packed="true",
        )
        self.events = EventReader(self.home / "log")

    def root(self, version: int) -> Path:
        return self.home / "bentos" / "bentos" / "flight_delay" / f"v{version}" / "src"

    def contents(self, version: int) -> Contents:
        return read_contents(self.root(version))

    def follower(self, packed: Contents | None = None) -> Follower:
        def count() -> None:
            self.refusals += 1

        return Follower(self.worker, packed or self.packed, self.runtime, "me", count)

    def point(self, version: int, sequence: int, file: str = "release", **other: Any) -> None:
        packages = (self.root(1) / "requirements.txt").read_text()
        pointer = {
            "model": "flight_delay",
            "version": version,
            "sequence": sequence,
            "run_id": "r",
            # The registry holds more files than the Bento.
            "digests": {**self.requests[version].digests, "MLmodel": "0" * 64},
            "schema_hash": self.requests[version].features.schema_hash,
            "environment_hash": environment_hash(packages),
            "bento_tag": f"flight_delay:v{version}",
            "bento_digest": self.digests[version],
            "released_at": "2013-05-03T12:00:00Z",
        }
        constants = self.requests[version].release.constants
        write_pointer(self.home / f"{file}.json", {**pointer, **other}, constants)

    @property
    def champion(self) -> tuple[str, int]:
        release = self.worker.roles.champion.release
        return release.version, release.sequence

    @property
    def challenger(self) -> tuple[str, int, float] | None:
        roles = self.worker.roles
        if roles.challenger is None:
            return None
        release = roles.challenger.release
        return release.version, release.sequence, roles.canary_share

    @property
    def constants(self) -> tuple[int, dict[str, float]]:
        """Those in force, and the number of their adjustment."""
        champion = self.worker.roles.champion
        return champion.adjustment, dict(champion.constants)

    def happened(self) -> list[tuple[str, str, str, int]]:
        return [(e.event, e.role, e.version, e.sequence) for e in self.events.new_events()]


@pytest.fixture(scope="module")
def requests(
    bento_request: BentoRequest,
    schema: FeatureSchema,
    rows: pd.DataFrame,
    helpers: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[int, BentoRequest]:
    """Three versions that answer differently."""
    made = {1: bento_request}
    for version in (2, 3):
        model = helpers.fit(
            rows[version * 500 :],
            tuple(column.name for column in schema.columns if column.kind == "numeric"),
            tuple(column.name for column in schema.columns if column.kind == "categorical"),
        )
        directory = tmp_path_factory.mktemp("version") / "model"
        made[version] = bento_request.model_copy(
            update={
                "release": bento_request.release.model_copy(update={"version": str(version)}),
                "digests": save_model(model, directory),
                "model_directory": directory,
                "compiled_form": form_of(model, schema),
                "golden_rows": choose_golden_rows(
                    schema, bento_request.release.task, model, rows[-200:], 10
                ),
            }
        )
    return made


@pytest.fixture(scope="module")
def store(requests: dict[int, BentoRequest], tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("store")
    for request in requests.values():
        build_bento(request, home)
    return home


@pytest.fixture
def scene(store: Path, requests: dict[int, BentoRequest], tmp_path: Path) -> Scene:
    shutil.copytree(store / "bentos", tmp_path / "bentos" / "bentos")
    return Scene(tmp_path, requests)


def _wait(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_without_a_pointer_the_packed_version_serves_under_its_own_sequence(scene: Scene) -> None:
    scene.runtime = RuntimeSettings(poll_seconds=0.02, trust_packed="true")
    follower = scene.follower()
    follower.start()
    follower.stop()
    assert scene.champion == ("1", 4)
    assert scene.worker.problem is None
    assert not (scene.home / "log").exists()


def test_the_pointers_sequence_counts_for_the_packed_version_as_well(scene: Scene) -> None:
    scene.point(1, 9)
    scene.follower().look()
    assert scene.champion == ("1", 9)
    assert scene.happened() == [("started", "champion", "1", 9)]


def test_a_worker_starts_with_the_pointers_version(scene: Scene) -> None:
    scene.point(2, 5)
    scene.follower().look()
    assert scene.champion == ("2", 5)
    assert scene.worker.installed == 1


def test_a_running_worker_takes_over_what_is_released_and_rolled_back(scene: Scene) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.start()
    try:
        scene.point(2, 5)
        _wait(lambda: scene.champion == ("2", 5))
        scene.point(1, 6)
        _wait(lambda: scene.champion == ("1", 6))
    finally:
        follower.stop()
    row = scene.packed.golden_rows.rows[0]
    [answer] = scene.worker.roles.champion.scorer.numbers_of([row.features])
    assert answer == pytest.approx(row.numbers, abs=1e-12)
    assert scene.happened() == [
        ("started", "champion", "1", 4),
        ("swapped", "champion", "2", 5),
        ("swapped", "champion", "1", 6),
        ("stopped", "champion", "1", 6),
    ]


def test_an_unchanged_pointer_is_not_read_again(scene: Scene) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    os.utime(scene.home / "release.json")
    follower.look()
    follower.look()
    assert scene.worker.installed == 1
    assert scene.refusals == 0


def test_a_version_released_again_is_not_loaded_again(scene: Scene) -> None:
    scene.point(2, 5)
    follower = scene.follower()
    follower.look()
    scorer = scene.worker.roles.champion.scorer
    scene.point(2, 7)
    follower.look()
    assert scene.champion == ("2", 7)
    assert scene.worker.roles.champion.scorer is scorer


def _damage_model(scene: Scene) -> None:
    model = scene.root(2) / "model" / "model.skops"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)


def _damage_model_and_digest(scene: Scene) -> None:
    _damage_model(scene)
    write_json(scene.root(2) / "digests.json", digest_directory(scene.root(2) / "model"))


def _other_answers(scene: Scene) -> None:
    golden = json.loads((scene.root(2) / "golden_rows.json").read_bytes())
    golden["rows"][0]["numbers"][0] += 1e-6
    write_json(scene.root(2) / "golden_rows.json", golden)


def _other_constants(scene: Scene) -> None:
    packed = json.loads((scene.root(2) / "packed_release.json").read_bytes())
    packed["constants"]["threshold"] = 0.99
    write_json(scene.root(2) / "packed_release.json", packed)


def _other_code(scene: Scene) -> None:
    (scene.root(2) / "service.py").write_text("print('mine')\n")


def _other_compiled_form(scene: Scene) -> None:
    shutil.copy(scene.root(3) / COMPILED_FORM, scene.root(2) / COMPILED_FORM)


def _no_compiled_form(scene: Scene) -> None:
    (scene.root(2) / COMPILED_FORM).unlink()


def _half_a_bento(scene: Scene) -> None:
    (scene.root(2) / "schema.json").write_text("{")


def _no_bento(scene: Scene) -> None:
    shutil.rmtree(scene.root(2).parent)


def _swapped_bentos(scene: Scene) -> None:
    shutil.rmtree(scene.root(2))
    shutil.copytree(scene.root(3), scene.root(2))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_damage_model, "was packed with"),
        (_damage_model_and_digest, r"SHA-256 of model\.skops"),
        (_other_answers, "was packed with"),
        (_other_constants, "was packed with"),
        (_other_code, "was packed with"),
        (_other_compiled_form, "was packed with"),
        (_no_compiled_form, "was packed with"),
        (_half_a_bento, "cannot be read"),
        (_no_bento, "cannot be read"),
        (_swapped_bentos, "is not version 2"),
    ],
)
def test_a_version_that_cannot_be_verified_is_refused_loudly_once(
    scene: Scene,
    damage: Callable[[Scene], None],
    reason: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mlops_platform.serving.following.follower.RETRY_SECONDS", 0.0)
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    before = scene.worker.roles
    damage(scene)
    scene.point(2, 5)
    for _ in range(3):
        follower.look()
    assert scene.worker.roles is before
    assert scene.worker.problem is None  # it serves what was verified, and so it is ready
    assert scene.refusals == 3
    events = scene.events.new_events()
    assert [(e.event, e.version, e.sequence) for e in events] == [
        ("started", "1", 4),
        ("refused", "2", 5),
    ]
    assert re.search(reason, events[-1].detail)
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1


def test_a_refused_version_is_taken_over_once_it_is_mended(
    scene: Scene, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    _damage_model(scene)
    scene.point(2, 5)
    follower.look()
    shutil.copytree(store / "bentos", scene.home / "bentos" / "bentos", dirs_exist_ok=True)
    follower.look()
    assert scene.champion == ("1", 4)  # a minute has not passed
    assert scene.refusals == 1
    monkeypatch.setattr(follower, "_retry_at", time.monotonic())
    follower.look()
    assert scene.champion == ("2", 5)


def test_after_a_refusal_the_next_release_is_taken_over_at_once(scene: Scene) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    _no_bento(scene)
    scene.point(2, 5)
    follower.look()
    scene.point(3, 6)
    follower.look()
    assert scene.champion == ("3", 6)


def test_a_worker_whose_start_finds_a_broken_version_serves_the_packed_one(scene: Scene) -> None:
    _damage_model(scene)
    scene.point(2, 5)
    scene.follower().look()
    assert scene.champion == ("1", 4)
    assert scene.happened() == [("refused", "champion", "2", 5), ("started", "champion", "1", 4)]


def test_a_worker_that_can_load_nothing_waits_for_its_pointer_and_is_not_ready(
    scene: Scene,
) -> None:
    (scene.root(1) / "model" / "model.skops").write_bytes(b"other")
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    assert scene.worker.roles is None
    assert scene.worker.problem.startswith("no version is verified: ")
    assert "release 4 was packed with" in scene.worker.problem
    scene.point(2, 5)
    follower.look()
    assert (scene.champion, scene.worker.problem) == (("2", 5), None)


@pytest.mark.parametrize(
    ("damaged", "trust", "reason"),
    [
        (False, None, "nothing vouches for"),
        (False, "0" * 64, "something of it was changed since"),
        (True, "true", r"model\.skops"),
    ],
)
def test_without_a_pointer_a_worker_that_can_load_nothing_does_not_start(
    scene: Scene, damaged: bool, trust: str | None, reason: str
) -> None:
    if damaged:
        (scene.root(1) / "model" / "model.skops").write_bytes(b"other")
    scene.runtime = RuntimeSettings(poll_seconds=0.02, trust_packed=trust)
    with pytest.raises(MlopsError, match=reason):
        scene.follower().start()
    assert scene.worker.roles is None


def test_a_bento_of_which_only_the_model_is_vouched_for_is_served_by_its_pipeline(
    scene: Scene,
) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    assert isinstance(scene.worker.roles.champion.scorer.model, LatePipeline)
    # It was packed before the digest of the whole Bento was kept; a form was put there since.
    _other_compiled_form(scene)
    scene.point(2, 5, bento_digest=None)
    follower.look()
    assert scene.champion == ("2", 5)
    assert not isinstance(scene.worker.roles.champion.scorer.model, LatePipeline)


def _swap(scene: Scene, version: int) -> None:
    """Another model under a version's name, its golden rows and digests swapped with it."""
    ours = scene.root(version)
    for name in ("model", "golden_rows.json", "digests.json"):
        (shutil.rmtree if name == "model" else Path.unlink)(ours / name)
        (shutil.copytree if name == "model" else shutil.copy)(scene.root(3) / name, ours / name)


@pytest.mark.fault(
    "model, golden rows and digests of a Bento are swapped together",
    "it is refused, and is not what the worker falls back to",
)
@pytest.mark.parametrize("packed", [1, 2])
def test_model_golden_rows_and_digests_swapped_together_do_not_serve(
    scene: Scene, packed: int, observe: Callable[[str], None]
) -> None:
    """Such a Bento answers its own golden rows, and its digests are those of its files."""
    scene.runtime = replace(scene.runtime, trust_packed=scene.digests[packed])
    _swap(scene, 2)
    scene.point(2, 5)
    scene.follower(scene.contents(packed)).look()
    assert ("refused", "champion", "2", 5) in scene.happened()
    if packed == 2:
        # The very Bento that was refused is not what it falls back to.
        assert scene.worker.roles is None
        assert "SHA-256 of model.skops" in scene.worker.problem
        observe("packed itself: nothing serves, not ready, `no version is verified: ...`")
    else:
        assert scene.champion == ("1", 4)
        observe("packed another version: refused, that one serves under its own sequence")


def test_a_swapped_bento_serves_neither_where_a_worker_starts_without_a_pointer(
    scene: Scene,
) -> None:
    scene.runtime = replace(scene.runtime, trust_packed=scene.digests[1], pointer=None)
    _swap(scene, 1)
    scene.follower(scene.contents(1)).look()
    assert scene.worker.roles is None
    assert scene.digests[1] in scene.worker.problem


def _gone(pointer: Path) -> None:
    pointer.unlink()


def _broken(pointer: Path) -> None:
    pointer.write_text("{")


def _without_rows(pointer: Path) -> None:
    write_json(pointer, json.loads(pointer.read_bytes()) | {"rows": []})


@pytest.mark.fault(
    "the pointer is gone or broken when a worker starts whose own Bento was rolled back since",
    "what is packed does not serve: the worker is not ready, and says why, until it has a pointer",
)
@pytest.mark.parametrize("damage", [_gone, _broken, _without_rows])
def test_a_worker_that_starts_without_the_pointer_it_was_told_does_not_serve_what_is_packed(
    scene: Scene, damage: Callable[[Path], None], observe: Callable[[str], None]
) -> None:
    scene.runtime = replace(scene.runtime, trust_packed=scene.digests[2])
    pointer, packed = scene.home / "release.json", scene.contents(2)
    scene.point(1, 6)
    damage(pointer)
    follower = scene.follower(packed)
    follower.start()
    try:
        assert scene.worker.roles is None
        assert scene.worker.problem.startswith("no version is verified: ")
        assert str(pointer) in scene.worker.problem
        assert "`mlops reconcile` writes it anew from the ledger" in scene.worker.problem
        scene.point(1, 6)
        _wait(lambda: scene.worker.roles is not None)
    finally:
        follower.stop()
    assert (scene.champion, scene.worker.problem) == (("1", 6), None)
    observe("`no version is verified: there is no pointer at ...`; version 1 once it is there")


def test_a_worker_whose_own_bento_was_rolled_back_does_not_serve_it_for_a_broken_one(
    scene: Scene,
) -> None:
    scene.runtime = replace(scene.runtime, trust_packed=scene.digests[3])
    _damage_model(scene)
    scene.point(2, 6)
    scene.follower(scene.contents(3)).look()
    assert scene.worker.roles is None
    assert "release 6 was packed with" in scene.worker.problem


@pytest.mark.fault(
    "a value in a row of the pointer is changed: threshold, digests, adjustment",
    "the pointer is refused; what serves goes on serving",
)
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("releases", "constants", '{"threshold": 0.99}'),
        ("releases", "digests", "{}"),
        ("packagings", "bento_digest", "0" * 64),
        ("adjustments", "constants", '{"threshold": 0.99}'),
    ],
)
def test_a_pointer_with_a_changed_row_is_refused(
    scene: Scene, table: str, column: str, value: str, observe: Callable[[str], None]
) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    scene.point(2, 5, **adjusted(1, threshold=0.4))
    content = json.loads((scene.home / "release.json").read_bytes())
    [row] = [row for row in content["rows"] if row["table"] == table]
    row["columns"][column] = value
    write_json(scene.home / "release.json", content)
    follower.look()
    assert scene.champion == ("1", 4)
    assert "does not hold whole rows of the ledger" in scene.events.new_events()[-1].detail
    observe("`... does not hold whole rows of the ledger`; version 1 serves on, one event")


def test_rows_of_a_newer_platform_are_verified_as_well(scene: Scene) -> None:
    scene.point(2, 5)
    content = json.loads((scene.home / "release.json").read_bytes())
    for row in content["rows"]:
        columns = {**row["columns"], "format": FORMAT + 1, "added_later": 1}
        row["columns"] = {**columns, "hash": columns_hash(row["table"], columns)}
    write_json(scene.home / "release.json", content)
    scene.follower().look()
    assert scene.champion == ("2", 5)


def test_what_stands_beside_the_rows_of_a_pointer_decides_nothing(scene: Scene) -> None:
    scene.point(2, 5)
    content = json.loads((scene.home / "release.json").read_bytes())
    beside = {"version": 3, "sequence": 9, "bento_tag": "flight_delay:v3"}
    adjustment = adjusted(1, threshold=0.99)
    write_json(scene.home / "release.json", content | beside | adjustment)
    scene.follower().look()
    assert (scene.champion, scene.constants) == (("2", 5), (0, {"threshold": 0.3}))


def test_a_pointer_of_before_it_held_rows_is_refused(scene: Scene) -> None:
    scene.point(2, 5)
    content = json.loads((scene.home / "release.json").read_bytes())
    del content["rows"]
    write_json(scene.home / "release.json", content)
    scene.follower().look()
    assert "mlops reconcile" in scene.events.new_events()[0].detail


@pytest.mark.parametrize(
    ("damage", "reason"),
    [(_other_constants, "{'threshold': 0.99}"), (_other_answers, "golden rows")],
)
def test_a_bento_that_was_packed_otherwise_than_released_is_refused(
    scene: Scene, damage: Callable[[Scene], None], reason: str
) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    damage(scene)
    scene.point(2, 5, bento_digest=bento_digest(scene.root(2).parent))
    follower.look()
    assert scene.champion == ("1", 4)
    assert reason in scene.events.new_events()[-1].detail


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A private key and its public half."""
    return key_pair(tmp_path)


def _sign(scene: Scene, version: int, key: Path) -> None:
    signature = sign(scene.digests[version], key)
    (scene.root(version).parent / SIGNATURE_FILE).write_text(signature)


def _sign_pointer(scene: Scene, key: Path) -> None:
    content = json.loads((scene.home / "release.json").read_bytes())
    hashes = [row["columns"]["hash"] for row in content["rows"]]
    signature = sign(pointer_text(hashes), key)
    write_json(scene.home / "release.json", content | {"signature": signature})


def test_with_a_key_only_what_is_signed_serves(scene: Scene, keys: tuple[Path, Path]) -> None:
    private, public = keys
    scene.runtime = replace(scene.runtime, public_key=public, trust_packed=None)
    alone = replace(scene.runtime, pointer=None)
    with_pointer, scene.runtime = scene.runtime, alone
    scene.follower().look()
    assert "is not signed" in scene.worker.problem
    _sign(scene, 1, private)
    scene.follower().look()
    assert scene.champion == ("1", 4)
    scene.runtime = with_pointer
    follower = scene.follower()
    _sign(scene, 2, private)
    scene.point(2, 5)
    follower.look()
    assert scene.champion == ("1", 4)  # the pointer itself is not signed
    _sign_pointer(scene, private)
    follower.look()
    assert scene.champion == ("2", 5)


@pytest.mark.fault(
    "pointer and Bento are rewritten together, with right hashes, where the deployment has a key",
    "neither is followed: the signature is missing or of another key",
)
def test_whoever_rewrites_pointer_and_bento_lacks_the_key(
    scene: Scene, keys: tuple[Path, Path], tmp_path: Path, observe: Callable[[str], None]
) -> None:
    private, public = keys
    scene.runtime = replace(scene.runtime, public_key=public, trust_packed=None)
    for version in (1, 2):
        _sign(scene, version, private)
    scene.point(1, 4)
    _sign_pointer(scene, private)
    follower = scene.follower()
    follower.look()
    assert scene.champion == ("1", 4)
    _swap(scene, 2)
    other, _ = key_pair(tmp_path, "other")
    scene.digests[2] = bento_digest(scene.root(2).parent)
    forged = scene.contents(2).digests
    scene.point(2, 5, digests=forged)
    _sign(scene, 2, other)
    _sign_pointer(scene, other)
    follower.look()
    assert scene.champion == ("1", 4)
    assert "does not confirm" in scene.events.new_events()[-1].detail
    observe("refused: the key `does not confirm` the signature; what served serves on")


@pytest.mark.parametrize(
    ("other", "named"),
    [({"schema_hash": "5c"}, "feature schema"), ({"environment_hash": "e4"}, "packages")],
)
def test_another_schema_or_environment_asks_for_a_new_bento(
    scene: Scene, other: dict[str, str], named: str
) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    scene.point(2, 5, **other)
    follower.look()
    assert scene.champion == ("1", 4)
    assert scene.worker.problem.startswith("a new Bento is needed: version 2 has another " + named)
    assert "flight_delay:v2" in scene.worker.problem
    scene.point(1, 6)
    follower.look()
    assert scene.champion == ("1", 6)
    assert scene.worker.problem is None


def test_the_readiness_problem_outlives_a_swap_of_the_challenger(scene: Scene) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    scene.point(2, 5, environment_hash="e4")
    scene.point(3, 6, "challenger", mode="shadow")
    follower.look()
    assert scene.challenger == ("3", 6, 0.0)
    assert scene.worker.problem is not None


def test_a_process_packed_with_other_files_than_were_released_is_not_ready(scene: Scene) -> None:
    scene.point(1, 5, digests={"model.skops": "0" * 64})
    scene.follower().look()
    assert scene.worker.roles is None
    assert "SHA-256 of model.skops" in scene.worker.problem


def test_a_version_that_redacts_more_needs_a_process_that_does(scene: Scene) -> None:
    packed = json.loads((scene.root(2) / "packed_release.json").read_bytes())
    packed["serving"]["log"]["redact"] = ["carrier"]
    write_json(scene.root(2) / "packed_release.json", packed)
    scene.point(2, 5, bento_digest=bento_digest(scene.root(2).parent))
    scene.follower().look()
    assert scene.champion == ("1", 4)
    assert "carrier" in scene.worker.problem


def test_a_release_without_a_bento_is_waited_for(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    scene.point(2, 5, bento_tag=None)
    follower.look()
    assert scene.champion == ("1", 4)
    assert scene.refusals == 0
    assert "has no Bento yet" in caplog.text
    assert scene.happened() == [("started", "champion", "1", 4)]
    scene.point(2, 5)
    follower.look()
    assert scene.champion == ("2", 5)


@pytest.mark.parametrize("tag", ["../../etc:v2", "flight_delay:../v2", "other:v2", "flight_delay"])
def test_a_tag_cannot_lead_out_of_the_store(scene: Scene, tag: str) -> None:
    scene.point(2, 5, bento_tag=tag)
    scene.follower().look()
    assert scene.champion == ("1", 4)
    assert scene.refusals == 1


@pytest.mark.parametrize("text", ["", "{", '{"model": "flight_delay"}', "\x00"])
def test_an_unreadable_pointer_changes_nothing(scene: Scene, text: str) -> None:
    scene.point(2, 5)
    follower = scene.follower()
    follower.look()
    (scene.home / "release.json").write_text(text)
    follower.look()
    assert scene.champion == ("2", 5)
    assert scene.refusals == 1
    assert "mlops reconcile" in scene.events.new_events()[-1].detail


def test_the_pointer_of_another_model_is_refused(scene: Scene) -> None:
    scene.point(1, 9, model="taxi_tip")
    scene.follower().look()
    assert scene.worker.roles is None
    assert "'taxi_tip'" in scene.worker.problem
    assert "'taxi_tip'" in scene.events.new_events()[0].detail


def test_a_pointer_that_goes_away_leaves_what_serves(scene: Scene) -> None:
    scene.point(2, 5)
    follower = scene.follower()
    follower.look()
    (scene.home / "release.json").unlink()
    follower.look()
    assert scene.champion == ("2", 5)


def adjusted(number: Any, **constants: Any) -> dict[str, Any]:
    return {"adjustment": {"number": number, "constants": constants}}


def test_an_adjustment_is_taken_over_without_loading_anything(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.point(2, 5)
    follower = scene.follower()
    follower.look()
    first = scene.worker.roles.champion
    assert scene.constants == (0, {"threshold": 0.3})
    monkeypatch.setattr(released_version, "load_served_version", None)
    for number, threshold in ((1, 0.4), (2, 0.45)):
        scene.point(2, 5, **adjusted(number, threshold=threshold))
        follower.look()
        assert scene.champion == ("2", 5)
        assert scene.constants == (number, {"threshold": threshold})
        assert scene.worker.roles.champion.scorer is first.scorer
        assert scene.worker.roles.champion.contents.release == first.release
    events = scene.events.new_events()
    assert [(e.event, e.sequence, e.detail.partition(",")[0]) for e in events[1:]] == [
        ("swapped", 5, "adjustment 1 of release 5"),
        ("swapped", 5, "adjustment 2 of release 5"),
    ]
    assert events[0].detail.startswith("in ")
    assert scene.refusals == 0


def test_a_release_after_an_adjusted_one_has_the_constants_of_its_version(scene: Scene) -> None:
    scene.point(2, 5, **adjusted(7, threshold=0.4))
    follower = scene.follower()
    follower.look()
    scene.point(2, 6)
    follower.look()
    assert (scene.champion, scene.constants) == (("2", 6), (0, {"threshold": 0.3}))
    scene.point(2, 6, **adjusted(1, threshold=0.5))
    follower.look()
    assert (scene.champion, scene.constants) == (("2", 6), (1, {"threshold": 0.5}))


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_is_loaded_under_the_adjustment_of_its_pointer(
    scene: Scene, version: int
) -> None:
    scene.point(version, 9, **adjusted(12, threshold=0.4), released_by="a newer platform")
    scene.follower().look()
    assert (scene.champion, scene.constants) == ((str(version), 9), (12, {"threshold": 0.4}))
    [event] = scene.events.new_events()
    assert event.detail.startswith("adjustment 12 of release 9, in ")


def test_a_pointer_that_is_written_anew_with_the_same_adjustment_changes_nothing(
    scene: Scene,
) -> None:
    scene.point(1, 4, **adjusted(1, threshold=0.4))
    follower = scene.follower()
    follower.look()
    scene.point(1, 4, **adjusted(1, threshold=0.4))
    follower.look()
    assert scene.worker.installed == 1
    scene.point(1, 4, **adjusted(1, threshold=0.5))  # the ledger was restored from a backup
    follower.look()
    assert scene.constants == (1, {"threshold": 0.5})


@pytest.mark.parametrize(
    ("adjustment", "reason"),
    [
        (adjusted(2, threshold=float("nan")), "adjustment.constants.threshold"),
        (adjusted(2, threshold=float("inf")), "adjustment.constants.threshold"),
        (adjusted(2, threshold="0.5"), "adjustment.constants.threshold"),
        (adjusted(2, threshold=None), "adjustment.constants.threshold"),
        (adjusted(0, threshold=0.5), "adjustment.number"),
        (adjusted(1.5, threshold=0.5), "adjustment.number"),
        (adjusted(True, threshold=0.5), "adjustment.number"),
        (adjusted("2", threshold=0.5), "adjustment.number"),
        ({"adjustment": 2}, "adjustment"),
        (
            adjusted(2, threshold=0.5, reach=1.0, factor=2.0),
            "adjustment 2 of release 5 changes factor, reach, and version 2 has threshold",
        ),
    ],
)
def test_an_adjustment_that_cannot_be_is_refused_and_what_served_goes_on(
    scene: Scene, adjustment: dict[str, Any], reason: str
) -> None:
    scene.point(2, 5, **adjusted(1, threshold=0.4))
    follower = scene.follower()
    follower.look()
    before = scene.worker.roles
    scene.point(2, 5, **adjustment)
    follower.look()
    assert scene.worker.roles is before
    assert scene.worker.problem is None
    assert scene.refusals == 1
    refused = scene.events.new_events()[-1]
    assert refused.event == "refused"
    assert reason in refused.detail
    assert "mlops reconcile" in refused.detail
    scene.point(2, 5, **adjusted(2, threshold=0.5))
    follower.look()
    assert scene.constants == (2, {"threshold": 0.5})


def test_an_adjustment_of_strange_constants_loads_no_version(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    monkeypatch.setattr(released_version, "load_served_version", None)
    scene.point(2, 5, **adjusted(1, factor=2.0))
    follower.look()
    assert scene.champion == ("1", 4)
    assert "changes factor" in scene.events.new_events()[-1].detail


def test_a_promoted_challenger_is_adjusted_without_being_loaded_again(scene: Scene) -> None:
    scene.point(1, 4, **adjusted(3, threshold=0.4))
    scene.point(2, 5, "challenger", mode="shadow")
    follower = scene.follower()
    follower.look()
    challenger = scene.worker.roles.challenger
    assert (challenger.adjustment, challenger.constants) == (0, {"threshold": 0.3})
    scene.point(2, 5, **adjusted(1, threshold=0.6))
    follower.look()
    assert scene.worker.roles.champion.scorer is challenger.scorer
    assert scene.constants == (1, {"threshold": 0.6})


def test_a_challenger_comes_changes_its_share_and_goes(scene: Scene) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    champion = scene.worker.roles.champion
    scene.point(2, 5, "challenger", mode="shadow", share=0.0, challenge=17)
    follower.look()
    assert scene.challenger == ("2", 5, 0.0)
    challenger = scene.worker.roles.challenger
    scene.point(2, 5, "challenger", mode="canary", share=0.25, challenge=18)
    follower.look()
    assert scene.challenger == ("2", 5, 0.25)
    assert scene.worker.roles.challenger is challenger
    (scene.home / "challenger.json").unlink()
    follower.look()
    assert scene.challenger is None
    assert scene.worker.roles.champion is champion
    assert scene.happened() == [
        ("started", "champion", "1", 4),
        ("started", "challenger", "2", 5),
        ("swapped", "challenger", "2", 5),
        ("stopped", "challenger", "2", 5),
    ]


def test_a_promoted_challenger_is_not_loaded_again(scene: Scene) -> None:
    scene.point(1, 4)
    scene.point(2, 5, "challenger", mode="shadow")
    follower = scene.follower()
    follower.look()
    challenger = scene.worker.roles.challenger
    scene.point(2, 5)
    follower.look()  # its own pointer is still there
    assert scene.worker.roles.champion is challenger
    assert scene.challenger is None


def test_a_broken_challenger_leaves_the_champion_alone(scene: Scene) -> None:
    _damage_model(scene)
    scene.point(1, 4)
    scene.point(2, 5, "challenger", mode="canary", share=0.5)
    scene.follower().look()
    assert scene.champion == ("1", 4)
    assert scene.challenger is None
    assert scene.worker.problem is None
    assert ("refused", "challenger", "2", 5) in scene.happened()


def test_repeated_swaps_do_not_keep_the_versions_that_were_replaced(scene: Scene) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    gone = []
    for sequence in range(5, 9):
        gone.append(weakref.ref(scene.worker.roles.champion.scorer))
        scene.point(2 + sequence % 2, sequence)
        follower.look()
    gc.collect()
    assert [one() for one in gone] == [None] * 4


def test_an_event_is_read_once_and_other_lines_are_passed_over(tmp_path: Path) -> None:
    events, reader = EventFile(tmp_path, "host-1"), EventReader(tmp_path)
    first = ServiceEvent(
        time=utc_now(),
        event="started",
        worker="host-1",
        model="flight_delay",
        version="1",
        sequence=4,
        role="champion",
        detail="",
    )
    events.append(first)
    with (tmp_path / "events-host-1.jsonl").open("a") as file:
        file.write('{"event": "objectives", "requests": 3}\nnonsense\n{"half": ')
    assert reader.new_events() == [first]
    assert reader.new_events() == []
    second = first.model_copy(update={"time": first.time + timedelta(seconds=1)})
    events.append(second)  # after half a line
    assert reader.new_events() == [second]
    assert EventReader(tmp_path).new_events() == [first, second]


def test_a_worker_lives_as_long_as_it_touches_its_file(scene: Scene) -> None:
    scene.point(1, 4)
    follower = scene.follower()
    follower.look()
    log = scene.home / "log"
    assert live_workers(log) == {"me"}
    before = time.time() - 2 * ALIVE_SECONDS
    os.utime(log / "events-me.jsonl", (before, before))
    assert live_workers(log) == set()
    follower.look()
    assert live_workers(log) == {"me"}


def test_an_unwritable_event_folder_stops_nothing(scene: Scene) -> None:
    (scene.home / "log").write_text("a file")
    scene.point(2, 5)
    scene.follower().look()
    assert scene.champion == ("2", 5)
