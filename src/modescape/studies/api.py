"""The Python API of whole studies: one call from data to a run on disk."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from modescape.core.errors import ArgumentError
from modescape.core.progress import Progress
from modescape.data import Dataset
from modescape.models import recipe
from modescape.store import Run
from modescape.studies.cells import layered, with_first_cell
from modescape.studies.context import StudyContext
from modescape.studies.presets import study_preset
from modescape.studies.runs import compared_run, interruptible, start, trained_run
from modescape.studies.settings import StudySettings, flat_names, merged, nested, read_settings


def study(
    name: str | None = None,
    *,
    data: str | Dataset | None = None,
    model: str | Callable[..., nn.Module] | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    config: str | Path | None = None,
    preset: str | None = None,
    only: str | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Run:
    """Train members and compare them; return the run.

    Args:
        name: Name of the study; `overview` by default.
        data: A source such as `digits` (the default) or `parquet:DIR`, or a `Dataset` of your own.
        model: A name such as `mlp` (the default), `package.module:function`, or a function that builds a network.
        output: The run's folder; runs/<time>-<name> by default.
        resume: Go on with the run at `output`, or with the newest unfinished one.
        config: A YAML file with settings, such as a run's settings.yaml; those given here go on top.
        preset: Named settings to start from, below those of `config`: `paper`, `quick` or `demo`.
        only: Do only this step of the study, and those it needs.
        progress: Told of all long work; silent by default.
        **settings: Any setting of `DataSettings`, `TrainSettings` and `CompareSettings` by name, `model_options` and
            `seed`.

    Raises:
        ModescapeError: In one line, whatever is wrong.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = study(data="digits", members=2, epochs=1, trajectories=0, output=f"{folder}/run")
    ...     run.arrays("results/solutions")["disagreement"].shape
    (2, 2)
    """
    named = {} if name is None else {"study": name}
    context = _start(
        {**settings, **named},
        data=data,
        model=model,
        output=output,
        config=config,
        preset=preset,
        progress=progress,
        resume=resume,
        only=only,
    )
    with interruptible(context.run):
        trained_run(context)
        compared_run(context, only)
    return context.run


def train_ensemble(
    *,
    data: str | Dataset | None = None,
    model: str | Callable[..., nn.Module] | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    config: str | Path | None = None,
    preset: str | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Run:
    """Train members without comparing them; return the run. Arguments and errors are those of `study`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = train_ensemble(data="digits", members=2, epochs=1, trajectories=1, output=f"{folder}/run")
    ...     run.steps(0), run.steps(1)
    ([0, 1], [1])
    """
    context = _start(
        settings,
        data=data,
        model=model,
        output=output,
        config=config,
        preset=preset,
        progress=progress,
        resume=resume,
    )
    with interruptible(context.run):
        trained_run(context)
    return context.run


def _start(
    settings: dict[str, Any],
    *,
    data: str | Dataset | None,
    model: str | Callable[..., nn.Module] | None,
    output: str | Path | None,
    config: str | Path | None,
    preset: str | None,
    progress: Progress | None,
    resume: bool,
    only: str | None = None,
) -> StudyContext:
    """Lay defaults of the study, preset, file and single settings over one another, and make or find the run."""
    given_data = data if isinstance(data, Dataset) else None
    given_recipe = None if model is None or isinstance(model, str) else recipe(model)
    named = {
        "data": given_data.name if given_data is not None else data,
        "model": given_recipe.name if given_recipe is not None else model,
    }
    given = (
        read_settings(Path(config)) if config else {},
        nested({**settings, **{key: value for key, value in named.items() if value is not None}}),
    )
    layers = _layers(given, preset, resume=resume)
    if given_data is not None:
        layers["data"] = _of_dataset(layers["data"], settings)
    return start(
        layers,
        output=Path(output) if output else None,
        resume=resume,
        progress=progress,
        dataset=given_data,
        recipe=given_recipe,
        only=only,
    )


def _layers(given: Sequence[Mapping[str, Any]], preset: str | None, *, resume: bool) -> dict[str, Any]:
    """Lay what is given over what the study and the preset begin with; a run that is resumed has its own beginning."""
    name = merged(*given).get("study", StudySettings().study)
    below = study_preset(name, preset)
    if resume:
        return layered(*below[1:], *given)
    return with_first_cell(layered(*below, *given))


def _of_dataset(layer: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return what settings can say about a `Dataset`, which is split and scaled already.

    Raises:
        ArgumentError: If the caller asks for more.
    """
    usable = {"source", "augment"}
    for name, (section, *field) in flat_names().items():
        if section == "data" and name in settings and not usable.issuperset(field):
            got, advice = settings[name], "Change the Dataset itself"
            raise ArgumentError(name, "be left out where `data` is a Dataset", got, advice)
    return {field: value for field, value in layer.items() if field in usable}
