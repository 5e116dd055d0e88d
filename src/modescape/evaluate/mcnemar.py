"""McNemar's test: is one of two members right more often than the other, on the same examples?"""

from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy.stats import binom, chi2

from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted

McNemarMethod = Literal["exact", "mid-p", "asymptotic"]
METHODS: tuple[McNemarMethod, ...] = ("exact", "mid-p", "asymptotic")


def mcnemar(
    first_only: ArrayLike, second_only: ArrayLike, *, method: McNemarMethod = "exact"
) -> Float[np.ndarray, "..."]:
    """Return the p-value of the hypothesis that two members are right equally often.

    Of n = b + c examples that exactly one decides right, b should be Binomial(n, 1/2). `exact` is twice the smaller
    tail, at most 1; `mid-p` counts half the probability of what was observed, and is less cautious;
    `asymptotic` refers (b - c)^2 / n to the chi-square distribution with one degree of freedom. 1 where n is 0.

    Source: McNemar (1947), https://doi.org/10.1007/BF02295996; the variants: Fagerland, Lydersen, Laake (2013),
    https://doi.org/10.1186/1471-2288-13-91

    Args:
        first_only: Examples that only the first decides right; any shape.
        second_only: Examples that only the second does; any shape that broadcasts with it.
        method: `exact`, `mid-p` or `asymptotic`.

    Raises:
        ArgumentError: If a count is negative or no whole number, or there is no such method.

    >>> round(float(mcnemar(1, 7)), 4), round(float(mcnemar(1, 7, method="mid-p")), 4)
    (0.0703, 0.0391)
    """
    check_choice(method, METHODS, "method")
    b, c = np.broadcast_arrays(_counted(first_only, "first_only"), _counted(second_only, "second_only"))
    # Many pairs have the same two counts, and a tail of the binomial distribution takes long.
    least, total = np.minimum(b, c), b + c
    base = int(total.max(initial=0)) + 1
    codes, place = np.unique(least * base + total, return_inverse=True)
    smaller, number = np.divmod(codes, base)
    if method == "asymptotic":
        found = chi2.sf((number - 2 * smaller) ** 2 / np.maximum(number, 1), 1)
    else:
        found = np.minimum(2 * binom.cdf(smaller, number, 0.5), 1.0)
    if method == "mid-p":
        # With b = c the observed count is one point and not one in each tail.
        point = binom.pmf(smaller, number, 0.5)
        found = np.where(2 * smaller == number, 1 - point / 2, 2 * binom.cdf(smaller, number, 0.5) - point)
        found = np.where(number == 0, 1.0, found)
    return found[place].reshape(b.shape)


def holm(p_values: ArrayLike) -> Float[np.ndarray, "..."]:
    """Return p-values adjusted for how many there are: below a level, all of them are, with the error of one test.

    Sorted, p_(i) becomes max over j <= i of min(1, (n - j + 1) p_(j)); NaN stays and is not counted.

    Source: Holm (1979), https://www.jstor.org/stable/4615733

    Args:
        p_values: P-values of all tests that are looked at together, in any shape.

    Raises:
        ArgumentError: If one lies outside [0, 1].

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    array = np.asarray(p_values, dtype=np.float64)
    wrong = (array < 0) | (array > 1)
    if wrong.any():
        raise ArgumentError("p_values", "lie in [0, 1]", float(array[wrong].flat[0]), "Pass the result of a test")
    known = np.flatnonzero(~np.isnan(array.ravel()))
    order = known[np.argsort(array.ravel()[known], kind="stable")]
    adjusted = np.full(array.size, np.nan)
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(array.ravel()[order] * factors), 1.0)
    return adjusted.reshape(array.shape)


def _counted(counts: ArrayLike, argument: str) -> np.ndarray:
    """Return counts as whole numbers, after checking them."""
    array = np.asarray(counts)
    if not np.issubdtype(array.dtype, np.integer) or (array < 0).any():
        shown = array[array < 0].flat[0] if np.issubdtype(array.dtype, np.number) and (array < 0).any() else array.dtype
        raise ArgumentError(argument, "be whole numbers at least 0", Quoted(str(shown)), "Pass counts of examples")
    return array.astype(np.int64, copy=False)
