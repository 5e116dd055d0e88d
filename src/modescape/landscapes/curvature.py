"""How the loss bends around weights: the largest eigenvalues, the trace and the spectrum of its second derivatives."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigsh
from torch import Tensor, nn

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError
from modescape.core.seeds import Stream, derived_seed, seeded_globals, torch_generator
from modescape.landscapes.operators import COLUMNS, CurvatureMatrix, Matrix, curvlinops
from modescape.landscapes.risk import Batches, Loss

TOLERANCE = 1e-2
"""Relative accuracy asked of eigenvalues: that of curvlinops for the ends of a spectrum. The error of a well separated
eigenvalue is of the order of its square."""

END_TOLERANCE = 1e-4
"""Accuracy asked of the smallest eigenvalue, as a share of the width of the spectrum. A share of itself would never be
reached where it is 0, as it is for Gauss-Newton matrices of networks with more parameters than outputs to fit."""

MAX_RESTARTS = 30
"""Of ARPACK; an eigenvalue that was not found by then is NaN."""

DENSE_SIZE = 64
"""Matrices with at most so many rows are written out: ARPACK can't have all eigenvalues of a matrix."""

KERNEL_RATIO, MARGIN = 3.0, 0.05
"""Of spectral densities, as Papyan (2020), section D.2, and curvlinops have them."""

EIGENVALUE_RUN, TRACE_RUN, DENSITY_RUN = range(3)


@dataclass(frozen=True)
class Trace:
    """A trace and its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Density:
    """How the eigenvalues of a matrix are spread.

    Attributes:
        at: Evenly spaced values.
        density: Density of the eigenvalues there: the sum of all, times the distance of two values, is 1.
        smallest: The smallest eigenvalue, to a ten-thousandth of the width of the spectrum.
        largest: The largest one.
    """

    at: Float[np.ndarray, "bin"]
    density: Float[np.ndarray, "bin"]
    smallest: float
    largest: float


def top_eigenvalues(
    network: nn.Module, loss: Loss, batches: Batches, *, matrix: Matrix = "hessian", num: int = 1, seed: int
) -> Float[np.ndarray, "eigenvalue"]:
    """Return the algebraically largest eigenvalues of a matrix of second derivatives, decreasing.

    Computed by ARPACK's implicitly restarted Lanczos method, with a relative accuracy of 1%.

    Source: Lehoucq, Sorensen, Yang (1998), ARPACK Users' Guide, https://doi.org/10.1137/1.9780898719628, through
    SciPy's `eigsh`; for networks Ghorbani, Krishnan, Xiao (2019), https://arxiv.org/abs/1901.10159

    Args:
        network: The weights to look at; it is copied, not changed, and runs in evaluation mode with the statistics of
            batch norm that it has.
        loss: Of outputs and targets: a mean over the batch, or one number an example.
        batches: Inputs as the network sees them, and targets; on a CPU batches of about 50 are fastest.
        matrix: "hessian", or "ggn" for the generalised Gauss-Newton matrix.
        num: How many of the largest, at most as many as there are parameters.
        seed: Seed of the random vector.

    Returns:
        NaN where an eigenvalue was not found, or the curvature is not finite.

    Raises:
        ArgumentError: If a number or word is wrong, there is no example or no parameter, or the loss is a sum.
        MissingDependencyError: If `curvlinops-for-pytorch` is not installed.

    >>> import torch
    >>> batches = [(torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.zeros(2, 1))]
    >>> top_eigenvalues(nn.Linear(2, 1, bias=False), nn.MSELoss(), batches, num=2, seed=0).round(4).tolist()
    [9.0, 1.0]
    """
    check_at_least(num, 1, "num", "Pass 1 for the largest eigenvalue")
    operator = CurvatureMatrix(network, loss, batches, matrix)
    if num > operator.size:
        rule = f"be at most {operator.size}, the number of parameters"
        raise ArgumentError("num", rule, num, "Ask for fewer eigenvalues")
    return _largest(operator, num, derived_seed(seed, Stream.PROBE, EIGENVALUE_RUN))


def _largest(operator: CurvatureMatrix, num: int, seed: int) -> Float[np.ndarray, "eigenvalue"]:
    """Return the largest eigenvalues, decreasing; NaN at the end for those that were not found."""
    start = operator.normals(1, torch_generator(seed)).T
    if not bool(operator.times(start).isfinite().all()):
        return np.full(num, np.nan)
    if operator.size <= max(DENSE_SIZE, 2 * num):
        return np.linalg.eigvalsh(_dense(operator))[::-1][:num]
    found = _arpack(operator.to_scipy(), num, "LA", TOLERANCE, start.reshape(-1).numpy(force=True))
    return np.concatenate([np.sort(found)[::-1], np.full(num - len(found), np.nan)]).astype(np.float64)


def _ends(operator: CurvatureMatrix, seed: int) -> tuple[float, float]:
    """Return the smallest and the largest eigenvalue, NaN where they were not found."""
    high = float(_largest(operator, 1, seed)[0])
    if not math.isfinite(high):
        return math.nan, math.nan
    if operator.size <= DENSE_SIZE:
        return float(np.linalg.eigvalsh(_dense(operator))[0]), high
    start = operator.normals(1, torch_generator(seed)).reshape(-1).numpy(force=True)
    whole = operator.to_scipy()
    # Of A - high * I the one sought is as large as the spectrum is wide, and ARPACK's tolerance a share of that.
    below = LinearOperator(whole.shape, lambda vector: whole @ vector - high * vector, dtype=whole.dtype)  # pyright: ignore[reportCallIssue]
    found = _arpack(below, 1, "SA", END_TOLERANCE, start)
    return (float(found[0]) + high if len(found) else math.nan), high


def _arpack(
    matrix: LinearOperator, num: int, which: str, tolerance: float, start: Float[np.ndarray, "param"]
) -> Float[np.ndarray, "eigenvalue"]:
    """Return the eigenvalues that were found, at most so many."""
    try:
        found = eigsh(
            matrix,
            num,
            which=which,
            v0=start,
            tol=tolerance,  # pyright: ignore[reportArgumentType]
            maxiter=MAX_RESTARTS,
            return_eigenvectors=False,
        )
    except ArpackNoConvergence as error:
        found = error.eigenvalues
    except ArpackError:
        found = np.empty(0)
    return np.asarray(found)


def _dense(operator: CurvatureMatrix) -> Float[np.ndarray, "param param"]:
    """Write a small matrix out."""
    columns = operator.times(torch.eye(operator.size, dtype=operator.dtype, device=operator.device))
    return ((columns + columns.T) / 2).double().numpy(force=True)


def trace(
    network: nn.Module, loss: Loss, batches: Batches, *, matrix: Matrix = "hessian", num_samples: int = 20, seed: int
) -> Trace:
    """Return the trace of a matrix of second derivatives, estimated from random vectors, with its standard error.

    (1/S) sum_s v_s' A v_s, the entries of v_s being -1 or 1 with equal probability; error = s / sqrt(S), with s the
    standard deviation of the terms.

    Source: Hutchinson (1989), https://doi.org/10.1080/03610918908812806

    Args:
        network: The weights to look at; it is copied, not changed, and runs in evaluation mode with the statistics of
            batch norm that it has.
        loss: Of outputs and targets: a mean over the batch, or one number an example.
        batches: Inputs as the network sees them, and targets; on a CPU batches of about 50 are fastest.
        matrix: "hessian", or "ggn" for the generalised Gauss-Newton matrix.
        num_samples: Random vectors S, at least 2.
        seed: Their seed.

    Raises:
        ArgumentError: If a number or word is wrong, there is no example or no parameter, or the loss is a sum.
        MissingDependencyError: If `curvlinops-for-pytorch` is not installed.

    >>> import torch
    >>> batches = [(torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.zeros(2, 1))]
    >>> trace(nn.Linear(2, 1, bias=False), nn.MSELoss(), batches, num_samples=3, seed=0)
    Trace(value=10.0, error=0.0)
    """
    check_at_least(num_samples, 2, "num_samples", "A standard error needs two: pass 20")
    operator = CurvatureMatrix(network, loss, batches, matrix)
    generator = torch_generator(derived_seed(seed, Stream.PROBE, TRACE_RUN))
    terms: list[float] = []
    while len(terms) < num_samples:
        signs = operator.signs(min(COLUMNS, num_samples - len(terms)), generator)
        terms += (operator.times(signs.T).T * signs).double().sum(dim=1).tolist()
    return Trace(float(np.mean(terms)), float(np.std(terms, ddof=1)) / math.sqrt(num_samples))


def spectral_density(
    network: nn.Module,
    loss: Loss,
    batches: Batches,
    *,
    matrix: Matrix = "hessian",
    num_samples: int = 4,
    rank: int = 40,
    num_bins: int = 256,
    seed: int,
) -> Density:
    """Return how the eigenvalues of a matrix of second derivatives are spread, by stochastic Lanczos quadrature.

    Each of several Lanczos iterations from random vectors gives eigenvalues t_i and weights q_i that sum to 1; the
    density is the mean over iterations of sum_i q_i N(t_i, s^2), with s = 2 r / ((rank - 1) sqrt(8 ln 3)) for a
    spectrum of half-width r, margin included: details finer than s, such as eigenvalues near 0 told from 0 itself, are
    not seen.

    Source: Papyan (2020), algorithm 2 and section D.2, https://jmlr.org/papers/v21/20-933.html, in the implementation
    of curvlinops, https://github.com/f-dangel/curvlinops; Ghorbani, Krishnan, Xiao (2019),
    https://arxiv.org/abs/1901.10159

    Args:
        network: The weights to look at; it is copied, not changed, and runs in evaluation mode with the statistics of
            batch norm that it has.
        loss: Of outputs and targets: a mean over the batch, or one number an example.
        batches: Inputs as the network sees them, and targets; on a CPU batches of about 50 are fastest.
        matrix: "hessian", or "ggn" for the generalised Gauss-Newton matrix.
        num_samples: Iterations, each from a random vector of its own.
        rank: Steps of each, at least 2.
        num_bins: Number of values, at least 2, at which the density is given; they reach 5% beyond the smallest and
            the largest eigenvalue.
        seed: Seed of the random vectors.

    Returns:
        Per unit of eigenvalue (the loss's over the square of a weight's); NaN throughout where curvature is not finite.

    Raises:
        ArgumentError: If a number or word is wrong, there is no example or no parameter, or the loss is a sum.
        MissingDependencyError: If `curvlinops-for-pytorch` is not installed.

    >>> import torch
    >>> batches = [(torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.zeros(2, 1))]
    >>> found = spectral_density(nn.Linear(2, 1, bias=False), nn.MSELoss(), batches, num_bins=50, seed=0)
    >>> round(float(found.density.sum() * (found.at[1] - found.at[0])), 3)
    1.0
    """
    check_at_least(num_samples, 1, "num_samples", "Pass 4")
    check_at_least(rank, 2, "rank", "Pass 40")
    check_at_least(num_bins, 2, "num_bins", "Pass 256")
    operator = CurvatureMatrix(network, loss, batches, matrix)
    low, high = _ends(operator, derived_seed(seed, Stream.PROBE, DENSITY_RUN))
    if not (math.isfinite(low) and math.isfinite(high)):
        return Density(np.full(num_bins, np.nan), np.full(num_bins, np.nan), math.nan, math.nan)
    # A matrix with one eigenvalue has no width.
    spread = max(high - low, 1e-3 * abs(high), 1e-12) - (high - low)
    ends = low - spread / 2, high + spread / 2
    if operator.size <= DENSE_SIZE:
        at, density = _density_of_all(operator, ends, num_bins)
    else:
        with seeded_globals(derived_seed(seed, Stream.PROBE, DENSITY_RUN), operator.device):
            at, density = curvlinops().lanczos_approximate_spectrum(
                operator, min(rank, operator.size), num_points=num_bins, num_repeats=num_samples, boundaries=ends
            )
    at, density = at.double().numpy(force=True), density.double().numpy(force=True)
    return Density(at, density / (density.sum() * (at[1] - at[0])), low, high)


def _density_of_all(operator: CurvatureMatrix, ends: tuple[float, float], num_bins: int) -> tuple[Tensor, Tensor]:
    """Return the density of a small matrix from all of its eigenvalues, smoothed in the same way."""
    curvlinops()
    from curvlinops.papyan2020traces.spectrum import (  # noqa: PLC0415  optional, and imported without a warning above
        lanczos_approximate_spectrum_from_iter,
    )

    values = torch.from_numpy(np.linalg.eigvalsh(_dense(operator)))
    alike = torch.full((len(values), len(values)), len(values) ** -0.5, dtype=values.dtype)
    return lanczos_approximate_spectrum_from_iter(
        (values, alike), ends, num_points=num_bins, kappa=KERNEL_RATIO, margin=MARGIN
    )
