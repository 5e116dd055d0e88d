"""The single network with as many parameters as an ensemble."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any, ClassVar

from modescape.core.errors import ArgumentError, ModelError
from modescape.methods.budgets import each_size
from modescape.methods.cost import num_parameters
from modescape.methods.ensemble import Ensemble
from modescape.methods.joint import changed_task, joint_ensemble
from modescape.methods.protocol import Trainer
from modescape.models import Recipe
from modescape.train import TrainingTask

USUAL = ("width", "hidden")
"""Options that scale the built-in networks."""

HALVINGS = 24
"""Steps of the search: widths of a thousand channels are found to the channel."""

CLOSE = 0.05
"""Share of the parameters that may be missing before a note says so."""


@dataclass(frozen=True)
class OneBig:
    """One network of the base architecture, made wider until it has the parameters of k members (or just fewer).

    It answers with one voice. The budget of size k is spent on as many epochs as its passes, by FLOPs, leave.

    Source: Lobacheva et al. (2020), the section on memory splits, https://arxiv.org/abs/2007.08483
    Differs from it in that the training budget is equal too.

    Args:
        scale_with: Option of the network that is scaled, a number or a list of numbers; `width` or `hidden` where the
            network has one of them.

    Raises:
        ArgumentError: If the option has no name.
    """

    name: ClassVar[str] = "one-big"
    title: ClassVar[str] = "one network with as many parameters"

    scale_with: str | None = None

    def __post_init__(self) -> None:
        if self.scale_with is not None and not self.scale_with.isidentifier():
            raise ArgumentError("scale_with", "be the name of an option of the network", self.scale_with, "Pass width")

    def ensembles(self, task: TrainingTask, sizes: Sequence[int], trainer: Trainer) -> dict[int, Ensemble]:
        """Train one network for each size."""
        base = num_parameters(task.network(0))

        def make(size: int) -> Ensemble | None:
            wide = changed_task(task, self.recipe(task, size))
            ensemble = joint_ensemble(self.name, task, wide, size, trainer)
            return ensemble and replace(ensemble, notes=_notes(ensemble.cost.parameters, size * base))

        return each_size(sizes, make)

    def recipe(self, task: TrainingTask, size: int) -> Recipe:
        """Return the recipe of the base network made so wide that it has the parameters of some members.

        Raises:
            ModelError: If the network has no option that makes it wider.
        """
        base = task.recipe
        name = self._option(base)
        value = _value(base, name)

        def scaled(factor: float) -> Recipe:
            return replace(base, options={**base.options, name: _times(value, factor)})

        def parameters(factor: float) -> int:
            network = scaled(factor).build(task.dataset.input_shape, task.dataset.num_classes, seed=0)
            return num_parameters(network)

        return base if size == 1 else scaled(_factor(parameters, size, name))

    def _option(self, base: Recipe) -> str:
        """Return the name of the option that is scaled."""
        if self.scale_with is not None:
            if _is_number(_value(base, self.scale_with)):
                return self.scale_with
            raise ModelError(
                f"`model` must have a number, or a list of numbers above 0, as its option `{self.scale_with}`, for "
                f"one-big; got {base.name}. Set another name as `scale_with`, or leave one-big out."
            )
        for name in USUAL:
            if _is_number(_value(base, name)):
                return name
        raise ModelError(
            f"`model` must have an option that makes it wider, `width` or `hidden`, for one-big; got {base.name} "
            "without. Name another one with `scale_with`, or leave one-big out."
        )


def _value(base: Recipe, name: str) -> Any:
    """Return the value of an option: as set, or the default of the function that builds the network."""
    if name in base.options:
        return base.options[name]
    parameter = inspect.signature(base.builder).parameters.get(name)
    return None if parameter is None or parameter.default is parameter.empty else parameter.default


def _is_number(value: object) -> bool:
    """Say whether a value is a number above 0, or some of them."""
    if isinstance(value, list | tuple):
        return bool(value) and all(_is_number(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _times(value: Any, factor: float) -> Any:
    """Scale a number or each of some; whole numbers stay whole."""
    if isinstance(value, list | tuple):
        return [_times(item, factor) for item in value]
    return max(1, int(value * factor)) if isinstance(value, int) else value * factor


def _factor(parameters: Callable[[float], int], size: int, name: str) -> float:
    """Return the largest factor, to a small rest, with which a network has at most the parameters of some members."""
    base = parameters(1.0)
    low, high = 1.0, float(size)
    while parameters(high) <= size * base:
        low, high = high, 2.0 * high
        if high > 2.0 * size**2:
            raise ModelError(
                f"`model` must have more parameters with a larger `{name}`, for one-big; got {base} with any. "
                "Name another option with `scale_with`, or leave one-big out."
            )
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if parameters(middle) <= size * base else (low, middle)
        if log(high / low) < 1e-4:
            break
    return low


def _notes(got: int, wanted: int) -> tuple[str, ...]:
    """Say where no width has the parameters wanted."""
    missing = 1.0 - got / wanted
    return (f"The widest network within them has {missing:.0%} fewer parameters than the members.",) * (missing > CLOSE)
