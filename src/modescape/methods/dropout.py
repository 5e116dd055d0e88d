"""Networks whose dropout stays on when they predict."""

from collections.abc import Callable
from copy import deepcopy

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd  # pyright: ignore[reportPrivateUsage]

from modescape.core.errors import ModelError
from modescape.core.seeds import seeded_globals
from modescape.core.trees import Tree
from modescape.functions.layout import channels_last
from modescape.functions.predictions import BATCH_SIZE
from modescape.train import load_weights
from modescape.train.noise import MaskSource, drawing


class AlwaysOn(nn.Module):
    """A dropout layer that drops in evaluation mode too.

    >>> AlwaysOn(nn.Dropout(1.0)).eval()(torch.ones(2)).tolist()
    [0.0, 0.0]
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._layer = (layer,)  # in a tuple, so that the mode of the network does not reach it
        layer.train()

    def forward(self, inputs: Tensor) -> Tensor:
        """Drop at random."""
        return self._layer[0](inputs)


def with_dropout_on(network: nn.Module) -> nn.Module:
    """Return a copy of a network whose dropout layers drop in evaluation mode too; all else is evaluated as usual.

    Raises:
        ModelError: If it has no dropout layer that drops anything.

    >>> network = with_dropout_on(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))).eval()
    >>> network[1].training, type(network[1]).__name__
    (False, 'AlwaysOn')
    """
    changed = deepcopy(network)
    found = 0
    for part in list(changed.modules()):
        for name, layer in list(part.named_children()):
            if isinstance(layer, _DropoutNd) and layer.p > 0.0:
                setattr(part, name, AlwaysOn(layer))
                found += 1
    if not found:
        raise ModelError(
            "`model` must have dropout layers (nn.Dropout) that drop something, to be sampled; got none. "
            "Leave mc-dropout out, or give the network one, such as --model-option dropout=0.1."
        )
    return changed


def predict_with_dropout(
    network: nn.Module,
    weights: Tree,
    inputs: Shaped[Tensor, "example ..."],
    *,
    prepare: Callable[[Tensor], Tensor],
    seed: int,
) -> Float[Tensor, "example class"]:
    """Return the class probabilities of one pass with dropout on, whose masks depend on the seed alone.

    Source: Gal, Ghahramani (2016), section 4, https://arxiv.org/abs/1506.02142

    >>> network = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 3))
    >>> weights = dict(network.named_parameters())
    >>> predict_with_dropout(network, weights, torch.ones(4, 2), prepare=lambda batch: batch, seed=1).shape
    torch.Size([4, 3])
    """
    dropping = channels_last(with_dropout_on(network)).eval()
    load_weights(dropping, weights)
    device = next(dropping.parameters()).device
    # Masks come from the kernels of training: those of PyTorch take longer than all else in a pass.
    with torch.inference_mode(), seeded_globals(seed, device), drawing(MaskSource(seed, device)):
        pieces = [dropping(prepare(batch.to(device))).softmax(dim=-1) for batch in inputs.split(BATCH_SIZE)]
    return torch.cat(pieces).cpu()
