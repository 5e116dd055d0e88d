"""Operations that treat each entry by itself, alone or together with the same entries of other tensors."""

from collections.abc import Sequence
from typing import Any

from modescape.weights.symmetry.flow import Call, Flow, Found, Rule
from modescape.weights.symmetry.terms import Dim, Stack, Value, fixed, size_of
from modescape.weights.symmetry.tracing import operation_of


def named(names: str) -> list[str]:
    """Return the full names of operations.

    >>> named("relu abs")
    ['aten.relu', 'aten.abs']
    """
    return ["aten." + name for name in names.split()]


def homogeneous(flow: Flow, call: Call) -> Found:
    """Pass on one tensor: what is multiplied by a positive number before is multiplied by it after."""
    found = call.first()
    if isinstance(found, Value) and not call.node.meta["val"].is_floating_point():
        flow.unscaled(found)
    return found if isinstance(found, Value | Stack) else None


def nonlinear(flow: Flow, call: Call) -> Found:
    """Line all tensors up; none may have scales."""
    tensors = call.tensors()
    flow.unscaled(*tensors)
    return flow.alike(tensors)


def added(flow: Flow, call: Call) -> Found:
    """Line tensors up, with the same scales in all; with a number added, with none."""
    tensors = call.tensors()
    if len(tensors) < 2 and _number(call["other"]) != 0:
        flow.unscaled(*tensors)
    return flow.alike(tensors)


def multiplied(flow: Flow, call: Call) -> Found:
    """Line tensors up, and multiply their scales."""
    tensors = call.tensors()
    if len(tensors) < 2:
        return _by_a_number(flow, call)
    return _scaled_by(flow, tensors[0], tensors[1], 1)


def divided(flow: Flow, call: Call) -> Found:
    """Line tensors up, and divide their scales."""
    tensors = call.tensors()
    if len(tensors) < 2:
        return _by_a_number(flow, call)
    if call["rounding_mode"] is not None:
        flow.unscaled(*tensors)
    return _scaled_by(flow, tensors[0], tensors[1], -1)


def clamped(flow: Flow, call: Call) -> Found:
    """Pass on one tensor; with scales where it is cut at zero alone."""
    bounds = [call["min"], call["max"]]
    tensors = call.tensors()
    if len(tensors) > 1 or any(bound not in (None, 0) for bound in bounds):
        return nonlinear(flow, call)
    return tensors[0]


def thresholded(flow: Flow, call: Call) -> Found:
    """Pass on one tensor; with scales where everything at or below zero becomes zero."""
    if (call["threshold"], call["value"]) != (0, 0):
        return nonlinear(flow, call)
    return call.first()


def leaky(flow: Flow, call: Call) -> Found:
    """Multiply negative entries by a learned number for each channel, which has no scale."""
    inputs, weight = call["self"], call["weight"]
    flow.unscaled(weight)
    if size_of(weight.dims[0]) == 1:
        return inputs
    dim, _ = flow.ledger.joined([inputs.dims[1], weight.dims[0]])
    return Value((inputs.dims[0], dim, *inputs.dims[2:]))


def masked(flow: Flow, call: Call) -> Found:
    """Set some entries to a number; with scales where that is zero or infinite."""
    inputs, mask = call["self"], call["mask"]
    flow.unscaled(mask)
    if isinstance(call["value"], Value) or _number(call["value"]) not in (0.0, float("-inf"), float("inf")):
        flow.unscaled(inputs)
    return flow.alike([inputs, mask], degrees=False)


def chosen(flow: Flow, call: Call) -> Found:
    """Choose entries from two tensors, which have the same scales, by a third that has none."""
    flow.unscaled(call["condition"])
    values = [value for value in (call["self"], call["other"]) if isinstance(value, Value)]
    if len(values) < 2:
        flow.unscaled(*values)
    alike = flow.alike(values)
    return flow.alike([alike, call["condition"]], degrees=False)


def gated(flow: Flow, call: Call) -> Found:
    """Multiply one half of a dimension by the sigmoid of the other."""
    inputs, place = call["self"], call["dim"] % len(call["self"].dims)
    dim = inputs.dims[place]
    one, gate = flow.ledger.cut(dim, [size_of(dim) // 2])
    one, gate = flow.ledger.joined([one, gate])
    flow.ledger.vanish(gate)
    return Value((*inputs.dims[:place], one, *inputs.dims[place + 1 :]))


def uniform(flow: Flow, call: Call) -> Found:
    """Make a tensor that has one value everywhere; any units fit it, with any scale where that is zero."""
    is_zero = "zeros" in operation_of(call.node) or call["fill_value"] == 0
    return Value(tuple(flow.free(call, index, size, scaled=is_zero) for index, size in enumerate(call.shape)))


def constant(flow: Flow, call: Call) -> Found:
    """Make a tensor that depends on no input: each of its entries has its place."""
    del flow
    return Value(tuple(fixed(size) for size in call.shape))


def _scaled_by(flow: Flow, first: Value, second: Value, factor: int) -> Value:
    """Line two tensors up; the scales of the second count times a factor."""
    num_dims = max(len(first.dims), len(second.dims))
    pairs = zip(_padded(first, num_dims), _padded(second, num_dims), strict=True)
    dims = [_scaled_dim(flow, one, other, factor) for one, other in pairs]
    flow.ledger.note(dims)
    return Value(tuple(dims))


def _scaled_dim(flow: Flow, first: Dim, second: Dim, factor: int) -> Dim:
    if size_of(second) == 1:
        return flow.ledger.resolved(first)
    if size_of(first) == 1:
        second = flow.ledger.resolved(second)
        return second if factor == 1 else flow.ledger.summed_degrees(flow.ledger.without_degrees(second), second, -1)
    one, other = flow.ledger.joined([first, second])
    return flow.ledger.summed_degrees(one, other, factor)


def _padded(value: Value, num_dims: int) -> Sequence[Dim]:
    return [fixed(1)] * (num_dims - len(value.dims)) + list(value.dims)


def _by_a_number(flow: Flow, call: Call) -> Found:
    """Multiply or divide by a number, which is homogeneous where the number is positive and below the line."""
    tensors = call.tensors()
    if not tensors:
        return None
    if not isinstance(call["self"], Value):
        flow.unscaled(*tensors)
    return tensors[0]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


HOMOGENEOUS = (
    "relu leaky_relu abs neg dropout feature_dropout alpha_dropout feature_alpha_dropout clone contiguous to _to_copy "
    "detach alias lift_fresh_copy lift_fresh rrelu positive type_as"
)

RULES: dict[str, Rule] = {
    "pointwise": nonlinear,
    **dict.fromkeys(named(HOMOGENEOUS), homogeneous),
    **dict.fromkeys(named("add sub maximum minimum"), added),
    **dict.fromkeys(named("mul multiply"), multiplied),
    **dict.fromkeys(named("div divide true_divide"), divided),
    **dict.fromkeys(named("clamp clamp_min clamp_max"), clamped),
    "aten.threshold": thresholded,
    "aten.prelu": leaky,
    "aten.masked_fill": masked,
    "aten.where": chosen,
    "aten.glu": gated,
    **dict.fromkeys(
        named("zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full scalar_tensor"), uniform
    ),
    **dict.fromkeys(named("arange linspace eye tril_indices triu_indices"), constant),
}
"""`pointwise` stands for all other operations that torch marks as such."""
