"""Operations that put entries of a dimension together: sums, means, pooling, softmax."""

from collections.abc import Sequence

from modescape.weights.symmetry.flow import Call, Flow, Found, Rule
from modescape.weights.symmetry.rules.elementwise import named
from modescape.weights.symmetry.terms import Value, fixed


def reduced(flow: Flow, call: Call) -> Found:
    """Take the sum, mean or an extreme over dimensions, whose order does not matter."""
    inputs = call.first()
    num_dims = len(inputs.dims)
    gone = _dims(call["dim"], num_dims)
    for place in gone:
        flow.ledger.vanish(inputs.dims[place])
    kept = bool(call["keepdim"])
    dims = [fixed(1) if place in gone else dim for place, dim in enumerate(inputs.dims) if kept or place not in gone]
    return Value(tuple(dims))


def spread(flow: Flow, call: Call) -> Found:
    """Take a spread or a norm over dimensions, whose order does not matter."""
    flow.unscaled(call.first())
    return reduced(flow, call)


def extreme(flow: Flow, call: Call) -> Found:
    """Take an extreme over a dimension, and where it stands, for which the order matters."""
    inputs = call.first()
    if call["dim"] is None:
        return reduced(flow, call)
    flow.frozen(inputs, [call["dim"]])
    found = reduced(flow, call)
    return [found, found] if isinstance(call.node.meta["val"], list | tuple) else found


def pairwise_extreme(flow: Flow, call: Call) -> Found:
    """Take an extreme of two tensors, or over dimensions."""
    return flow.alike(call.tensors()) if len(call.tensors()) > 1 else extreme(flow, call)


def softmax(flow: Flow, call: Call) -> Found:
    """Make the entries of a dimension sum to one; their order does not matter."""
    inputs = call.first()
    flow.unscaled(inputs)
    place = call["dim"] % len(inputs.dims) if inputs.dims else 0
    flow.ledger.note([dim for index, dim in enumerate(inputs.dims) if index != place])
    return inputs


def cumulative(flow: Flow, call: Call) -> Found:
    """Put entries of a dimension together with those before them, in their order."""
    flow.unscaled(call.first())
    return flow.frozen(call.first(), [call["dim"]])


def pooled(num_pooled: int) -> Rule:
    """Return a rule for pooling or resizing the last dimensions, whose order matters."""

    def rule(flow: Flow, call: Call) -> Found:
        inputs = flow.frozen(call.first(), range(-num_pooled, 0))
        example = call.node.meta["val"]
        shape = example.shape if not isinstance(example, list | tuple) else example[0].shape
        output = Value((*inputs.dims[:-num_pooled], *(fixed(size) for size in shape[-num_pooled:])))
        return [output, output] if isinstance(example, list | tuple) else output

    return rule


def unfolded(flow: Flow, call: Call) -> Found:
    """Put the pixels of patches beside each other: (example, channel x pixel of the patch, patch)."""
    inputs = flow.frozen(call.first(), [-2, -1])
    pixels = call.shape[-2] // call.node.args[0].meta["val"].shape[-3]  # type: ignore[union-attr]
    channel = flow.product([inputs.dims[-3], fixed(pixels)])
    return Value((*inputs.dims[:-3], channel, fixed(call.shape[-1])))


def _dims(given: int | Sequence[int] | None, num_dims: int) -> list[int]:
    if given is None or (not isinstance(given, int) and not given):
        return list(range(num_dims))
    return [place % num_dims for place in ([given] if isinstance(given, int) else given)]


POOLING = (
    "max_pool avg_pool adaptive_avg_pool adaptive_max_pool upsample_nearest _upsample_nearest_exact reflection_pad "
    "replication_pad"
)

RULES: dict[str, Rule] = {
    **dict.fromkeys(named("sum mean amax amin"), reduced),
    **dict.fromkeys(named("var std norm linalg_vector_norm logsumexp prod any all"), spread),
    **dict.fromkeys(named("argmax argmin median"), extreme),
    **dict.fromkeys(named("max min"), pairwise_extreme),
    **dict.fromkeys(named("softmax log_softmax _softmax _log_softmax"), softmax),
    **dict.fromkeys(named("cumsum cumprod logcumsumexp"), cumulative),
    **{f"{name}{num}d": pooled(num) for num in (1, 2, 3) for name in named(POOLING)},
    **{f"aten.max_pool{num}d_with_indices": pooled(num) for num in (1, 2, 3)},
    "aten.upsample_linear1d": pooled(1),
    "aten.upsample_bilinear2d": pooled(2),
    "aten.upsample_bicubic2d": pooled(2),
    "aten.upsample_trilinear3d": pooled(3),
    "aten.im2col": unfolded,
}
