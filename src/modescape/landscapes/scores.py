"""Losses and metrics by example, where they can be had: what sums and standard errors are made of."""

import copy
import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from modescape.core.errors import ArgumentError, Quoted

Metric = Callable[[Any, Any], Any]
"""Takes outputs and targets of a batch, and returns a number (the mean) or one an example."""


@dataclass(frozen=True)
class Part:
    """What a metric says about one batch.

    Attributes:
        sums: Its numerators: one an example, or one for all of them.
        shares: Its denominators: the value over all examples is the sum of `sums` over that of `shares`.
        by_example: Whether they are those of single examples.
    """

    sums: Float[Tensor, "example"]
    shares: Float[Tensor, "example"]
    by_example: bool


Score = Callable[[Any, Any, int], Part]
"""A metric that is called with the number of examples, too."""


def score_of(metric: Metric, argument: str) -> Score:
    """Return a metric by example, where it is a loss of torch with the reduction "mean" or says one number an example.

    A mean over classes with weights, or without those to be ignored, is a ratio of two sums: both are kept by example.

    Args:
        metric: A loss of `torch.nn`, a function of `torch.nn.functional` (also as a `functools.partial`), or any
            callable.
        argument: The name to use in errors.

    >>> part = score_of(nn.MSELoss(), "loss")(torch.tensor([[0.0, 2.0]]), torch.zeros(1, 2), 1)
    >>> part.sums.tolist(), part.shares.tolist(), part.by_example
    ([4.0], [2.0], True)
    """
    known = _without_reduction(metric)
    if known is None:
        return functools.partial(_as_it_says, metric, argument)
    return functools.partial(_by_example, *known)


def value_and_error(parts: Sequence[Part], num_used: int, num_available: int) -> tuple[float, float]:
    """Return the value over all examples of some batches, and its standard error as one over all that are available.

    sum s_i / sum w_i, with the error sqrt(1 - n/N) sd(s_i - value w_i) / (sqrt(n) mean w); 0 where n = N, and NaN where
    numbers by example can't be had.

    Source: Cochran (1977), Sampling Techniques, 3rd edition, sections 2.6 and 6.4

    >>> part = Part(torch.tensor([1.0, 3.0]), torch.ones(2), by_example=True)
    >>> value_and_error([part], 2, 2), value_and_error([part], 2, 4)
    ((2.0, 0.0), (2.0, 0.7071067811865476))
    """
    sums, shares = (
        torch.cat([getattr(part, name) for part in parts]).double().cpu().numpy() for name in ("sums", "shares")
    )
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        value = float(sums.sum() / shares.sum())
        if num_used == num_available:
            return value, 0.0
        if num_used < 2 or not all(part.by_example for part in parts):
            return value, math.nan
        deviation = np.std(sums - value * shares, ddof=1)
        share_left = 1 - num_used / num_available
        return value, float(deviation / shares.mean() * math.sqrt(share_left / num_used))


def _without_reduction(metric: Metric) -> tuple[Metric, Mapping[str, Any]] | None:
    """Return a loss of torch by example, and its options; None for everything else."""
    if isinstance(metric, nn.Module):
        # Classes derived from torch's may do anything.
        if type(metric).__module__ != nn.modules.loss.__name__ or getattr(metric, "reduction", None) != "mean":
            return None
        plain: Any = copy.copy(metric)
        plain.reduction = "none"
        return plain, {name: getattr(metric, name, None) for name in ("weight", "ignore_index", "reduction")} | {
            "family": type(metric)
        }
    function, options = (metric.func, metric.keywords) if isinstance(metric, functools.partial) else (metric, {})
    if getattr(F, getattr(function, "__name__", ""), None) is not function or getattr(metric, "args", ()):
        return None
    parameters = inspect.signature(function).parameters
    if "reduction" not in parameters or options.get("reduction", parameters["reduction"].default) != "mean":
        return None
    defaults = {name: parameters[name].default for name in ("weight", "ignore_index") if name in parameters}
    return functools.partial(function, **{**options, "reduction": "none"}), {**defaults, **options, "family": function}


def _by_example(loss: Metric, options: Mapping[str, Any], outputs: Any, targets: Any, number: int) -> Part:
    """Return the sums and the numbers of terms of each example."""
    terms = loss(outputs, targets)
    shares = torch.ones_like(terms)
    if (
        options["family"] in {nn.CrossEntropyLoss, nn.NLLLoss, F.cross_entropy, F.nll_loss}
        and not targets.is_floating_point()
    ):
        used = targets != options["ignore_index"]
        weight = options["weight"]
        shares = used.to(terms.dtype) if weight is None else weight.to(terms)[targets * used] * used
    terms, shares = terms.double(), shares.double()
    if terms.numel() % number:
        return Part(terms.sum()[None], shares.sum()[None], by_example=False)
    return Part(terms.reshape(number, -1).sum(dim=1), shares.reshape(number, -1).sum(dim=1), by_example=True)


def _as_it_says(metric: Metric, argument: str, outputs: Any, targets: Any, number: int) -> Part:
    """Call a metric that may return the mean of a batch or one number an example."""
    found = torch.as_tensor(metric(outputs, targets)).detach().double()
    if found.ndim == 0:
        return Part(found[None] * number, torch.full((1,), float(number), dtype=torch.float64), by_example=False)
    if found.shape != (number,):
        got = Quoted(f"shape {tuple(found.shape)} for {number} examples")
        advice = "Take the mean over all other axes"
        raise ArgumentError(argument, "return one number for a batch, or one for each example", got, advice)
    return Part(found, torch.ones_like(found), by_example=True)
