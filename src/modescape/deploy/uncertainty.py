"""What an ensemble at a temperature knows and does not know, in operations that any program can be exported with."""

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.checks import PROBABILITY_FLOOR


def speakers(
    members: Float[Tensor, "example member class"], weights: Float[Tensor, "member"]
) -> Float[Tensor, "example member class"]:
    """Return how probable it is that each member speaks, given the class: w_m p_mc / sum_k w_k p_kc.

    Args:
        members: Class probabilities of each member.
        weights: At least 0, with a sum of 1.

    >>> speakers(torch.tensor([[[0.9, 0.1], [0.6, 0.4]]]), torch.full((2,), 0.5))[0, :, 1].round(decimals=4).tolist()
    [0.2..., 0.8...]
    """
    shares = members * weights[:, None]
    mixture = shares.sum(dim=1, keepdim=True)
    # A class that no member thinks possible tells nothing about who speaks.
    return torch.where(mixture > PROBABILITY_FLOOR, shares / mixture.clamp_min(PROBABILITY_FLOOR), weights[:, None])


def tempered(mixture: Float[Tensor, "example class"], temperature: Tensor | float) -> Float[Tensor, "example class"]:
    """Return probabilities at a temperature, as `evaluate.with_temperature` does: softmax(ln max(p, 2**-126) / T).

    >>> [round(value, 4) for value in tempered(torch.tensor([[0.8, 0.2]]), 0.5)[0].tolist()]
    [0.9412, 0.0588]
    """
    return (mixture.clamp_min(PROBABILITY_FLOOR).log() / temperature).softmax(dim=1)


def decomposition(
    joint: Float[Tensor, "example member class"],
) -> tuple[Float[Tensor, "example"], Float[Tensor, "example"], Float[Tensor, "example"]]:
    """Return the total, aleatoric and epistemic uncertainty of a joint distribution of member and class, in nats.

    H(class) = H(class | member) + I(class; member): the entropy of the prediction is what would be left if one knew
    which member to trust, and what members dispute. None is below 0.

    At a temperature, or with another combination than the mean, the joint distribution of an ensemble is
    J(m, c) = q_c `speakers`(m | c), with q the class probabilities that are handed over: it keeps what the ensemble
    says about who speaks given the class, and gives classes their calibrated probabilities (the rule of conditioning
    of Jeffrey 1965, The Logic of Decision, chapter 11). The three numbers are then those of q, and add up; at
    temperature 1 they are `evaluate.entropy`, `expected_entropy` and `mutual_information`.

    Source: Depeweg, Hernandez-Lobato, Doshi-Velez, Udluft (2018), section 3, https://arxiv.org/abs/1710.07283. Differs
    from it in the temperature, which it does not have.

    Args:
        joint: At least 0, with a sum of 1 for each example.

    >>> [round(part.item(), 4) for part in decomposition(torch.tensor([[[0.5, 0.0], [0.25, 0.25]]]))]
    [0.5623, 0.3466, 0.2158]
    """
    prediction, speaker = joint.sum(dim=1), joint.sum(dim=2, keepdim=True)
    total = -(prediction * _log(prediction)).sum(dim=1)
    aleatoric = (joint * (_log(speaker) - _log(joint))).sum(dim=(1, 2))
    epistemic = (joint * (_log(joint) - _log(speaker) - _log(prediction)[:, None])).sum(dim=(1, 2))
    # Rounding alone can take them below 0.
    return total.clamp_min(0.0), aleatoric.clamp_min(0.0), epistemic.clamp_min(0.0)


def _log(probabilities: Tensor) -> Tensor:
    """Return logarithms; that of 0, which is multiplied by 0, is finite."""
    return probabilities.clamp_min(PROBABILITY_FLOOR).log()
