"""A run on disk: one folder with everything about one ensemble, safe against kills, full disks and damage."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import xarray as xr
from torch import Tensor

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ArgumentError
from modescape.core.progress import Progress, Silent
from modescape.core.trees import Tree
from modescape.store.arrays import check_dataset, read_dataset, write_dataset
from modescape.store.checksums import CHECKSUMS, checksum_text, parsed_checksums
from modescape.store.files import TEMPORARY, discard, discard_leftovers, named_failures, store_error
from modescape.store.locks import LOCK, locked, locked_if_free, one_writer
from modescape.store.manifests import (
    FIXED,
    MANIFEST,
    SETTINGS,
    STATUSES,
    manifest_bytes,
    merged,
    new_manifest,
    now,
    plain,
    read_manifest,
    settings_text,
)
from modescape.store.names import (
    PARTS,
    PLAIN_NAME,
    arrays_in,
    arrays_name,
    part_name,
    scratch_name,
    state_name,
    states_name,
    weights_in,
    weights_name,
)
from modescape.store.tensors import parsed_tensors, tensor_bytes
from modescape.store.transactions import JOURNAL, Transaction, settle
from modescape.store.verification import check_folder, damage_of, looked, verified_bytes

T = TypeVar("T")


class Run:
    """A run on disk.

    Nothing is kept in memory: every reading is of the files as they are, and is checked against their checksums.
    Every change is on disk, whole, when its method returns; a process killed at any moment leaves the run as it was
    before or after the change it was making. A change needs the lock, which each method takes for itself unless the
    caller holds it (`with run.lock():`).

    >>> import tempfile, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = Run.create(Path(folder, "trial"), name="trial", settings={"train": {"epochs": 1}})
    ...     run.write_weights(0, 1, {"w": torch.ones(2)})
    ...     Run.open(run.path).read_weights(0, 1)["w"].tolist()
    [1.0, 1.0]
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    @classmethod
    def create(cls, path: str | Path, *, name: str, settings: Mapping[str, Any]) -> Self:
        """Make a new run in a folder that does not exist yet or is empty.

        Args:
            path: The folder; those above it are made too.
            name: What to call the run.
            settings: The full configuration; text, numbers, lists, mappings, and what `manifests.plain` converts.

        Raises:
            StoreError: If the folder holds a run or anything else, or can't be written.
            ArgumentError: If the settings can't be written as JSON.
        """
        run = cls(Path(path).expanduser())
        manifest = manifest_bytes(new_manifest(name, settings))
        readable = settings_text(settings).encode()
        _check_vacant(run.path)
        with named_failures(run.path):
            run.path.mkdir(parents=True, exist_ok=True)
        with locked(run.path), one_writer(run.path):
            settle(run.path)
            _check_vacant(run.path)
            discard_leftovers(run.path)
            with Transaction(run.path, listed={}) as change:
                change.put(SETTINGS, readable)
                change.put(MANIFEST, manifest)
        return run

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a run, and complete or clear away what a killed process left.

        Raises:
            StoreError: If there is no such folder, it is not a run, or its manifest is damaged or from a newer
                modescape.
        """
        run = cls(Path(path).expanduser())
        if not run.path.is_dir():
            raise store_error(run.path, "be the folder of a run", "no such folder", "Check the path")
        if not is_run(run.path):
            advice = f"Check the path; a run has a {MANIFEST}"
            raise store_error(run.path, "be the folder of a run", "a folder that is not a run", advice)
        run._tidy()
        read_manifest(run.path)
        return run

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from changing the run inside the block.

        Raises:
            StoreError: If another process has the lock; its number and host are named.
        """
        with locked(self.path):
            self._tidy()
            yield

    @property
    def manifest(self) -> dict[str, Any]:
        """What is known about the run, as a copy; `record` and `set_status` change it."""
        return read_manifest(self.path)

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.manifest["name"]

    @property
    def settings(self) -> dict[str, Any]:
        """The full configuration that the run was created with."""
        return self.manifest["settings"]

    @property
    def status(self) -> str:
        """How far the run is, one of `manifests.STATUSES`."""
        return self.manifest["status"]

    def set_status(self, status: str) -> None:
        """Note how far the run is, and when it got there.

        Raises:
            ArgumentError: If it is none of `manifests.STATUSES`.
        """
        check_choice(status, STATUSES, "status")
        self._change_manifest({"status": status, "times": {status: now()}})

    def record(self, section: str, values: Mapping[str, Any]) -> None:
        """Merge values into a section of the manifest, such as `engine`, `members`, `steps` or `data`.

        Mappings are merged at every depth, anything else replaces the old value. NaN and infinities become words.

        Raises:
            ArgumentError: If the section is one that never changes, or a value can't be written as JSON.
        """
        if section in FIXED or not section.isidentifier():
            raise ArgumentError(
                "section", f"be a plain word other than {', '.join(FIXED)}", section, "Use another section"
            )
        self._change_manifest({section: plain(values, section)})

    def write_weights(self, member: int, step: int, tree: Mapping[str, Tensor], part: str | None = None) -> None:
        """Write the weights of one member at one step; older ones of that step are replaced."""
        self.write_all_weights({(member, step): tree}, part)

    def write_all_weights(self, trees: Mapping[tuple[int, int], Mapping[str, Tensor]], part: str | None = None) -> None:
        """Write the weights of several (member, step) in one change: after a kill all of them are there, or none.

        Args:
            trees: Weights by (member, step).
            part: The experiment inside the run that they belong to; it has members of its own. None is the run itself.

        Raises:
            ArgumentError: If a number is below 0, or the name of the part is not plain.
        """
        for member, step in trees:
            check_at_least(member, 0, "member", "Count members from 0")
            check_at_least(step, 0, "step", "Count steps from 0, the initialisation")
        with self._changing() as change:
            for (member, step), tree in trees.items():
                change.put(weights_name(member, step, part), tensor_bytes(tree))

    def read_weights(self, member: int, step: int, part: str | None = None) -> Tree:
        """Return the weights of a member at a step, on the CPU, in the order in which they were written.

        Raises:
            StoreError: If they were never written, or their file is missing or damaged.
        """
        name = weights_name(member, step, part)
        content = self._looked(lambda listed: verified_bytes(self.path, listed, name))
        if content is None:
            held = ", ".join(map(str, self.steps(member, part))) or "none"
            advice = f"Choose a step this run holds of member {member}: {held}"
            raise store_error(name, "be in the run", "no such weights", advice)
        return parsed_tensors(content, name)[0]

    @property
    def members(self) -> list[int]:
        """The members with weights, also if their files are damaged now; those of parts are not among them."""
        return sorted({member for member, _ in weights_in(self._listed())})

    def steps(self, member: int, part: str | None = None) -> list[int]:
        """Return the steps of a member with weights, also if their files are damaged now."""
        return sorted(step for other, step in weights_in(self._listed(), part) if other == member)

    def write_state(
        self, group: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str], part: str | None = None
    ) -> None:
        """Write what the training of a group of members needs to go on; the older state of the group is replaced."""
        with self._changing() as change:
            change.put(state_name(group, part), tensor_bytes(tensors, metadata))

    def read_state(self, group: str, part: str | None = None) -> tuple[Tree, dict[str, str]] | None:
        """Return the tensors and the text of a group's training state, or None if there is none.

        Raises:
            StoreError: If its file is missing or damaged.
        """
        name = state_name(group, part)
        content = self._looked(lambda listed: verified_bytes(self.path, listed, name))
        return None if content is None else parsed_tensors(content, name)

    def clear_states(self, part: str | None = None) -> None:
        """Remove the training states of the run itself, or of a part, once training is over."""
        with self._changing() as change:
            change.remove(states_name(part))

    @property
    def parts(self) -> list[str]:
        """The experiments inside the run that have weights, states or a record in the manifest."""
        found = {name.split("/")[1] for name in self._listed() if name.startswith(f"{PARTS}/")}
        return sorted({*found, *self.manifest.get(PARTS, {})})

    def remove_part(self, part: str) -> None:
        """Remove an experiment: its weights, its states and its record in the manifest, in one change."""
        folder = part_name(part)
        with self._changing() as change:
            manifest = self.manifest
            manifest.get(PARTS, {}).pop(part, None)
            change.put(MANIFEST, manifest_bytes(manifest))
            change.remove(folder)

    def scratch(self, part: str) -> Path:
        """Return a folder for files that grow while a step is at work, such as the points of a grid one by one.

        They are no part of the run: they have no checksums, and whoever reads them must expect a last line that a kill
        has cut off. Only the holder of the lock should write there.

        Args:
            part: Name of the step.

        Raises:
            ArgumentError: If the name is not plain.
            StoreError: If the folder can't be made.
        """
        folder = self.path / scratch_name(part)
        with named_failures(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def clear_scratch(self, part: str) -> None:
        """Remove the folder of `scratch`, once the step is done."""
        folder = self.path / scratch_name(part)
        discard(folder)
        with suppress(OSError):
            folder.parent.rmdir()

    def write_arrays(self, name: str, dataset: xr.Dataset) -> None:
        """Write named arrays; an older dataset of that name is replaced as a whole.

        Args:
            name: `predictions/...` or `results/...`, without an ending.
            dataset: Its dimensions must be among `arrays.AXIS_WORDS`, its values numbers or text.

        Raises:
            ArgumentError: If the name, a dimension or a value is not allowed.
            StoreError: If it can't be written; the older dataset is untouched.
        """
        folder = arrays_name(name)
        check_dataset(dataset)
        with self._changing() as change:
            change.put_folder(folder, lambda path: write_dataset(dataset, path))

    def has_arrays(self, name: str) -> bool:
        """Say whether a dataset of that name was written."""
        return f"{arrays_name(name)}/zarr.json" in self._listed()

    def arrays(self, name: str) -> xr.Dataset:
        """Open a dataset; its files are checked now, and its numbers are read when they are used.

        Raises:
            StoreError: If it was never written, or a file of it is missing, damaged or foreign; the first is named.
        """
        folder = arrays_name(name)
        if not self.has_arrays(name):
            advice = f"Choose one of: {', '.join(self.array_names()) or 'none yet'}"
            raise store_error(folder, "be in the run", "no such arrays", advice)

        def look(listed: dict[str, str]) -> xr.Dataset:
            check_folder(self.path, listed, folder)
            return read_dataset(self.path / folder)

        return self._looked(look)

    def array_names(self) -> list[str]:
        """Return the names of all datasets, sorted."""
        return arrays_in(self._listed())

    def write_file(self, name: str, content: bytes) -> None:
        """Write one more file at the top of the run folder, such as a report, with a checksum like all others.

        Raises:
            ArgumentError: If the name has a folder in it or is one that the run uses itself.
        """
        if not PLAIN_NAME.fullmatch(name) or name in {MANIFEST, SETTINGS, CHECKSUMS}:
            raise ArgumentError("name", "be a plain file name that the run does not use itself", name, "Choose another")
        with self._changing() as change:
            change.put(name, content)

    def damage(self, progress: Progress | None = None) -> list[str]:
        """Return one line for each file that is missing, differs from its checksum, or has none; read every file.

        Args:
            progress: Hears of each file.
        """
        return damage_of(self.path, progress or Silent(), tidy=self._tidy)

    def _listed(self) -> dict[str, str]:
        """Return the checksum of every file."""
        return parsed_checksums(checksum_text(self.path))

    def _change_manifest(self, values: dict[str, Any]) -> None:
        """Merge values into the manifest."""
        with self._changing() as change:
            change.put(MANIFEST, manifest_bytes(merged(self.manifest, values)))

    @contextmanager
    def _changing(self) -> Iterator[Transaction]:
        """Hold the lock, and collect the changes of the block into one."""
        with locked(self.path), one_writer(self.path):
            settle(self.path)
            with Transaction(self.path, self._listed()) as change:
                yield change

    def _tidy(self) -> None:
        """Complete or clear away what a killed process left, unless another process is at work."""
        with locked_if_free(self.path) as free:
            if free:
                with one_writer(self.path):
                    settle(self.path)
                    discard_leftovers(self.path)

    def _looked(self, look: Callable[[dict[str, str]], T]) -> T:
        """Look at files and their checksums, and again if a change was under way while looking."""
        return looked(self.path, look, tidy=self._tidy)


def is_run(path: Path) -> bool:
    """Say whether a folder holds a run, whole or damaged."""
    try:
        return any((path / name).is_file() for name in (MANIFEST, JOURNAL))
    except OSError:
        return False


def _check_vacant(path: Path) -> None:
    """Raise unless a new run may be made at a path."""
    if is_run(path):
        advice = "Go on with that run by --resume, or choose another --output"
        raise store_error(path, "not hold a run already", "the folder of a run", advice)
    with named_failures(path):
        others = [item.name for item in path.iterdir()] if path.exists() else []
    others = sorted(name for name in others if name != LOCK and not name.startswith(TEMPORARY))
    if others:
        advice = "Choose another --output"
        raise store_error(path, "be new or an empty folder", f"a folder with {others[0]!r} in it", advice)
