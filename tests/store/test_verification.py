import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from modescape.core.errors import StoreError
from modescape.core.trees import Tree
from modescape.store import Run
from modescape.store.checksums import checksum_text
from modescape.store.transactions import JOURNAL
from modescape.store.verification import looked

WEIGHTS = "weights/member-002/step-0010.safetensors"
STATE = "state/group-0.safetensors"
CHUNK = "predictions/test.zarr/probabilities/c/0/0/0"
HEADER = "predictions/test.zarr/zarr.json"
READS = {
    WEIGHTS: lambda run: run.read_weights(2, 10),
    STATE: lambda run: run.read_state("group-0"),
    CHUNK: lambda run: run.arrays("predictions/test"),
    HEADER: lambda run: run.arrays("predictions/test"),
}


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("harm", [_truncate, _empty, _flip, _lengthen])
def test_altered_files_are_named_and_never_used(full_run: Run, name: str, harm: Callable[[Path], None]) -> None:
    harm(full_run.path / name)
    pattern = rf"^`{name}` must match its checksum; got different content\. Restore it from a copy, or train again\.$"
    with pytest.raises(StoreError, match=pattern):
        READS[name](full_run)
    assert full_run.damage() == [f"{name}: checksum differs"]


PART_READS = {
    "parts/chain/weights/member-001/step-0004.safetensors": lambda run: run.read_weights(1, 4, "chain"),
    "parts/chain/state/group-0.safetensors": lambda run: run.read_state("group-0", "chain"),
}


@pytest.fixture
def run_with_part(full_run: Run, make_tree: Callable[..., Tree]) -> Run:
    full_run.write_weights(1, 4, make_tree(3.0), part="chain")
    full_run.write_state("group-0", make_tree(2.0), {}, part="chain")
    return full_run


@pytest.mark.parametrize("name", PART_READS)
def test_files_of_parts_are_checked_like_all_others(run_with_part: Run, name: str) -> None:
    _flip(run_with_part.path / name)
    with pytest.raises(StoreError, match=rf"^`{name}` must match its checksum; got different content\. Restore it"):
        PART_READS[name](run_with_part)
    assert run_with_part.damage() == [f"{name}: checksum differs"]
    (run_with_part.path / name).unlink()
    with pytest.raises(StoreError, match=rf"^`{name}` must be there, as it was written; got no such file\. Restore"):
        PART_READS[name](run_with_part)
    assert run_with_part.damage() == [f"{name}: is missing"]


def test_foreign_files_in_parts_are_named(run_with_part: Run) -> None:
    added = "parts/chain/weights/member-001/step-0005.safetensors"
    (run_with_part.path / added).write_bytes(b"?")
    with pytest.raises(StoreError, match=rf"^`{added}` must be listed in checksums.sha256; got a file without a check"):
        run_with_part.read_weights(1, 5, "chain")
    assert run_with_part.damage() == [f"{added}: is not listed"]


@pytest.mark.parametrize("name", READS)
def test_missing_files_are_named(full_run: Run, name: str) -> None:
    (full_run.path / name).unlink()
    with pytest.raises(StoreError, match=rf"^`{name}` must be there, as it was written; got no such file\. Restore it"):
        READS[name](full_run)
    assert full_run.damage() == [f"{name}: is missing"]


def test_a_missing_folder_of_arrays_is_named_by_its_first_file(full_run: Run) -> None:
    shutil.rmtree(full_run.path / "predictions" / "test.zarr")
    with pytest.raises(StoreError, match=r"^`predictions/test\.zarr/.*` must be there, as it was written"):
        full_run.arrays("predictions/test")


def test_files_that_the_store_did_not_write_are_named(full_run: Run) -> None:
    added = {
        "weights/member-002/step-0011.safetensors": lambda: full_run.read_weights(2, 11),
        "state/other.safetensors": lambda: full_run.read_state("other"),
        "predictions/test.zarr/probabilities/c/9": lambda: full_run.arrays("predictions/test"),
    }
    for name, read in added.items():
        (full_run.path / name).write_bytes(b"?")
        with pytest.raises(
            StoreError, match=rf"^`{name}` must be listed in checksums.sha256; got a file without a check"
        ):
            read()
    assert full_run.damage() == [f"{name}: is not listed" for name in sorted(added)]


def test_the_rest_of_a_damaged_run_stays_usable(full_run: Run, make_tree: Callable[..., Tree]) -> None:
    for name in (WEIGHTS, STATE, CHUNK, "manifest.json", "settings.yaml"):
        _lengthen(full_run.path / name)
    (full_run.path / "weights/member-000/step-0000.safetensors").unlink()
    assert full_run.damage() == [
        "manifest.json: checksum differs",
        f"{CHUNK}: checksum differs",
        "settings.yaml: checksum differs",
        f"{STATE}: checksum differs",
        "weights/member-000/step-0000.safetensors: is missing",
        f"{WEIGHTS}: checksum differs",
    ]
    assert (full_run.members, full_run.steps(0), full_run.steps(2)) == ([0, 2], [0, 10], [0, 10])
    assert full_run.read_weights(0, 10)["bias"].tolist() == [1.0, 1.0]
    assert full_run.arrays("results/solutions")["probabilities"].values.max() == 0.25
    full_run.write_weights(2, 10, make_tree(9.0))
    assert full_run.read_weights(2, 10)["bias"].tolist() == [9.0, 9.0]
    assert f"{WEIGHTS}: checksum differs" not in full_run.damage()


def test_a_lost_or_damaged_list_is_said_by_every_reading(full_run: Run) -> None:
    path = full_run.path / "checksums.sha256"
    path.write_text(checksum_text(full_run.path).replace("  ", " ", 1))
    pattern = r"`checksums.sha256` must list a checksum for each file of the run; got .*\. Restore it from a copy"
    for harm in (lambda: None, path.unlink):
        harm()
        for read in [*READS.values(), lambda run: run.steps(0), lambda run: run.array_names()]:
            with pytest.raises(StoreError, match=pattern):
                read(full_run)
        with pytest.raises(StoreError, match=pattern):
            full_run.set_status("training")
        assert len(full_run.damage()) == 1


def test_damage_reports_progress_for_every_file(full_run: Run) -> None:
    class Listener:
        total, done = 0, 0

        def start(self, task: str, total: int) -> None:
            assert task == "verify"
            self.total = total

        def advance(self, task: str, amount: int = 1, note: str = "") -> None:
            assert task == "verify"
            assert (full_run.path / note).is_file()
            self.done += amount

        def say(self, text: str) -> None:
            pytest.fail(text)

    listener = Listener()
    assert full_run.damage(listener) == []
    assert listener.total == listener.done == len(checksum_text(full_run.path).splitlines())


def test_sha256sum_agrees(full_run: Run) -> None:
    program = shutil.which("sha256sum")
    if program is None:
        pytest.skip("sha256sum is not installed")
    command = [program, "--check", "--strict", "--quiet", "checksums.sha256"]
    assert subprocess.run(command, cwd=full_run.path, check=False, capture_output=True).returncode == 0
    _flip(full_run.path / WEIGHTS)
    result = subprocess.run(command, cwd=full_run.path, check=False, capture_output=True, text=True)
    assert result.returncode == 1
    assert WEIGHTS in result.stdout


def _never() -> None:
    pytest.fail("nothing was under way")


def test_a_look_is_repeated_only_if_a_change_was_under_way(run: Run) -> None:
    looks: list[int] = []

    def look_while(change: Callable[[], object]) -> Callable[[dict[str, str]], int]:
        def look(listed: dict[str, str]) -> int:
            looks.append(len(listed))
            if len(looks) == 1:
                change()
                raise StoreError("in between")
            return len(listed)

        return look

    assert looked(run.path, look_while(lambda: run.write_file("a.txt", b"")), tidy=lambda: None) == 3
    assert looks == [2, 3]
    looks.clear()
    journal = run.path / JOURNAL
    assert looked(run.path, look_while(journal.touch), tidy=journal.unlink) == 3
    assert looks == [3, 3]
    looks.clear()
    with pytest.raises(StoreError, match=r"^in between$"):
        looked(run.path, look_while(lambda: None), tidy=_never)
    assert looks == [3]


def test_files_beside_the_runs_own_are_no_damage(full_run: Run) -> None:
    (full_run.path / "report.html").write_text("<p>")
    (full_run.path / "figures").mkdir()
    (full_run.path / "figures" / "one.png").write_bytes(b"?")
    assert full_run.damage() == []
