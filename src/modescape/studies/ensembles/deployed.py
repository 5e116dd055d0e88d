"""An ensemble of a run as one predictor, and as files that need no modescape."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import nn

from modescape.core.axes import METHOD, SIZE
from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, MissingDependencyError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.data import Dataset
from modescape.deploy import DeployedEnsemble, deployed, save_predictor
from modescape.methods import METHODS, Ensemble
from modescape.methods.independent import NAME as INDEPENDENT
from modescape.models import recipe
from modescape.store import Run
from modescape.studies.catalogue import steps_of
from modescape.studies.context import StudyContext
from modescape.studies.ensembles.trainer import RunTrainer
from modescape.studies.ensembles.ways import chosen_methods
from modescape.studies.runs import settings_of, start

RESULT = "results/frontier"
SUFFIXES = (".pt2", ".onnx")


class Exported(NamedTuple):
    """An ensemble that was written.

    Attributes:
        predictor: The ensemble.
        size: Its budget in members.
        files: Where it is.
    """

    predictor: DeployedEnsemble
    size: int
    files: list[Path]


def predictor(
    run: Run | str | Path,
    *,
    method: str | None = None,
    size: int | None = None,
    combination: str = "mean",
    data: Dataset | None = None,
    model: Callable[..., nn.Module] | None = None,
    progress: Progress | None = None,
) -> DeployedEnsemble:
    """Return an ensemble of a run as one predictor, its temperature fitted on the validation examples.

    Args:
        run: A run, or its folder.
        method: Which way to get an ensemble; what the run's frontier recommends, or independent members where the run
            has none.
        size: Its budget in members; what the frontier recommends where no method is named, else the largest one that
            the run has of the method.
        combination: How answers become one, `mean` or another way that gives each member a weight, fitted on the
            validation examples.
        data: The `Dataset` that the run was made with, if it was one, or if its source has moved since.
        model: The function that built the networks, if the run was made with one.
        progress: Told of decoding the data.

    Raises:
        ArgumentError: If the run has not trained such an ensemble, or has no validation examples.
        ModelError: If the networks can't be put together.
        StoreError: If the run is damaged.

    >>> import tempfile, modescape, torch
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = modescape.train_ensemble(members=2, epochs=1, trajectories=0, output=f"{folder}/run")
    ...     ensemble = predictor(run)
    >>> ensemble.num_members, ensemble(torch.zeros(3, 1, 8, 8))["probabilities"].shape
    (2, torch.Size([3, 10]))
    """
    made, _ = _deployed(
        _opened(run), method=method, size=size, combination=combination, data=data, model=model, progress=progress
    )
    return made


def export_ensemble(
    run: Run | str | Path,
    *paths: str | Path,
    method: str | None = None,
    size: int | None = None,
    combination: str = "mean",
    data: Dataset | None = None,
    model: Callable[..., nn.Module] | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Write an ensemble of a run as programs that need no modescape, and return their paths.

    Args:
        run: A run, or its folder.
        paths: Files that end in .pt2 (PyTorch) or .onnx. By default both, `ensemble.pt2` and `ensemble.onnx` in the
            run's folder; without the packages for ONNX the first alone.
        method: As for `predictor`.
        size: As for `predictor`.
        combination: As for `predictor`.
        data: As for `predictor`.
        model: As for `predictor`.
        progress: As for `predictor`; told too of a file that can't be made.

    Raises:
        ModescapeError: As for `predictor`, or if a file can't be written.
    """
    made = exported(
        run,
        paths,
        method=method,
        size=size,
        combination=combination,
        data=data,
        model=model,
        progress=progress,
    )
    return made.files


def exported(
    run: Run | str | Path,
    paths: Sequence[str | Path],
    *,
    method: str | None = None,
    size: int | None = None,
    combination: str = "mean",
    data: Dataset | None = None,
    model: Callable[..., nn.Module] | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Write an ensemble as `export_ensemble` does, and return it with its files."""
    for path in paths:
        if Path(path).suffix not in SUFFIXES:
            raise ArgumentError("path", f"end in {' or '.join(SUFFIXES)}", str(path), "Choose one of them")
    opened = _opened(run)
    made, budget = _deployed(
        opened, method=method, size=size, combination=combination, data=data, model=model, progress=progress
    )
    if paths:
        return Exported(made, budget, [save_predictor(made, path) for path in paths])
    written = [save_predictor(made, opened.path / f"ensemble{SUFFIXES[0]}")]
    try:
        written.append(save_predictor(made, opened.path / f"ensemble{SUFFIXES[1]}"))
    except MissingDependencyError as error:
        (progress or Silent()).say(str(error))
    return Exported(made, budget, written)


def chosen_ensemble(run: Run, method: str | None, size: int | None, members: int) -> tuple[str, int]:
    """Return the method and size that a user means.

    Raises:
        ArgumentError: If there is no such method, or the size is out of range.
    """
    if method is not None:
        check_choice(method, METHODS, "method")
    if size is not None and not 1 <= size <= members:
        rule = f"lie between 1 and the {members} members of the run"
        raise ArgumentError("size", rule, size, "Leave it out for all of them")
    found = run.arrays(RESULT) if run.has_arrays(RESULT) else None
    best = found.attrs.get("recommended_method") if found is not None else None
    if method is None and size is None and found is not None and best:
        return best, int(found.attrs["recommended_size"])
    chosen = method or best or INDEPENDENT
    if size is not None or found is None or chosen not in found[METHOD].to_numpy():
        return chosen, size or members
    there = np.isfinite(found["answers"].sel({METHOD: chosen}).to_numpy())
    return chosen, int(found[SIZE].to_numpy()[there].max())


def _opened(run: Run | str | Path) -> Run:
    """Return a run."""
    return run if isinstance(run, Run) else Run.open(Path(run))


def _deployed(
    run: Run,
    *,
    method: str | None,
    size: int | None,
    combination: str,
    data: Dataset | None,
    model: Callable[..., nn.Module] | None,
    progress: Progress | None,
) -> tuple[DeployedEnsemble, int]:
    """Return an ensemble as a predictor, and its budget."""
    _check_objects(run, [name for name, given in (("data", data), ("model", model)) if given is not None])
    context = start(
        {},
        output=run.path,
        resume=True,
        progress=progress,
        dataset=data,
        recipe=None if model is None else recipe(model),
        # What further steps of the study ask for, such as foreign data, need not be there any more.
        only=steps_of(settings_of(run).study)[0].name,
    )
    _check_trained(context)
    chosen, budget = chosen_ensemble(run, method, size, context.settings.train.members)
    ensemble = _made(context, chosen, budget)
    return deployed(ensemble, context.dataset, combination=combination, seed=context.settings.seed), budget


def _made(context: StudyContext, method: str, size: int) -> Ensemble:
    """Return an ensemble from what the run has trained."""
    settings = context.settings.frontier
    own = {key: value for key, value in settings.method_options.items() if key.startswith(f"{method}.")}
    way = next(way for way in chosen_methods(method, own) if way.name == method)
    sizes = settings.chosen_sizes(context.settings.train.members)
    # Sizes may share a training that is as long as the largest of them takes, so all are asked for.
    found = way.ensembles(context.task, sizes if size in sizes else [size], RunTrainer(context, trains=False))
    if size not in found:
        listed = ", ".join(str(known) for known in found)
        rule = f"be one that {method} has an ensemble of{f', {listed}' if listed else ''}"
        raise ArgumentError("size", rule, size, "Choose another one" if listed else "Choose another method")
    return found[size]


def _check_objects(run: Run, given: Sequence[str]) -> None:
    """Raise if a run was made with Python objects that are not there now."""
    needed = list(run.manifest.get("objects", {}))
    missing = [name for name in needed if name not in given]
    if missing:
        rule = "be the Python object that the run was made with"
        call = f"modescape.export_ensemble({str(run.path)!r}, {', '.join(f'{name}=...' for name in needed)})"
        raise ArgumentError(missing[0], rule, Quoted("none"), f"Pass it in Python: {call}")


def _check_trained(context: StudyContext) -> None:
    """Raise unless the members of the run are there."""
    wanted, there = context.settings.train.members, len(context.outcomes)
    if there < wanted:
        rule = f"have trained its {wanted} members"
        advice = f"Finish it with modescape study --resume --output {shlex.quote(str(context.run.path))}"
        raise ArgumentError("run", rule, Quoted(f"{there} of them"), advice)
