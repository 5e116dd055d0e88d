"""A network whose logits are those of a Dirichlet distribution over answers: its likelihood and its uncertainty."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class DirichletLikelihood:
    """The negative log-likelihood of answers under a Dirichlet distribution with parameters exp(logits).

    L = -(1/M) sum_m log Dir(p_m; exp(z / T)), where the answers are smoothed first: (1 - s) p + s / C with C classes.

    Source: Malinin, Mlodozeniec, Gales (2020), equation 8 and section 3, https://arxiv.org/abs/1905.00076

    Args:
        temperature: T, as that at which the answers were made.
        smoothing: s.

    >>> loss = DirichletLikelihood(temperature=1.0, smoothing=0.0)
    >>> round(loss(torch.zeros(1, 3), torch.tensor([[[0.2, 0.3, 0.5]]])).item(), 4)  # the density is 2 everywhere
    -0.6931
    """

    temperature: float
    smoothing: float

    def __call__(
        self, outputs: Float[Tensor, "batch class"], targets: Float[Tensor, "batch teacher class"]
    ) -> Float[Tensor, "batch"]:
        """Return the loss of each example in nats.

        Args:
            outputs: The student's logits.
            targets: The answer of each teacher.
        """
        logits = outputs / self.temperature
        concentration = logits.exp()
        logs = ((1 - self.smoothing) * targets + self.smoothing / targets.shape[2]).log().mean(dim=1)
        # log Gamma(a) = log Gamma(a + 1) - log a stays finite where a is 0 to rounding.
        gammas = torch.lgamma(concentration + 1) - logits
        normaliser = gammas.sum(dim=1) - torch.lgamma(concentration.sum(dim=1))
        return normaliser - ((concentration - 1) * logs).sum(dim=1)


@dataclass(frozen=True, eq=False)
class DirichletUncertainty:
    """The uncertainty of one answer, in nats.

    Args:
        total: The entropy of the expected answer.
        aleatoric: The expected entropy of an answer.
        epistemic: Their difference: the mutual information of the class and the answer drawn.
    """

    total: Float[Tensor, "example"]
    aleatoric: Float[Tensor, "example"]
    epistemic: Float[Tensor, "example"]


def dirichlet_uncertainty(logits: Float[Tensor, "example class"]) -> DirichletUncertainty:
    """Return the uncertainty of answers that are drawn from a Dirichlet distribution with parameters exp(logits).

    With a = exp(z), A = sum_c a_c and p = a / A: total = -sum_c p_c log p_c, and
    aleatoric = sum_c p_c (digamma(A + 1) - digamma(a_c + 1)).

    Source: Malinin, Gales (2018), appendix C, https://arxiv.org/abs/1802.10501

    Args:
        logits: Of a student of `DistributionDistillation`; computed in double precision.

    >>> found = dirichlet_uncertainty(torch.tensor([[0.0, 0.0], [9.0, 9.0]]))
    >>> [[round(value, 3) for value in each.tolist()] for each in (found.total, found.epistemic)]
    [[0.693, 0.693], [0.193, 0.0]]
    """
    wide = logits.double()
    concentration, expected = wide.exp(), wide.softmax(dim=1)
    total = -torch.special.xlogy(expected, expected).sum(dim=1)
    gaps = torch.digamma(concentration.sum(dim=1, keepdim=True) + 1) - torch.digamma(concentration + 1)
    aleatoric = (expected * gaps).sum(dim=1)
    return DirichletUncertainty(total, aleatoric, (total - aleatoric).clamp_min(0.0))
