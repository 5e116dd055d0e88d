"""What the layers of any network answer to examples."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import seeded_globals
from modescape.functions.predictions import evaluating, kept_buffers


def layer_outputs(
    network: nn.Module,
    weights: Mapping[str, Tensor] | None,
    inputs: Float[Tensor, "example ..."],
    layers: Iterable[str],
    *,
    keep: Callable[[Tensor], Tensor] = torch.clone,
    seed: int = 0,
) -> dict[str, Tensor]:
    """Return the outputs of modules of a network in evaluation mode, in the order of their names.

    Of a module that gives several tensors it is the first, and of one that is called several times the last call's.
    Modules that are not called, or whose output is not one row an example, are not among the results: a wrapper's
    parameters may be used without it.

    Args:
        network: The architecture; it is left as it was.
        weights: Parameters and buffers to use in place of the network's own; None for those.
        inputs: What the network sees, on its device.
        layers: Names of modules, as `modescape.weights.layers_of` gives them; the names of parameters of the network
            itself are no modules, and left out.
        keep: What is kept of an output, such as its Gram matrix; the whole where it is left out. The layers behind may
            write into the tensor that it is given.
        seed: As in `predict`.

    Raises:
        ArgumentError: If a name is neither a module nor a parameter.

    >>> network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> {name: tuple(found.shape) for name, found in layer_outputs(network, None, torch.ones(5, 2), ["0", "2"]).items()}
    {'0': (5, 3), '2': (5, 1)}
    """
    names = list(layers)
    found: dict[str, Tensor] = {}

    def note(name: str, output: object) -> None:
        tensor = output[0] if isinstance(output, tuple) and output else output
        if isinstance(tensor, Tensor) and tensor.ndim >= 2 and len(tensor) == len(inputs):
            found[name] = keep(tensor.detach())

    with (
        _hooks(network, names, note),
        evaluating(network),
        kept_buffers(network),
        torch.no_grad(),
        seeded_globals(seed, inputs.device),
    ):
        if weights is None:
            network(inputs)
        else:
            functional_call(network, dict(weights), (inputs,))
    return {name: found[name] for name in names if name in found}


@contextmanager
def _hooks(network: nn.Module, names: Sequence[str], note: Callable[[str, object], None]) -> Iterator[None]:
    """Tell the outputs of modules inside the block."""
    modules, parameters = dict(network.named_modules()), dict(network.named_parameters())
    unknown = next((name for name in names if name not in modules and name not in parameters), None)
    if unknown is not None:
        advice = "Take names from network.named_modules()"
        raise ArgumentError("layers", "be names of modules of the network", Quoted(repr(unknown)), advice)
    handles = [
        modules[name].register_forward_hook(lambda _module, _inputs, output, name=name: note(name, output))
        for name in names
        if name in modules
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
