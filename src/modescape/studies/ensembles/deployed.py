"""An ensemble of a run as one predictor, and as files that need no modescape."""

from pathlib import Path

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, MissingDependencyError, Quoted
from modescape.core.progress import Progress
from modescape.deploy import DeployedEnsemble, deployed, save_predictor
from modescape.methods import METHODS, Ensemble
from modescape.methods.independent import NAME as INDEPENDENT
from modescape.store import Run
from modescape.studies.context import StudyContext
from modescape.studies.ensembles.trainer import RunTrainer
from modescape.studies.ensembles.ways import chosen_methods
from modescape.studies.runs import start

RESULT = "results/frontier"
SUFFIXES = (".pt2", ".onnx")


def predictor(
    run: Run | str | Path,
    *,
    method: str | None = None,
    size: int | None = None,
    combination: str = "mean",
    progress: Progress | None = None,
) -> DeployedEnsemble:
    """Return an ensemble of a run as one predictor, its temperature fitted on the validation examples.

    Args:
        run: A run, or its folder.
        method: Which way to get an ensemble; what the run's frontier recommends, or independent members where the run
            has none.
        size: Its budget in members; all members of the run where only a method is named.
        combination: How answers become one, `mean` or another way that gives each member a weight, fitted on the
            validation examples.
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
    opened = run if isinstance(run, Run) else Run.open(Path(run))
    context = start({}, output=opened.path, resume=True, progress=progress)
    _check_trained(context)
    chosen, budget = chosen_ensemble(opened, method, size, context.settings.train.members)
    return deployed(
        _made(context, chosen, budget), context.dataset, combination=combination, seed=context.settings.seed
    )


def export_ensemble(
    run: Run | str | Path,
    *paths: str | Path,
    method: str | None = None,
    size: int | None = None,
    combination: str = "mean",
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
        progress: As for `predictor`.

    Raises:
        ModescapeError: As for `predictor`, or if a file can't be written.
    """
    opened = run if isinstance(run, Run) else Run.open(Path(run))
    for path in paths:
        if Path(path).suffix not in SUFFIXES:
            raise ArgumentError("path", f"end in {' or '.join(SUFFIXES)}", str(path), "Choose one of them")
    made = predictor(opened, method=method, size=size, combination=combination, progress=progress)
    if paths:
        return [save_predictor(made, path) for path in paths]
    written = [save_predictor(made, opened.path / f"ensemble{SUFFIXES[0]}")]
    try:
        return [*written, save_predictor(made, opened.path / f"ensemble{SUFFIXES[1]}")]
    except MissingDependencyError:
        return written


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
    attributes = run.arrays(RESULT).attrs if run.has_arrays(RESULT) else {}
    if method is None and size is None and attributes.get("recommended_method"):
        return attributes["recommended_method"], int(attributes["recommended_size"])
    return method or INDEPENDENT, size or members


def _made(context: StudyContext, method: str, size: int) -> Ensemble:
    """Return an ensemble from what the run has trained."""
    options = context.settings.frontier.method_options
    own = {key: value for key, value in options.items() if key.startswith(f"{method}.")}
    way = next(way for way in chosen_methods(method, own) if way.name == method)
    found = way.ensembles(context.task, [size], RunTrainer(context, trains=False))
    if size not in found:
        raise ArgumentError("size", f"be one that {method} has an ensemble of", size, "Choose another one")
    return found[size]


def _check_trained(context: StudyContext) -> None:
    """Raise unless the members of the run are there."""
    wanted, there = context.settings.train.members, len(context.outcomes)
    if there < wanted:
        rule = f"have trained its {wanted} members"
        advice = f"Finish it with modescape study --resume --output {context.run.path}"
        raise ArgumentError("run", rule, Quoted(f"{there} of them"), advice)
