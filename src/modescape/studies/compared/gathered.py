"""From what the user asks for to members that can be compared: everything is read and checked before a run is made."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modescape.core.errors import ArgumentError, DataError, ModescapeError, Quoted
from modescape.core.progress import Progress
from modescape.core.trees import Tree
from modescape.data import Dataset, load_dataset
from modescape.models import recipe as named_recipe
from modescape.store import Run
from modescape.store.runs import is_run
from modescape.studies.compared.architectures import checkpoint_block
from modescape.studies.compared.blocks import Block, array_blocks, file_blocks, plain_array
from modescape.studies.compared.files import SUFFIXES, read_labels
from modescape.studies.compared.naming import named_blocks
from modescape.studies.compared.other_runs import have_one_architecture, run_block, solution_trees
from modescape.studies.compared.reconciled import Frame, Truth, common_frame, same_test
from modescape.studies.compared.request import RECORD, Request, is_place
from modescape.studies.compared.scaling import normalised
from modescape.studies.runs import settings_of
from modescape.studies.settings import StudySettings
from modescape.studies.steps.answers import answers_of
from modescape.train import TrainingTask, chosen_device

TASK = "read"


@dataclass(frozen=True, eq=False)
class Gathered:
    """Members that can be compared.

    Args:
        blocks: The members, under names that tell them apart.
        frame: What they have in common; None where they were tested on different examples.
        settings: The settings, with the data and the network that are compared.
        dataset: The data, where they are at hand.
        task: The data and the one network of all members; None where there are several networks, or none.
        trees: Yields the weights of the members, where all have one network.
        notes: What was taken for granted.
    """

    blocks: tuple[Block, ...]
    frame: Frame | None
    settings: StudySettings
    dataset: Dataset | None = None
    task: TrainingTask | None = None
    trees: Callable[[], Iterator[Tree]] | None = None
    notes: tuple[str, ...] = ()

    @property
    def member_names(self) -> list[str]:
        """What members are called."""
        return [name for block in self.blocks for name in block.member_names]

    @property
    def member_groups(self) -> list[str]:
        """The group of each member."""
        return [block.group for block in self.blocks for _ in block.names]


def gathered(request: Request, settings: StudySettings, progress: Progress) -> Gathered:
    """Read all that is asked for, and check that it belongs together.

    Args:
        request: What to compare.
        settings: The settings as far as the user has given them.
        progress: Told of each source.

    Raises:
        ModescapeError: In one line, whatever is wrong, with the file it is in.
    """
    progress.start(TASK, len(request.sources) + len(request.architectures))
    runs, blocks = _sources(request, progress)
    dataset = None if request.data is None else _scaled(request, _loaded(request.data, settings, progress))
    if request.architectures:
        blocks += _checkpoints(request, dataset, settings, progress)
    _check_number(blocks)
    named = tuple(named_blocks(blocks, request.names, request.groups))
    are_runs = len(runs) == len(blocks)
    if are_runs and request.labels is None and dataset is None and not same_test(named):
        return Gathered(named, None, _answers_settings(request, settings, runs, len(_names(named))))
    frame = _frame(request, named, dataset)
    for note in frame.notes:
        progress.say(note)
    whole = _of_checkpoints(request, settings, dataset, len(_names(named)))
    if whole is None and are_runs and have_one_architecture(runs):
        whole = _of_runs(request, settings, runs, frame, progress)
    if whole is not None:
        chosen, task, trees = whole
        return Gathered(named, frame, chosen, task.dataset, task, trees, frame.notes)
    dataset = dataset or _data_of_runs(runs, frame, progress)
    answers = _answers_settings(request, settings, runs, len(_names(named)))
    return Gathered(named, frame, answers, dataset, notes=frame.notes)


def shown_data(request: Request, settings: StudySettings, run: Run, progress: Progress) -> Dataset | None:
    """Return the examples that a comparison of answers is about, where they can be read again.

    Args:
        request: What was compared.
        settings: Its settings.
        run: Its run, with the predictions.
        progress: Told of what can't be read.
    """
    if request.data is not None:
        return _scaled(request, _loaded(request.data, settings, progress))
    if not run.has_arrays("predictions/test"):
        return None
    answers = answers_of(run)
    runs = [found for source in request.sources if (found := _run(request, source)) is not None]
    return _data_of_runs(runs, Frame(answers.num_examples, answers.classes, answers.labels), progress)


def _sources(request: Request, progress: Progress) -> tuple[list[Run], list[Block]]:
    """Return the runs among the sources, and the members of all of them."""
    runs: list[Run] = []
    blocks: list[Block] = []
    for number, source in enumerate(request.sources):
        run = _run(request, source)
        if run is not None:
            runs.append(run)
            blocks.append(run_block(run))
        elif is_place(source):
            for path in _files(request, request.path(source)):
                blocks += file_blocks(path, request.kind)
        else:
            blocks += array_blocks(source, f"sources[{number}]", request.kind)
        progress.advance(TASK, note=str(source)[-60:] if is_place(source) else "")
    return runs, blocks


def _run(request: Request, source: Any) -> Run | None:
    """Return a source as a run if it is one."""
    if isinstance(source, Run):
        return source
    path = request.path(source) if is_place(source) else None
    return Run.open(path) if path is not None and path.is_dir() and is_run(path) else None


def _files(request: Request, path: Path) -> list[Path]:
    """Return a file, or the prediction files in a folder without that of the labels."""
    if not path.is_dir():
        return [path]
    labels = request.path(request.labels).resolve() if is_place(request.labels) else None
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.resolve() != labels)
    if not found:
        raise DataError(f"{path} is no run and holds no prediction files ({', '.join(SUFFIXES)}). Check the path.")
    return found


def _loaded(data: str | Dataset, settings: StudySettings, progress: Progress) -> Dataset:
    """Return the data that checkpoints are tested on."""
    if isinstance(data, Dataset):
        return data
    return load_dataset(settings.data.changed(source=data), seed=settings.seed, progress=progress)


def _scaled(request: Request, dataset: Dataset) -> Dataset:
    """Return data scaled as the user says."""
    return dataset if request.normalize is None else normalised(dataset, *request.normalize)


def _checkpoints(request: Request, dataset: Dataset | None, settings: StudySettings, progress: Progress) -> list[Block]:
    """Return the members that checkpoints make, after reading each of them once."""
    if dataset is None:
        advice = "Pass --data cifar10, parquet:DIR, or any other source"
        raise ArgumentError("data", "name what checkpoints are tested on", Quoted("nothing"), advice)
    device, blocks = chosen_device(settings.train.device), []
    for architecture in request.architectures:
        for _ in architecture.trees(dataset):
            pass
        blocks.append(checkpoint_block(architecture, dataset, device))
        progress.advance(TASK, note=architecture.label)
    return blocks


def _check_number(blocks: Sequence[Block]) -> None:
    """Raise unless there are two members at least."""
    number = sum(len(block.names) for block in blocks)
    if number < 2:
        advice = "Name two files, checkpoints or runs at least"
        raise ArgumentError("sources", "hold at least two members", number, advice)


def _frame(request: Request, blocks: Sequence[Block], dataset: Dataset | None) -> Frame:
    """Return what all members have in common."""
    truths: list[Truth] = []
    if request.labels is not None:
        is_file = is_place(request.labels)
        found = read_labels(request.path(request.labels)) if is_file else (plain_array(request.labels, "labels"), None)
        truths.append(Truth(str(request.labels) if is_file else "labels", *found))
    if dataset is not None:
        truths.append(Truth(f"the test examples of {dataset.name}", dataset.test.labels.numpy()))
    return common_frame(blocks, truths, None if dataset is None else dataset.classes)


def _of_checkpoints(
    request: Request, settings: StudySettings, dataset: Dataset | None, number: int
) -> tuple[StudySettings, TrainingTask, Callable[[], Iterator[Tree]]] | None:
    """Return the settings, the task and the weights of checkpoints of one architecture, if that is all there is."""
    if dataset is None or request.sources or len(request.architectures) != 1:
        return None
    architecture = request.architectures[0]
    data = settings.data.changed(source=request.data if isinstance(request.data, str) else dataset.name)
    model = {"name": architecture.recipe.name, "options": dict(architecture.recipe.options)}
    chosen = _not_trained(settings.changed(data=data.model_dump(), model=model), number)
    task = TrainingTask(architecture.recipe, dataset, chosen.train, chosen.seed)
    return chosen, task, lambda: architecture.trees(dataset)


def _of_runs(
    request: Request, settings: StudySettings, runs: Sequence[Run], frame: Frame, progress: Progress
) -> tuple[StudySettings, TrainingTask, Callable[[], Iterator[Tree]]] | None:
    """Return the same for runs of one architecture and one data set, if the data can still be read."""
    first = settings_of(runs[0])
    dataset = _data_of_runs(runs, frame, progress)
    if dataset is None:
        return None
    number = sum(len(run.arrays("predictions/test")["member"]) for run in runs)
    kept = {"data": first.data.model_dump(), "model": first.model.model_dump(), "seed": first.seed}
    chosen = _not_trained(settings.changed(**kept), number)
    task = TrainingTask(named_recipe(first.model.name, first.model.options), dataset, chosen.train, chosen.seed)
    del request
    return chosen, task, lambda: (tree for run in runs for tree in solution_trees(run))


def _data_of_runs(runs: Sequence[Run], frame: Frame, progress: Progress) -> Dataset | None:
    """Return the data of runs, where they can be read and are still those that were predicted."""
    if not runs or runs[0].manifest.get("objects"):
        return None
    chosen = settings_of(runs[0])
    try:
        dataset = load_dataset(chosen.data, seed=chosen.seed, progress=progress)
        scaling = runs[0].manifest.get(RECORD, {}).get("normalize")
        dataset = dataset if scaling is None else normalised(dataset, *scaling)
    except ModescapeError as error:
        progress.say(f"Test examples are not shown: {error}")
        return None
    is_same = frame.label is not None and np.array_equal(dataset.test.labels.numpy(), frame.label)
    return dataset if is_same else None


def _answers_settings(request: Request, settings: StudySettings, runs: Sequence[Run], number: int) -> StudySettings:
    """Return the settings of a comparison of answers: what stands for data and network only tells people."""
    chosen = [settings_of(run) for run in runs]
    source = request.data if isinstance(request.data, str) else next((one.data.source for one in chosen), "files")
    models = [*(one.label for one in request.architectures), *(one.model.name for one in chosen)]
    named = {"name": " and ".join(dict.fromkeys(models)) or "files", "options": {}}
    data = settings.data.changed(source=source)
    return _not_trained(settings.changed(data=data.model_dump(), model=named), number)


def _not_trained(settings: StudySettings, number: int) -> StudySettings:
    """Return settings that say of members that they were not trained here: one checkpoint each."""
    train = {"members": number, "epochs": 1, "trajectories": 0, "late_fraction": 0.0, "engine": "loop"}
    device = {"device": settings.train.device}
    return settings.changed(study="compare", train={**train, **device})


def _names(blocks: Sequence[Block]) -> list[str]:
    """Return what members are called."""
    return [name for block in blocks for name in block.member_names]
