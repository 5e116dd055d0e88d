"""A model is a recipe: a function that builds a network, called once for each member with the member's own seed."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from modescape.core.errors import ArgumentError, ModelError, Quoted
from modescape.core.imports import imported
from modescape.core.seeds import seeded_globals
from modescape.models.cnn import medium_cnn, small_cnn
from modescape.models.mlp import mlp
from modescape.models.resnet import resnet, resnet20

MODELS: dict[str, Callable[..., nn.Module]] = {
    "mlp": mlp,
    "small-cnn": small_cnn,
    "medium-cnn": medium_cnn,
    "resnet": resnet,
    "resnet20": resnet20,
}
"""The built-in networks by name."""


@dataclass(frozen=True)
class Recipe:
    """How to build one member's network.

    Args:
        name: As the user named it.
        builder: Returns a new `nn.Module`. It is given `input_shape`, `num_classes` and the options, each only if its
            signature takes it.
        options: Further keyword arguments for the builder.
    """

    name: str
    builder: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)

    def build(self, input_shape: tuple[int, ...], num_classes: int, *, seed: int) -> nn.Module:
        """Return a new network whose initial weights depend on the seed alone.

        The global generators are seeded while the builder runs, so that bare parameters and custom initialisers are
        covered too, and restored afterwards.

        Args:
            input_shape: Shape of one input, without the example axis.
            num_classes: Number of classes.
            seed: Seed of the member's initialisation.

        Raises:
            ModelError: If the builder fails or returns something other than a network.

        >>> network = recipe("mlp", {"hidden": [4]}).build((1, 8, 8), 10, seed=1)
        >>> again = recipe("mlp", {"hidden": [4]}).build((1, 8, 8), 10, seed=1)
        >>> torch.equal(network[1].weight, again[1].weight)
        True
        """
        with seeded_globals(seed):
            try:
                network = self.builder(**self._arguments(input_shape, num_classes))
            except (ModelError, ArgumentError):
                raise
            except Exception as error:
                reason = " ".join(str(error).split()).rstrip(".")
                raise ModelError(
                    f"`model` must build a network; got {type(error).__name__} from {self.name}: {reason}. "
                    f"It was called for inputs of shape {tuple(input_shape)} and {num_classes} classes."
                ) from error
            if not isinstance(network, nn.Module):
                raise ModelError(
                    f"`model` must return a torch.nn.Module; got {type(network).__name__} from {self.name}. "
                    "Return the network itself."
                )
            self._materialise(network, input_shape)
        return network

    def _materialise(self, network: nn.Module, input_shape: tuple[int, ...]) -> None:
        """Give lazy layers their shapes by one forward pass, while the generators are seeded."""
        if not any(is_lazy(tensor) for tensor in (*network.parameters(), *network.buffers())):
            return
        try:
            with torch.no_grad():
                network.eval()(torch.zeros(2, *input_shape))
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise ModelError(
                f"`model` must take inputs of shape {(2, *input_shape)}, to find the shapes of its lazy layers; "
                f"got {reason} from {self.name}. Check the first layer against the data."
            ) from error

    def _arguments(self, input_shape: tuple[int, ...], num_classes: int) -> dict[str, Any]:
        """Choose the keyword arguments that the builder's signature takes."""
        parameters = inspect.signature(self.builder).parameters
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        unknown = [name for name in self.options if name not in parameters and not takes_any]
        if unknown:
            known = ", ".join(name for name in parameters if name not in {"input_shape", "num_classes"})
            raise ArgumentError(
                "model.options",
                f"be taken by {self.name}",
                unknown[0],
                f"Its options are: {known}" if known else "It has no options",
            )
        offered = {"input_shape": tuple(input_shape), "num_classes": num_classes}
        chosen = {name: value for name, value in offered.items() if name in parameters or takes_any}
        return {**chosen, **self.options}


def recipe(model: str | Callable[..., Any], options: Mapping[str, Any] | None = None) -> Recipe:
    """Return the recipe for a network: a built-in name, `package.module:function`, or a function or class.

    Args:
        model: What to build. An instance is refused, because every member needs weights of its own.
        options: Keyword arguments for the function.

    Raises:
        ArgumentError: If the name is unknown, or an instance is passed.

    >>> recipe("small-cnn").name
    'small-cnn'
    """
    chosen = dict(options or {})
    if isinstance(model, str):
        if model in MODELS:
            return Recipe(model, MODELS[model], chosen)
        if ":" in model:
            return Recipe(model, imported(model, "model"), chosen)
        known = ", ".join(MODELS)
        raise ArgumentError("model", f"be one of {known}, or package.module:function", model, "Check the spelling")
    if isinstance(model, nn.Module) or not callable(model):
        raise ArgumentError(
            "model",
            "be a function that builds a network, so that each member gets its own initial weights",
            Quoted(f"an instance of {type(model).__name__}"),
            "Pass the class, or a function such as `lambda: MyNetwork(64)`",
        )
    return Recipe(getattr(model, "__qualname__", repr(model)), model, chosen)


def check_network(network: nn.Module, inputs: Tensor, num_classes: int) -> None:
    """Try one forward pass of a network and raise unless it gives one logit for each example and class.

    Args:
        network: The network; it is left in evaluation mode.
        inputs: A few prepared examples, (example, ...).
        num_classes: Number of classes.

    Raises:
        ModelError: If the pass fails, or the output has another shape or is not floating point.

    >>> check_network(nn.Linear(4, 3), torch.zeros(2, 4), num_classes=3)
    """
    expected = (len(inputs), num_classes)
    try:
        with torch.no_grad():
            outputs = network.eval()(inputs)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"`model` must take inputs of shape {tuple(inputs.shape)}; got {type(error).__name__}: {reason}. "
            "Check the first layer against the data."
        ) from error
    if not isinstance(outputs, Tensor) or tuple(outputs.shape) != expected or not outputs.is_floating_point():
        got = (
            f"{outputs.dtype} of shape {tuple(outputs.shape)}"
            if isinstance(outputs, Tensor)
            else type(outputs).__name__
        )
        raise ModelError(
            f"`model` must return floating-point logits of shape {expected} (example, class); got {got}. "
            f"Make its last layer {num_classes} wide, without softmax."
        )
