"""How alike the layers of members arrange the same examples, whatever their neurons are called."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from modescape.core.axes import LAYER, LAYER_OTHER, MEMBER, MEMBER_OTHER
from modescape.core.errors import ModelError
from modescape.core.trees import Tree
from modescape.evaluate import pair_mean_interval
from modescape.functions.activations import layer_outputs
from modescape.functions.kernel_alignment import LEAST_EXAMPLES, CkaEstimate, CkaTally, centred_gram
from modescape.studies.context import StudyContext
from modescape.studies.members import named
from modescape.studies.step import LeftOutError, Step
from modescape.weights import layers_of

MAX_MEMBERS = 10
NUM_UNTRAINED = 5
"""Networks that were never trained: what the architecture and the examples alone make alike."""
TASK = "representations"
Grams = dict[str, Float[Tensor, "example example"]]


def _work(context: StudyContext) -> dict[str, xr.Dataset | None]:
    """Compare members layer by layer, all layers of the first two, and networks that were never trained."""
    members = context.trained[:MAX_MEMBERS]
    if len(members) < 2:
        raise LeftOutError("It needs two trained members.")
    layers = list(layers_of({name: context.network.get_parameter(name) for name in context.parameter_names}))
    trained = [context.run.read_weights(member, context.solution_step(member)) for member in members]
    untrained = _untrained(context)
    batches = list(_batches(context))
    context.progress.start(TASK, len(batches))
    alike, start, cross = _Layers(), _Layers(), CkaTally()
    seen: list[str] = layers
    for batch in batches:
        grams = [_grams(context, weights, batch, layers) for weights in trained]
        seen = [name for name in layers if name in grams[0]]
        alike.add(grams, seen)
        start.add([_grams(context, weights, batch, layers) for weights in untrained], seen)
        cross.add(*(torch.stack([found[name] for name in seen]) for found in grams[:2]))
        context.progress.advance(TASK, note=f"{len(seen)} layers")
    confidence = context.settings.compare.confidence
    found, between = alike.results(confidence), cross.result(confidence=confidence)
    dataset = _dataset(members, seen, found, between)
    dataset = dataset.assign(_means("parting", [one.value for one in found], confidence))
    if untrained:
        dataset = dataset.assign(_means("untrained", [one.value for one in start.results(confidence)], confidence))
    dataset.attrs |= {
        "num_examples": sum(map(len, batches)),
        "batch": len(batches[0]),
        "num_batches": len(batches),
        "confidence": confidence,
        "members_left_out": len(context.trained) - len(members),
        "layers_left_out": ", ".join(name for name in layers if name not in seen),
        "pair": f"{members[0]}-{members[1]}",
        "num_untrained": len(untrained),
    }
    return {"results/representations": named(context, dataset)}


class _Layers:
    """A tally for each layer, of all members with all."""

    def __init__(self) -> None:
        self._tallies: dict[str, CkaTally] = {}

    def add(self, grams: Sequence[Grams], layers: Sequence[str]) -> None:
        """Take in one batch."""
        for name in layers if grams else ():
            rows = torch.stack([found[name] for found in grams])
            self._tallies.setdefault(name, CkaTally()).add(rows, rows)

    def results(self, confidence: float) -> list[CkaEstimate]:
        """Return what each layer gives."""
        return [tally.result(confidence=confidence) for tally in self._tallies.values()]


def _batches(context: StudyContext) -> Iterator[Tensor]:
    """Yield raw examples; a last batch that is too small for an estimate is left out.

    Raises:
        LeftOutError: If there is none.
    """
    settings = context.settings.differences
    inputs = context.sample_of(context.dataset.test, settings.cka_examples).inputs
    if len(inputs) < LEAST_EXAMPLES:
        raise LeftOutError(f"It needs {LEAST_EXAMPLES} test examples.")
    yield from (batch for batch in inputs.split(settings.cka_batch) if len(batch) >= LEAST_EXAMPLES)


def _grams(context: StudyContext, weights: Tree, batch: Tensor, layers: Sequence[str]) -> Grams:
    """Return what is needed of the outputs of each layer of one network."""
    device = context.task.device
    on_device = {name: tensor.to(device) for name, tensor in weights.items()}
    inputs = context.dataset.prepare(batch.to(device))
    return layer_outputs(context.network, on_device, inputs, layers, keep=centred_gram, seed=context.settings.seed)


def _untrained(context: StudyContext) -> list[Tree]:
    """Return networks that are drawn as members are; none where they can't be built, or are all the same."""
    first = context.settings.train.members
    try:
        networks = [context.task.network(member) for member in range(first, first + NUM_UNTRAINED)]
    except ModelError:
        return []
    trees = [{name: tensor.detach() for name, tensor in network.state_dict().items()} for network in networks]
    same = all(torch.equal(tensor, trees[1][name]) for name, tensor in trees[0].items())
    return [] if same else trees


def _dataset(members: list[int], layers: list[str], found: list[CkaEstimate], between: CkaEstimate) -> xr.Dataset:
    """Return the estimates by name."""
    pairs, cross = [LAYER, MEMBER, MEMBER_OTHER], [LAYER, LAYER_OTHER]
    variables: dict[str, Any] = {}
    for end, part in (("", "value"), ("_low", "low"), ("_high", "high")):
        variables[f"cka{end}"] = (pairs, np.stack([getattr(one, part) for one in found]))
        variables[f"cross{end}"] = (cross, getattr(between, part))
    coords = {LAYER: layers, LAYER_OTHER: layers, MEMBER: members, MEMBER_OTHER: members}
    return xr.Dataset(variables, coords=coords)


def _means(
    name: str, squares: Sequence[Float[np.ndarray, "member member_other"]], confidence: float
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return the mean over pairs of networks for each layer, with its interval."""
    found = np.array([pair_mean_interval(square, confidence=confidence) for square in squares]).clip(-1.0, 1.0)
    return {f"{name}{end}": ([LAYER], found[:, place]) for place, end in enumerate(("", "_low", "_high"))}


representations = Step(
    "representations",
    "activations layer by layer",
    ("results/representations",),
    _work,
    options=("confidence", "cka_examples", "cka_batch"),
)
