"""How much predictors of some accuracy must, and can, disagree with a reference: two analytic limits.

In the plane of accuracy and disagreement, the lower limit is a reference that was only spoiled, the upper one a
predictor that has nothing but the truth in common with it. Where predictors lie between the two says how diverse they
are at the price of accuracy they pay.
"""

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from modescape.core.checks import check_at_least
from modescape.core.errors import ArgumentError


def lower_limit(accuracy: ArrayLike, *, reference_accuracy: ArrayLike, num_classes: int) -> Float[np.ndarray, "..."]:
    """Return the disagreement of a reference with itself after decisions were changed at random, down to an accuracy.

    A changed decision goes to each of the C - 1 other classes alike. From a = r (1 - d) + (1 - r) d / (C - 1):
    d = (r - a) / (r - (1 - r) / (C - 1)), and 0 for a >= r. It meets `upper_limit` at chance, a = 1/C; an accuracy
    below (1 - r) / (C - 1) can't be reached so, and has the limit 1.

    Source: Fort, Hu, Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757, and the section
    "Diversity vs Accuracy" of its notebook,
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape

    Args:
        accuracy: Accuracy a, any shape; NaN gives NaN.
        reference_accuracy: Accuracy r of the reference, above 1/C; broadcast against `accuracy`.
        num_classes: Number of classes C.

    Raises:
        ArgumentError: If an accuracy is outside [0, 1], the reference is not better than chance, or there are fewer
            than 2 classes.

    >>> lower_limit([0.9, 0.7, 0.1], reference_accuracy=0.7, num_classes=10).round(6).tolist()
    [0.0, 0.0, 0.9]
    """
    a, r = _checked(accuracy, reference_accuracy, num_classes)
    return np.clip((r - a) / (r - (1.0 - r) / (num_classes - 1)), 0.0, 1.0)


def upper_limit(accuracy: ArrayLike, *, reference_accuracy: ArrayLike, num_classes: int) -> Float[np.ndarray, "..."]:
    """Return the disagreement of two predictors that are independent given the truth.

    Each is right with its own accuracy, and where it is wrong decides for each of the C - 1 other classes alike:
    d = r (1 - a) + a (1 - r) + (1 - r) (1 - a) (C - 2) / (C - 1). Predictors that tend to make different errors on
    purpose can lie above.

    Source: Fort, Hu, Lakshminarayanan (2019), https://arxiv.org/abs/1912.02757, and the section
    "Diversity vs Accuracy" of its notebook,
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape

    Args:
        accuracy: Accuracy a, any shape; NaN gives NaN.
        reference_accuracy: Accuracy r of the reference, above 1/C; broadcast against `accuracy`.
        num_classes: Number of classes C.

    Raises:
        ArgumentError: If an accuracy is outside [0, 1], the reference is not better than chance, or there are fewer
            than 2 classes.

    >>> upper_limit([1.0, 0.7, 0.1], reference_accuracy=0.7, num_classes=10).round(6).tolist()
    [0.3, 0.5, 0.9]
    """
    a, r = _checked(accuracy, reference_accuracy, num_classes)
    return r * (1.0 - a) + a * (1.0 - r) + (1.0 - r) * (1.0 - a) * (num_classes - 2) / (num_classes - 1)


def _checked(
    accuracy: ArrayLike, reference_accuracy: ArrayLike, num_classes: int
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Return both accuracies in double precision, after checking them."""
    check_at_least(num_classes, 2, "num_classes", "Pass the number of classes of the data")
    accuracies = np.asarray(accuracy, dtype=np.float64)
    references = np.asarray(reference_accuracy, dtype=np.float64)
    wrong = (accuracies < 0.0) | (accuracies > 1.0)
    if wrong.any():
        got = float(accuracies[wrong].flat[0])
        raise ArgumentError("accuracy", "be a fraction between 0 and 1", got, "Divide percentages by 100")
    wrong = ~((references > 1.0 / num_classes) & (references <= 1.0))
    if wrong.any():
        rule = f"lie above chance (1/{num_classes}) and not above 1"
        advice = "A reference that guesses has no limits: take one that has learned"
        raise ArgumentError("reference_accuracy", rule, float(references[wrong].flat[0]), advice)
    return accuracies, references
