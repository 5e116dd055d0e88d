"""Centred kernel alignment: how alike two networks arrange the same examples, whatever their neurons are called."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.special import stdtrit
from torch import Tensor

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError, Quoted

LEAST_EXAMPLES = 4
"""The unbiased estimate divides by n (n - 3)."""


@dataclass(frozen=True)
class CkaEstimate:
    """Alignment of representations with its interval.

    Attributes:
        value: 1 where both arrange the examples alike; near 0, on either side, where they have nothing in common; NaN
            where one of them holds all examples in one place.
        low: Lower end of the interval; NaN with less than two batches.
        high: Upper end.
        num_batches: Batches it was measured on.
    """

    value: Float[np.ndarray, "*pair"]
    low: Float[np.ndarray, "*pair"]
    high: Float[np.ndarray, "*pair"]
    num_batches: int


def centred_gram(activations: Float[Tensor, "example ..."]) -> Float[Tensor, "example example"]:
    """Return the inner products of the activations of examples, centred so that estimates made of them are unbiased.

    With K = X X^T without its diagonal, for i != j:
    A_ij = K_ij - sum_k K_ik / (n - 2) - sum_k K_kj / (n - 2) + sum_kl K_kl / ((n - 1) (n - 2)), and A_ii = 0.
    Then HSIC_1(K, L) = sum_ij A_ij B_ij / (n (n - 3)).

    Source: Szekely, Rizzo (2014), section 3, https://doi.org/10.1214/14-AOS1255, whose inner product is the estimate of
    Song et al. (2012), section 3, https://jmlr.org/papers/v13/song12a.html.

    Args:
        activations: One row for each of at least 4 examples; what follows is flattened, so that a convolution's
            channels and places are features alike.

    Returns:
        In double precision.

    Raises:
        ArgumentError: If there are less than 4 examples, or activations are not finite.

    >>> centred = centred_gram(torch.eye(5))
    >>> centred.shape, bool(centred.sum(dim=0).abs().max() < 1e-12)
    (torch.Size([5, 5]), True)
    """
    number = len(activations) if activations.ndim else 0
    if activations.ndim < 2 or number < LEAST_EXAMPLES:
        rule = f"have the shape (example, ...) with at least {LEAST_EXAMPLES} examples"
        got, advice = Quoted(f"shape {tuple(activations.shape)}"), "Pass larger batches"
        raise ArgumentError("activations", rule, got, advice)
    rows = activations.detach().flatten(1)
    rows = rows if rows.dtype == torch.float64 else rows.float()
    if not bool(rows.isfinite().all()):
        advice = "Leave out the network that diverged"
        raise ArgumentError("activations", "be finite", Quoted("NaN or an infinity"), advice)
    # A shift of all examples changes nothing in the end, but products of what is far from 0 would lose digits.
    centred_rows = rows - rows.mean(dim=0)
    # What rounding leaves of a feature that is the same for all examples should not count as a difference.
    rounding = 4.0 * torch.finfo(rows.dtype).eps * rows.abs().amax(dim=0)
    rows = centred_rows.masked_fill_(centred_rows.abs().amax(dim=0) <= rounding, 0.0)
    gram = (rows @ rows.T).double().fill_diagonal_(0.0)
    sums = gram.sum(dim=0) / (number - 2)
    centred = gram - sums[:, None] - sums[None, :] + gram.sum() / ((number - 1) * (number - 2))
    return centred.fill_diagonal_(0.0)


def hsic(first: Float[Tensor, "example ..."], second: Float[Tensor, "example ..."]) -> float:
    """Return the unbiased estimate of the Hilbert-Schmidt independence criterion of two linear representations.

    HSIC_1(K, L) = (tr(K L) + 1^T K 1 1^T L 1 / ((n - 1) (n - 2)) - 2 / (n - 2) 1^T K L 1) / (n (n - 3)), with K = X X^T
    and L = Y Y^T without their diagonals. Its expectation is 0 for independent representations.

    Source: Song et al. (2012), section 3, https://jmlr.org/papers/v13/song12a.html

    Args:
        first: Activations of one network.
        second: Those of another one, on the same examples in the same order.

    Raises:
        ArgumentError: If examples are less than 4 or not the same number, or activations are not finite.

    >>> rows = torch.tensor([[0.0], [1.0], [0.0], [1.0], [0.0]])
    >>> round(hsic(rows, 2.0 * rows), 4)
    0.4
    """
    _check_paired(first, second)
    number = len(first)
    return float((centred_gram(first) * centred_gram(second)).sum()) / (number * (number - 3))


def cka(
    first: Float[Tensor, "example ..."],
    second: Float[Tensor, "example ..."],
    *,
    batch_size: int | None = None,
    confidence: float = 0.95,
) -> CkaEstimate:
    """Return the linear CKA of two representations, estimated without bias over batches.

    CKA = sum_b HSIC_1(K_b, L_b) / sqrt(sum_b HSIC_1(K_b, K_b) sum_b HSIC_1(L_b, L_b)). Rotations of the features,
    permutations of neurons among them, and a common factor change nothing.

    Source: Nguyen, Raghu, Kornblith (2021), section 3, https://arxiv.org/abs/2010.15327; linear CKA: Kornblith et al.
    (2019), section 3, https://arxiv.org/abs/1905.00414

    Args:
        first: Activations of one network.
        second: Those of another one, on the same examples in the same order.
        batch_size: Examples at once, at least 4; all of them where it is left out. A last batch of less than 4 is left
            out.
        confidence: Of the interval, which needs two batches.

    Raises:
        ArgumentError: If examples are less than 4 or not the same number, or a number is wrong.

    >>> generator = torch.Generator().manual_seed(0)
    >>> rows = torch.randn(60, 3, generator=generator)
    >>> found = cka(rows, rows @ torch.tensor([[0.0, 2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 2.0]]), batch_size=20)
    >>> round(float(found.value), 6), found.num_batches
    (1.0, 3)
    """
    _check_paired(first, second)
    size = len(first) if batch_size is None else batch_size
    check_at_least(size, LEAST_EXAMPLES, "batch_size", "Pass 200")
    tally = CkaTally()
    for one, other in zip(first.split(size), second.split(size), strict=True):
        if len(one) >= LEAST_EXAMPLES:
            tally.add(centred_gram(one)[None], centred_gram(other)[None])
    found = tally.result(confidence=confidence)
    return CkaEstimate(found.value[0, 0], found.low[0, 0], found.high[0, 0], found.num_batches)


class CkaTally:
    """CKA of many representations with many others, batch by batch.

    >>> tally = CkaTally()
    >>> for batch in torch.arange(60.0).sin().reshape(3, 10, 2):
    ...     grams = torch.stack([centred_gram(batch), centred_gram(batch[:, :1])])
    ...     tally.add(grams, grams)
    >>> tally.result().value.shape, round(float(tally.result().value[0, 0]), 6)
    ((2, 2), 1.0)
    """

    def __init__(self) -> None:
        self._products: list[np.ndarray] = []
        self._firsts: list[np.ndarray] = []
        self._seconds: list[np.ndarray] = []

    def add(
        self, first: Float[Tensor, "first example example"], second: Float[Tensor, "second example example"]
    ) -> None:
        """Take in one batch, as `centred_gram` gives it for each representation.

        Raises:
            ArgumentError: If the two are of different numbers of examples.
        """
        if first.shape[1:] != second.shape[1:]:
            rule, got = f"be of {first.shape[-1]} examples, as first is", Quoted(f"{second.shape[-1]}")
            raise ArgumentError("second", rule, got, "Show the same examples to all networks")
        number = first.shape[-1]
        rows, columns = first.flatten(1), second.flatten(1)
        scale = 1.0 / (number * (number - 3))
        self._products.append(((rows @ columns.T) * scale).cpu().numpy())
        self._firsts.append((rows.square().sum(dim=1) * scale).cpu().numpy())
        self._seconds.append((columns.square().sum(dim=1) * scale).cpu().numpy())

    def result(self, *, confidence: float = 0.95) -> CkaEstimate:
        """Return what the batches give, with the jackknife's interval over batches.

        With B batches and c_(-b) the estimate without batch b: c -+ t sqrt((B - 1) / B sum_b (c_(-b) - mean)^2), where
        t is the (1 + confidence) / 2 quantile of Student's distribution with B - 1 degrees of freedom.

        Source: Efron, Tibshirani (1993), An Introduction to the Bootstrap, section 11.2

        Raises:
            ArgumentError: If there was no batch, or the confidence lies outside (0, 1).
        """
        if not 0.0 < confidence < 1.0:
            raise ArgumentError("confidence", "lie between 0 and 1", confidence, "Pass 0.95")
        number = len(self._products)
        check_at_least(number, 1, "batches", "Add a batch of at least 4 examples first")
        products, firsts, seconds = (np.stack(each) for each in (self._products, self._firsts, self._seconds))
        value = _ratio(products.sum(axis=0), firsts.sum(axis=0), seconds.sum(axis=0))
        if number < 2:
            missing = np.full_like(value, np.nan)
            return CkaEstimate(value, missing, missing, number)
        without = _ratio(*(each.sum(axis=0) - each for each in (products, firsts, seconds)))
        error = np.sqrt((number - 1) / number * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        half = stdtrit(number - 1, (1 + confidence) / 2) * error
        return CkaEstimate(value, (value - half).clip(-1.0, 1.0), (value + half).clip(-1.0, 1.0), number)


def _ratio(
    products: Float[np.ndarray, "*batch first second"],
    firsts: Float[np.ndarray, "*batch first"],
    seconds: Float[np.ndarray, "*batch second"],
) -> Float[np.ndarray, "*batch first second"]:
    """Return products over the roots of both squares, NaN where a square is 0."""
    squares = firsts[..., :, None] * seconds[..., None, :]
    known = (firsts[..., :, None] > 0.0) & (seconds[..., None, :] > 0.0) & (squares > 0.0)
    return np.divide(products, np.sqrt(np.where(known, squares, 1.0)), out=np.full_like(products, np.nan), where=known)


def _check_paired(first: Tensor, second: Tensor) -> None:
    """Raise unless both are of the same number of examples."""
    if first.shape[:1] != second.shape[:1]:
        rule, got = f"be of {len(first)} examples, as first is", Quoted(f"shape {tuple(second.shape)}")
        raise ArgumentError("second", rule, got, "Show the same examples to both networks")
