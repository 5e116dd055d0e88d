"""Cells of a study: every combination of the settings that are varied, each with a training of its own."""

import hashlib
import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from modescape.core.errors import ArgumentError, ModelError, Quoted
from modescape.core.progress import Progress, Silent
from modescape.data import Dataset, load_dataset
from modescape.models import Recipe
from modescape.models import recipe as named_recipe
from modescape.studies.settings import StudySettings, flat_names, merged
from modescape.train import TrainingTask

VARIED_SECTIONS = ("data", "train")
"""Sections whose settings may be varied by name, beside `model`; any other name is an option of the network."""
SAME_FOR_ALL = {
    "members": "members are compared one by one",
    "trajectories": "it does not change what is learned",
    "late_fraction": "it does not change what is learned",
    "keep_best": "the last epoch is what is measured",
    "epochs": "early, middle and late are shares of the same epochs",
    "engine": "it does not change what is learned",
    "group_size": "it does not change what is learned",
    "workers": "it does not change what is learned",
    "threads": "it does not change what is learned",
    "device": "it does not change what is learned",
    "seed": "members differ in their seeds already",
    "model_options": "options of the network are varied by their own names",
}
"""Settings that are not varied, and why."""
DATA = "data"
OPTIONS = ("model", "options")


@dataclass(frozen=True)
class Cell:
    """One combination of the values that are varied.

    Args:
        levels: For each factor, its value in a few words.
        settings: The whole configuration of the cell.
        task: How its members are trained.
        is_own: Whether they are the run's own members.
    """

    levels: Mapping[str, str]
    settings: StudySettings
    task: TrainingTask
    is_own: bool

    @property
    def label(self) -> str:
        """The cell in words, such as `mnist, skip=true`; data and network go without saying."""
        known = {DATA, "model"}
        return ", ".join(level if name in known else f"{name}={level}" for name, level in self.levels.items())

    @property
    def part(self) -> str:
        """Where its members are kept in the run: a name that tells all that is trained apart."""
        chosen = self.settings.model_dump(mode="json", include={"data", "model", "train"})
        text = json.dumps([chosen, self.task.dataset.fingerprint], sort_keys=True)
        return f"cell-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def cells_of(settings: StudySettings, task: TrainingTask, progress: Progress | None = None) -> list[Cell]:
    """Return every combination of the values that settings vary, the last factor changing fastest.

    Data are loaded and networks tried, so that nothing is trained before all cells are known to be possible.

    Args:
        settings: Those of the run, with `vary`.
        task: What the run's own members learn.
        progress: Told of data being decoded.

    Raises:
        ModescapeError: If there is nothing to vary, or a value is refused.
    """
    vary = settings.shapes.vary
    _check_factors(vary)
    labels = {name: level_texts(name, values) for name, values in vary.items()}
    loaded = {_key(settings.data.model_dump(mode="json")): task.dataset}
    cells = []
    for places in product(*(range(len(values)) for values in vary.values())):
        chosen = {name: values[place] for (name, values), place in zip(vary.items(), places, strict=True)}
        levels = {name: labels[name][place] for name, place in zip(vary, places, strict=True)}
        cell = _cell(settings, task, (chosen, levels), loaded, progress or Silent())
        _check_network(cell)
        cells.append(cell)
    return cells


def layered(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay nested settings over one another.

    What a higher layer sets is no longer varied by a lower one, and what it varies is no longer set by a lower one.

    >>> below = {"model": {"name": "resnet20"}, "shapes": {"vary": {"data": ["mnist", "cifar10"], "width": [0.5, 1]}}}
    >>> layered(below, {"data": {"source": "digits"}})["shapes"]
    {'vary': {'width': [0.5, 1]}}
    """
    result: dict[str, Any] = {}
    for layer in layers:
        vary = result.get("shapes", {}).get("vary", {})
        left = {name: values for name, values in vary.items() if not _is_settled(name, result, layer)}
        for name in layer.get("shapes", {}).get("vary", {}):
            result = _without(result, name)
        result = merged(result, {"shapes": {"vary": left}} if left != vary else {}, layer)
    return result


def with_first_cell(layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested settings whose own members are those of a cell, where nothing else was asked for.

    What is varied and not set takes its first value, and every epoch of all members is kept, so that no network is
    trained which no cell needs.

    Raises:
        ArgumentError: If a setting is wrong.

    >>> with_first_cell({"model": {"name": "resnet20"}, "shapes": {"vary": {"width": [0.5, 1.0]}}})["model"]
    {'name': 'resnet20', 'options': {'width': 0.5}}
    """
    chosen = StudySettings(**layers)
    vary = chosen.shapes.vary
    if not vary:
        return dict(layers)
    _check_factors(vary)
    first = {name: values[0] for name, values in vary.items() if not _is_given(name, layers)}
    return merged({"train": {"trajectories": chosen.train.members}}, layers, _nested(first))


def level_texts(name: str, values: Sequence[Any]) -> list[str]:
    """Return the values of a factor in as few words as tell them apart.

    >>> level_texts("data", ["parquet:data/mnist", "digits"]), level_texts("skip", [True, False])
    (['mnist', 'digits'], ['true', 'false'])
    """
    whole = [value if isinstance(value, str) else json.dumps(value) for value in values]
    if name not in {DATA, "model"}:
        return whole
    short = [Path(text.rpartition(":")[2]).name or text for text in whole]
    return short if len(set(short)) == len(short) else whole


def _check_factors(vary: Mapping[str, Sequence[Any]]) -> None:
    """Raise unless there are factors with values to compare, all of which can be varied."""
    if not vary:
        advice = "Pass for example --vary width=0.5,1"
        raise ArgumentError("vary", "name at least one setting to compare", Quoted("nothing"), advice)
    for name, values in vary.items():
        if name in SAME_FOR_ALL:
            rule, advice = f"not name {name}: {SAME_FOR_ALL[name]}", "Vary something else, or make two runs"
            raise ArgumentError("vary", rule, Quoted(name), advice)
        if len({_key(value) for value in values}) < max(2, len(values)):
            rule, got = f"hold at least two different values for {name}", Quoted(json.dumps(values, default=str))
            raise ArgumentError("vary", rule, got, f"Pass for example --vary {name}=A,B")


def _key(value: Any) -> str:
    """Return text that tells values apart, also 1 from true."""
    return json.dumps(value, sort_keys=True, default=str)


def place_of(name: str) -> tuple[str, str]:
    """Return section and field of a factor; what is no setting of data or training is an option of the network.

    >>> place_of("data"), place_of("learning_rate"), place_of("width")
    (('data', 'source'), ('train', 'learning_rate'), ('model', 'options'))
    """
    path = flat_names().get(name, ())
    if name == "model" or path[:1] in {(section,) for section in VARIED_SECTIONS}:
        return path[0], path[1]
    return OPTIONS


def _nested(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Sort values of factors into sections."""
    result: dict[str, Any] = {}
    for name, value in chosen.items():
        section, field = place_of(name)
        inner = result.setdefault(section, {})
        if (section, field) == OPTIONS:
            inner.setdefault(field, {})[name] = value
        else:
            inner[field] = value
    return result


def _is_given(name: str, layer: Mapping[str, Any]) -> bool:
    """Say whether nested settings hold a factor."""
    section, field = place_of(name)
    inner = layer.get(section, {})
    return name in inner.get(field, {}) if (section, field) == OPTIONS else field in inner


def _without(layer: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return nested settings that do not hold a factor."""
    section, field = place_of(name)
    inner = dict(layer.get(section, {}))
    if (section, field) == OPTIONS:
        inner[field] = {option: value for option, value in inner.get(field, {}).items() if option != name}
    else:
        inner.pop(field, None)
    return {**layer, **({section: inner} if section in layer else {})}


def _is_settled(name: str, below: Mapping[str, Any], above: Mapping[str, Any]) -> bool:
    """Say whether a higher layer sets a factor that a lower one varies, or names another network than its options."""
    network = below.get("model", {}).get("name")
    other = above.get("model", {}).get("name", network) != network
    return _is_given(name, above) or (place_of(name) == OPTIONS and other)


def _cell(
    settings: StudySettings,
    task: TrainingTask,
    choice: tuple[Mapping[str, Any], Mapping[str, str]],
    loaded: dict[str, Dataset],
    progress: Progress,
) -> Cell:
    """Return one cell; data that another cell has loaded are not loaded again."""
    chosen, levels = choice
    changed = StudySettings(**merged(settings.model_dump(mode="json"), _nested(chosen)))
    data = _key(changed.data.model_dump(mode="json"))
    if data not in loaded:
        loaded[data] = load_dataset(changed.data, seed=settings.seed, progress=progress)
    network = _recipe(settings, changed, task)
    same = changed.train == settings.train and loaded[data] is task.dataset
    is_own = same and network.name == task.recipe.name and _options(network) == _options(task.recipe)
    known = {"dataset": loaded[data], "augment": changed.data.augment == "crop-flip"}
    return Cell(levels, changed, replace(task, recipe=network, settings=changed.train, **known), is_own)


def _recipe(settings: StudySettings, changed: StudySettings, task: TrainingTask) -> Recipe:
    """Return the network of a cell; the user's own function stays where no other is named."""
    options = changed.model.options
    if changed.model.name == settings.model.name:
        return replace(task.recipe, options=options)
    return named_recipe(changed.model.name, options)


def _options(network: Recipe) -> dict[str, Any]:
    """Return the options of a network with those that it takes by default."""
    parameters = inspect.signature(network.builder).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty} | dict(network.options)


def _check_network(cell: Cell) -> None:
    """Raise unless the network of a cell can be built and fits its data."""
    try:
        cell.task.check()
    except ArgumentError as error:
        argument, _, got, advice = error.pieces
        if argument != "model.options":
            raise
        rule = f"name settings of data and training, or options that {cell.task.recipe.name} takes"
        raise ArgumentError("vary", rule, got, advice) from None
    except ModelError as error:
        raise ModelError(f"{str(error).rstrip('.')}. This is the cell {cell.label}.") from error
