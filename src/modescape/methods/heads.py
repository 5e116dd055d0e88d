"""Losses of networks that give several answers to an example."""

from math import log

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F


def head_losses(
    outputs: Float[Tensor, "batch head class"], labels: Int[Tensor, "batch"], *, smoothing: float = 0.0
) -> Float[Tensor, "batch head"]:
    """Return the cross-entropy of each answer in nats.

    Args:
        outputs: Logits.
        labels: The class of each example.
        smoothing: Share of the target that is spread over all classes.

    >>> import torch
    >>> head_losses(torch.zeros(1, 2, 4), torch.tensor([3])).exp().round().tolist()
    [[4.0, 4.0]]
    """
    num_heads = outputs.shape[1]
    repeated = labels.unsqueeze(1).expand(-1, num_heads).flatten()
    losses = F.cross_entropy(outputs.flatten(0, 1), repeated, reduction="none", label_smoothing=smoothing)
    return losses.unflatten(0, (-1, num_heads))


def mean_prediction_loss(
    outputs: Float[Tensor, "batch head class"], labels: Int[Tensor, "batch"], *, smoothing: float = 0.0
) -> Float[Tensor, "batch"]:
    """Return the cross-entropy, in nats, of the mean of the class probabilities of all answers.

    Arguments are those of `head_losses`.

    >>> import torch
    >>> mean_prediction_loss(torch.zeros(1, 2, 4), torch.tensor([3])).exp().round().tolist()
    [4.0]
    """
    mean = outputs.log_softmax(dim=-1).logsumexp(dim=1) - log(outputs.shape[1])
    own = -mean.gather(1, labels.unsqueeze(1)).squeeze(1)
    return (1.0 - smoothing) * own - smoothing * mean.mean(dim=1)
