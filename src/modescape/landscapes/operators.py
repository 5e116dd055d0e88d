"""Matrices of second derivatives that are never formed: they are applied to vectors."""

import threading
import warnings
from functools import cache, partial
from types import ModuleType
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator
from torch import Tensor, nn

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, MissingDependencyError, Quoted
from modescape.landscapes.double_backward import ggn_times, hessian_times
from modescape.landscapes.risk import Batches, Loss, Risk, placed, still

Matrix: TypeAlias = Literal["hessian", "ggn"]
"""The Hessian of the mean loss, or its generalised Gauss-Newton matrix, which has no negative eigenvalue for losses
that are convex in the outputs: the Hessian of the network taken as linear in its weights."""

COLUMNS = 8
"""Vectors at once: on a CPU each takes half the time that it takes alone; more take more memory and no less time."""

_one_at_a_time = threading.Lock()
"""PyTorch counts the levels of forward differentiation for all threads together."""


class CurvatureMatrix:
    """The Hessian or the generalised Gauss-Newton matrix of the mean loss over all parameters of a network.

    H = (1/N) sum_n d^2 l(f(x_n; w), y_n) / dw^2; G = (1/N) sum_n J_n' [d^2 l / df^2] J_n with J_n = df(x_n; w) / dw.

    Source: Pearlmutter (1994), https://doi.org/10.1162/neco.1994.6.1.147; Schraudolph (2002),
    https://doi.org/10.1162/08997660260028683; computed by curvlinops, https://github.com/f-dangel/curvlinops

    Args:
        network: The weights to look at; it is copied, not changed, and runs in evaluation mode.
        loss: Of outputs and targets: a mean over the batch, or one number an example.
        batches: Inputs as the network sees them, and targets; on a CPU batches of about 50 are fastest.
        matrix: "hessian" or "ggn".

    Raises:
        ArgumentError: If the matrix is unknown, there is no example or no parameter, or the loss is a sum.
        MissingDependencyError: If `curvlinops-for-pytorch` is not installed.

    >>> batches = [(torch.tensor([[1.0], [3.0]]), torch.zeros(2, 1))]
    >>> found = CurvatureMatrix(nn.Linear(1, 1, bias=False), nn.MSELoss(), batches, "hessian")
    >>> found.size, found.times(torch.ones(1, 1)).item()
    (1, 10.0)
    """

    def __init__(self, network: nn.Module, loss: Loss, batches: Batches, matrix: Matrix) -> None:
        check_choice(matrix, get_args(Matrix), "matrix")
        copied, risk = still(network), Risk(loss)
        parameters = list(copied.parameters())
        kinds = {parameter.dtype for parameter in parameters}
        if len(kinds) != 1:
            got = Quoted(", ".join(sorted(map(str, kinds))) or "none")
            raise ArgumentError("network", "have parameters, all of one type", got, "Convert it with .float()")
        library = curvlinops()
        kind = library.HessianLinearOperator if matrix == "hessian" else library.GGNLinearOperator
        examples = placed(batches, copied)
        # Its own check would draw from the global generator, and costs four passes.
        self._operator = kind(copied, risk, parameters, examples, check_deterministic=False)
        product = hessian_times if matrix == "hessian" else ggn_times
        self._backwards = partial(product, copied, risk, examples)
        self._goes_forwards = True
        self.size: int = self._operator.shape[0]
        self.shape = (self.size, self.size)
        self.dtype, self.device = parameters[0].dtype, parameters[0].device

    def __matmul__(self, vector: Float[Tensor, "param"]) -> Float[Tensor, "param"]:
        """Apply the matrix to one vector, as curvlinops asks for it."""
        return self.times(vector[:, None])[:, 0]

    def times(self, columns: Float[Tensor, "param run"]) -> Float[Tensor, "param run"]:
        """Apply the matrix to some vectors.

        Raises:
            ArgumentError: If PyTorch knows no second derivative of some layer.
        """
        return torch.cat([self._product(part.contiguous()) for part in columns.split(COLUMNS, dim=1)], dim=1)

    def to_scipy(self) -> LinearOperator:
        """Return the matrix as SciPy knows it."""
        like = torch.empty(0, dtype=self.dtype)

        def times(vector: Float[np.ndarray, "param"]) -> Float[np.ndarray, "param"]:
            column = torch.from_numpy(np.array(vector)).reshape(-1).to(self.device, self.dtype)
            return (self @ column).numpy(force=True)

        # The stubs of SciPy describe a subclass's constructor.
        return LinearOperator(self.shape, matvec=times, dtype=like.numpy().dtype)  # pyright: ignore[reportCallIssue]

    def _product(self, columns: Float[Tensor, "param run"]) -> Float[Tensor, "param run"]:
        """Apply the matrix to a few vectors, from the second time on in the way that worked at the first."""
        if self._goes_forwards:
            try:
                with _one_at_a_time:
                    return self._operator @ columns
            except RuntimeError:
                self._goes_forwards = False
        try:
            return self._backwards(columns)
        except RuntimeError as error:
            reason = str(error).split("\n", 1)[0].rstrip(".")
            if "differentia" not in reason and "derivative" not in reason:
                raise
            advice = "Build it of layers that can be differentiated twice"
            raise ArgumentError("network", "have second derivatives", Quoted(reason), advice) from error

    def normals(self, number: int, generator: torch.Generator) -> Float[Tensor, "run param"]:
        """Draw Gaussian vectors, of the type and on the device of the matrix."""
        # One by one: how torch uses up random numbers depends on how many are drawn at once.
        drawn = torch.stack([torch.randn(self.size, generator=generator) for _ in range(number)])
        return drawn.to(self.device, self.dtype)

    def signs(self, number: int, generator: torch.Generator) -> Float[Tensor, "run param"]:
        """Draw vectors of -1 and 1."""
        drawn = torch.stack([torch.randint(2, (self.size,), generator=generator) for _ in range(number)])
        return (2 * drawn - 1).to(self.device, self.dtype)


@cache
def curvlinops() -> ModuleType:
    """Import curvlinops, which takes a second and an optional package.

    Raises:
        MissingDependencyError: If it can't be imported.
    """
    try:
        with warnings.catch_warnings():
            # A package that it imports, and torch itself at the first forward derivative, use what torch gives up.
            warnings.filterwarnings("ignore", message=r".*torch\.jit\.script", category=DeprecationWarning)
            import curvlinops as library  # noqa: PLC0415  optional

            torch.func.jvp(torch.sin, (torch.zeros(1),), (torch.ones(1),))
    except ImportError as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise MissingDependencyError(
            f"Curvature needs the package `curvlinops-for-pytorch`, which can't be imported ({reason}). "
            'Run: pip install "modescape[curvature]".'
        ) from error
    return library
