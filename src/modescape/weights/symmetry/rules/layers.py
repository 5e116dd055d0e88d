"""Layers with weights: linear layers, convolutions, norms, embeddings."""

from collections.abc import Sequence

from modescape.weights.symmetry.flow import Call, Flow, Found, Rule
from modescape.weights.symmetry.terms import Dim, Value, fixed, size_of


def linear(flow: Flow, call: Call) -> Found:
    """Multiply by a matrix (output, input) and add a bias."""
    inputs, weight = call["input"], call["weight"]
    labels = "".join(chr(ord("A") + index) for index in range(len(inputs.dims) - 1))
    product = flow.contract((inputs.dims, labels + "i"), (weight.dims, "oi"), out=labels + "o")
    return with_bias(flow, product, call["bias"], len(product.dims) - 1)


def with_bias(flow: Flow, product: Value, bias: Value | None, place: int) -> Value:
    """Add a bias along one dimension, which gets its scales."""
    if bias is None:
        return product
    dim, other = flow.ledger.joined([product.dims[place], bias.dims[0]])
    flow.ledger.equal_degrees(dim, other)
    # Other dimensions of what the bias is added to are seen beside a bias that lacks them.
    flow.ledger.vanish(*(other for index, other in enumerate(product.dims) if index != place))
    return Value((*product.dims[:place], dim, *product.dims[place + 1 :]))


def convolution(flow: Flow, call: Call) -> Found:
    """Convolve (example, channel, ...) with a kernel (output, input of its group, ...)."""
    inputs, kernel, groups = call["input"], call["weight"], call["groups"]
    in_group = size_of(kernel.dims[1])
    outputs = size_of(kernel.dims[0]) // groups
    return _convolved(
        flow,
        call,
        flow.ledger.factorised(inputs.dims[1], (groups, in_group)),
        (*flow.ledger.factorised(kernel.dims[0], (groups, outputs)), kernel.dims[1]),
        "goi",
    )


def transposed_convolution(flow: Flow, call: Call) -> Found:
    """Convolve (example, channel, ...) with a transposed kernel (input, output of its group, ...)."""
    inputs, kernel, groups = call["input"], call["weight"], call["groups"]
    in_group = size_of(kernel.dims[0]) // groups
    return _convolved(
        flow,
        call,
        flow.ledger.factorised(inputs.dims[1], (groups, in_group)),
        (*flow.ledger.factorised(kernel.dims[0], (groups, in_group)), kernel.dims[1]),
        "gio",
    )


def _convolved(flow: Flow, call: Call, channels: Sequence[Dim], kernel: tuple[Dim, ...], labels: str) -> Value:
    """Contract channels of each group with a kernel whose first dimensions are split by `labels`."""
    inputs, weight = call["input"], call["weight"]
    pixels = [index for index in range(len(inputs.dims)) if index > 1]
    flow.frozen(inputs, pixels)
    flow.frozen(weight, range(2, len(weight.dims)))
    taps = [fixed(size_of(dim)) for dim in weight.dims[2:]]
    tap_labels = "".join(chr(ord("A") + index) for index in range(len(taps)))
    product = flow.contract(([inputs.dims[0], *channels], "ngi"), ([*kernel, *taps], labels + tap_labels), out="ngo")
    channel = flow.product(product.dims[1:])
    output = Value((product.dims[0], channel, *(fixed(size) for size in call.shape[2:])))
    return with_bias(flow, output, call["bias"], 1)


def batch_norm(flow: Flow, call: Call) -> Found:
    """Normalise channels by stored numbers, and multiply and shift them by learned ones."""
    return _normed(flow, call, _first_of(call, "input"), 1)


def instance_norm(flow: Flow, call: Call) -> Found:
    """Normalise the channels of each example by themselves."""
    inputs = call["input"]
    flow.ledger.note(inputs.dims[:2])
    return _normed(flow, call, inputs, 1)


def group_norm(flow: Flow, call: Call) -> Found:
    """Normalise groups of channels of each example."""
    inputs, groups = call["input"], call["num_groups"] or call["group"]
    size = size_of(inputs.dims[1])
    group, inside = flow.ledger.factorised(inputs.dims[1], (groups, size // groups))
    # The mean of a group does not know the channels inside.
    flow.ledger.note([inputs.dims[0], group])
    flow.ledger.note([inputs.dims[0], group, inside, *inputs.dims[2:]])
    return _normed(flow, call, inputs, 1)


def layer_norm(flow: Flow, call: Call) -> Found:
    """Normalise the last dimensions of each example, and multiply and shift them by learned numbers."""
    inputs = call["input"]
    first = len(inputs.dims) - len(call["normalized_shape"])
    flow.unscaled(inputs)
    flow.ledger.note(inputs.dims[:first])
    dims = list(inputs.dims)
    for index in range(first, len(dims)):
        names = [name for name in ("weight", "bias") if call[name] is not None]
        dim, *others = flow.ledger.joined([dims[index], *(call[name].dims[index - first] for name in names)])
        dims[index] = _learned(flow, dim, dict(zip(names, others, strict=True)))
    return Value(tuple(dims))


def _normed(flow: Flow, call: Call, inputs: Value, place: int) -> Value:
    """Normalise, and multiply and shift one dimension; scales come from what is learned alone."""
    flow.unscaled(inputs)
    names = [name for name in ("weight", "bias", "running_mean", "running_var") if isinstance(call[name], Value)]
    dim, *others = flow.ledger.joined([inputs.dims[place], *(call[name].dims[0] for name in names)])
    found = dict(zip(names, others, strict=True))
    flow.ledger.vanish(*(found[name] for name in names if name.startswith("running")))
    dim = _learned(flow, dim, found)
    return Value((*inputs.dims[:place], dim, *inputs.dims[place + 1 :]))


def _learned(flow: Flow, dim: Dim, found: dict[str, Dim]) -> Dim:
    """Return a normalised dimension with the scale of its weight, which its bias has too."""
    dim = flow.ledger.without_degrees(dim)
    if "weight" in found:
        dim = flow.ledger.summed_degrees(dim, found["weight"])
    if "bias" in found:
        flow.ledger.equal_degrees(dim, found["bias"])
    return dim


def several(rule: Rule) -> Rule:
    """Return a rule for an operation that returns its result and by-products, which are not understood."""

    def first_of_several(flow: Flow, call: Call) -> Found:
        num_outputs = len(call.node.meta["val"])
        return [rule(flow, call), *([None] * (num_outputs - 1))]

    return first_of_several


def embedding(flow: Flow, call: Call) -> Found:
    """Look rows of a table up, each of which has its place."""
    table, indices = call["weight"], call["indices"]
    table = flow.frozen(table, [0])
    flow.ledger.note([*indices.dims, table.dims[1]])
    return Value((*indices.dims, table.dims[1]))


def _first_of(call: Call, name: str) -> Value:
    return call[name]


RULES: dict[str, Rule] = {
    "aten.linear": linear,
    **dict.fromkeys(("aten.conv1d", "aten.conv2d", "aten.conv3d"), convolution),
    **dict.fromkeys(
        ("aten.conv_transpose1d", "aten.conv_transpose2d", "aten.conv_transpose3d"), transposed_convolution
    ),
    "aten.batch_norm": batch_norm,
    "aten._native_batch_norm_legit_no_training": several(batch_norm),
    "aten.instance_norm": instance_norm,
    "aten.group_norm": group_norm,
    "aten.native_group_norm": several(group_norm),
    "aten.layer_norm": layer_norm,
    "aten.native_layer_norm": several(layer_norm),
    "aten.rms_norm": layer_norm,
    "aten.embedding": embedding,
}
