"""What an ensemble at a temperature knows and does not know, in operations that any program can be exported with."""

import torch
from jaxtyping import Float
from torch import Tensor

from modescape.core.checks import PROBABILITY_FLOOR

STEPS = 6
"""Of the recurrence: the first term of the series that is left out is then below 3e-11."""


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
    joint: Float[Tensor, "example member class"], spreads: Float[Tensor, "example member"] | None = None
) -> tuple[Float[Tensor, "example"], Float[Tensor, "example"], Float[Tensor, "example"]]:
    """Return the total, aleatoric and epistemic uncertainty of a joint distribution of member and class, in nats.

    H(class) = H(class | member) + I(class; member): the entropy of the prediction is what would be left if one knew
    which member to trust, and what members dispute. None is below 0.

    At a temperature, or with another combination than the mean, the joint distribution of an ensemble is
    J(m, c) = q_c `speakers`(m | c), with q the class probabilities that are handed over: it keeps what the ensemble
    says about who speaks given the class, and gives classes their calibrated probabilities (the rule of conditioning
    of Jeffrey 1965, The Logic of Decision, chapter 11). The three numbers are then those of q, and add up; at
    temperature 1 they are `evaluate.entropy`, `expected_entropy` and `mutual_information`.

    A member may answer with a Dirichlet distribution in place of one answer. Its expected answer is then J(c | m), and
    its parameters have the sum A that the member gives them: the temperature moves the expected answer and leaves A.
    The uncertainties of the distribution (Malinin and Gales 2018, appendix C, https://arxiv.org/abs/1802.10501) follow
    in closed form, and what is disputed is I(class; member, answer drawn):
    aleatoric = sum_mc J(m, c) (digamma(A_m + 1) - digamma(A_m J(c | m) + 1)). At the temperature T of
    `methods.Part.concentration` they are those of the distribution that was learned, `dirichlet_uncertainty(z / T)`.
    The rule of conditioning, taken inside the distribution, would keep all that was learned of answers given the
    class, but leaves a distribution without a closed form.

    Source: Depeweg, Hernandez-Lobato, Doshi-Velez, Udluft (2018), section 3, https://arxiv.org/abs/1710.07283. Differs
    from it in the temperature, which it does not have.

    Args:
        joint: At least 0, with a sum of 1 for each example.
        spreads: 1 / A of each member; 0 where it gives one answer, as all do by default.

    >>> [round(part.item(), 4) for part in decomposition(torch.tensor([[[0.5, 0.0], [0.25, 0.25]]]))]
    [0.5623, 0.3466, 0.2158]
    """
    prediction, speaker = joint.sum(dim=1), joint.sum(dim=2, keepdim=True)
    total = -(prediction * _log(prediction)).sum(dim=1)
    if spreads is None:
        surprise = _log(speaker) - _log(joint)
    else:
        surprise = expected_surprise(joint / speaker.clamp_min(PROBABILITY_FLOOR), spreads[:, :, None])
    aleatoric = (joint * surprise).sum(dim=(1, 2))
    epistemic = (joint * (-surprise - _log(prediction)[:, None])).sum(dim=(1, 2))
    # Rounding alone can take them below 0.
    return total.clamp_min(0.0), aleatoric.clamp_min(0.0), epistemic.clamp_min(0.0)


def expected_surprise(expected: Float[Tensor, "*shape"], spread: Float[Tensor, "*#shape"]) -> Float[Tensor, "*shape"]:
    """Return the surprise at a class that is drawn from an answer, which is drawn from a Dirichlet distribution.

    digamma(A + 1) - digamma(A p + 1), in nats: given the class, the answer has one more of it in its parameters, and
    its log-probability of the class has this mean. With no spread it is -ln p. ONNX has no digamma: here is its
    recurrence, then its asymptotic series, both in terms of 1 / A, right to 1e-10.

    Source: NIST Digital Library of Mathematical Functions, 5.5.2 and 5.11.2, https://dlmf.nist.gov/5.11

    Args:
        expected: The expected probability p of the class.
        spread: 1 / A, with A the sum of all parameters.

    >>> found = expected_surprise(torch.tensor([0.25, 0.25]), torch.tensor([0.0, 0.25]))
    >>> [round(value, 4) for value in found.tolist()]  # ln 4, and 1/2 + 1/3 + 1/4
    [1.3863, 1.0833]
    """
    share = expected.clamp_min(PROBABILITY_FLOOR)
    return _digamma(torch.ones_like(share), spread) - _digamma(share, spread)


def _digamma(share: Tensor, spread: Tensor) -> Tensor:
    """Return digamma(share / spread + 1) + ln(spread), which has a limit where the spread is 0."""
    steps = sum((spread / (share + number * spread) for number in range(1, STEPS + 1)), torch.zeros_like(share))
    last = share + (STEPS + 1) * spread
    inverse = spread / last
    squared = inverse * inverse
    series = squared * (1 / 12 - squared * (1 / 120 - squared * (1 / 252 - squared / 240)))
    return last.log() - inverse / 2 - series - steps


def _log(probabilities: Tensor) -> Tensor:
    """Return logarithms; that of 0, which is multiplied by 0, is finite."""
    return probabilities.clamp_min(PROBABILITY_FLOOR).log()
