"""Operations that move entries and compute nothing: reshape, transpose, cut, put together, repeat."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from torch.fx import Node

from modescape.weights.symmetry.flow import Call, Flow, Found, Rule
from modescape.weights.symmetry.rules.elementwise import named
from modescape.weights.symmetry.terms import Dim, Stack, Value, fixed, is_fixed, simple, size_of
from modescape.weights.symmetry.tracing import operation_of


def reshaped(flow: Flow, call: Call) -> Found:
    """Flatten dimensions and write them as other products; as a stack where one of them is then taken apart."""
    inputs = call.first()
    if isinstance(inputs, Stack):
        return flow.refuse(call, "it reshapes a tensor made of several")
    blocks: list[list[list[Dim]]] = []
    stack: int | None = None
    for before, after in _blocks([size_of(dim) for dim in inputs.dims], call.shape):
        whole = flow.product([inputs.dims[index] for index in before])
        sizes = [call.shape[index] for index in after]
        apart = next((place for place, index in enumerate(after) if _taken_apart(call.node, index)), None)
        if apart is None or stack is not None or is_fixed(flow.ledger.resolved(whole)):
            blocks.append([flow.ledger.factorised(whole, sizes)])
        else:
            stack = after[apart]
            blocks.append(_stacked(flow, whole, sizes, apart))
    if stack is None:
        return Value(tuple(dim for block in blocks for dim in block[0]))
    parts = range(call.shape[stack])
    return Stack(stack, tuple(Value(tuple(dim for one in blocks for dim in one[part % len(one)])) for part in parts))


def _stacked(flow: Flow, whole: Dim, sizes: Sequence[int], apart: int) -> list[list[Dim]]:
    """Write a dimension as a product, another one for each place of one factor."""
    outer, inner = sizes[:apart], sizes[apart + 1 :]
    *around, stack = flow.ledger.factorised(whole, (*outer, sizes[apart] * prod(inner)))
    pieces = flow.ledger.cut(stack, [place * prod(inner) for place in range(1, sizes[apart])])
    return [[*around, fixed(1), *flow.ledger.factorised(piece, inner)] for piece in pieces]


def _blocks(before: Sequence[int], after: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Return which dimensions before become which after: the smallest blocks of the same number of entries."""
    blocks: list[tuple[list[int], list[int]]] = []
    olds, news = list(range(len(before))), list(range(len(after)))
    while olds or news:
        old, new = olds[:1], news[:1]
        del olds[:1], news[:1]
        sizes = prod(before[index] for index in old), prod(after[index] for index in new)
        while sizes[0] != sizes[1] and (olds or news):
            grows, more = (old, olds) if sizes[0] < sizes[1] else (new, news)
            grows.append(more.pop(0))
            sizes = prod(before[index] for index in old), prod(after[index] for index in new)
        blocks.append((old, new))
    return blocks


def _taken_apart(node: Node, dim: int) -> bool:
    """Say whether all that reads a tensor takes its entries along a dimension one by one."""
    return bool(node.users) and all(_takes_apart(user, node, dim) for user in node.users)


def _takes_apart(user: Node, node: Node, dim: int) -> bool:
    operation, num_dims = operation_of(user), len(node.meta["val"].shape)
    if operation in ("aten.select", "aten.unbind"):
        along: Any = user.args[1] if len(user.args) > 1 else 0
        return along % num_dims == dim
    if operation in ("aten.clone", "aten.contiguous", "aten.detach"):
        return _taken_apart(user, dim)
    order = ORDERS.get(operation)
    if order is None:
        return False
    moved = order(user.args[1:], num_dims)
    return dim in moved and _taken_apart(user, moved.index(dim))


def _permuted(args: Sequence[Any], num_dims: int) -> list[int | None]:
    return [place % num_dims for place in args[0]]


def _transposed(args: Sequence[Any], num_dims: int) -> list[int | None]:
    first, second = (args if len(args) == 2 else (-1, -2))[:2]
    order: list[int | None] = list(range(num_dims))
    one, other = first % num_dims, second % num_dims
    order[one], order[other] = other, one
    return order


def _reversed(args: Sequence[Any], num_dims: int) -> list[int | None]:
    del args
    return list(reversed(range(num_dims)))


def _unsqueezed(args: Sequence[Any], num_dims: int) -> list[int | None]:
    order: list[int | None] = list(range(num_dims))
    order.insert(args[0] % (num_dims + 1), None)
    return order


def _squeezed(args: Sequence[Any], num_dims: int) -> list[int | None]:
    gone = args[0] if isinstance(args[0], list | tuple) else [args[0]]
    return [place for place in range(num_dims) if place not in [index % num_dims for index in gone]]


ORDERS: dict[str, Callable[[Sequence[Any], int], list[int | None]]] = {
    "aten.permute": _permuted,
    "aten.transpose": _transposed,
    "aten.swapaxes": _transposed,
    "aten.swapdims": _transposed,
    "aten.t": _reversed,
    "aten.numpy_T": _reversed,
    "aten.mT": _transposed,
    "aten.unsqueeze": _unsqueezed,
}
"""For each operation that moves dimensions: where each of the new ones comes from (None: one place, new)."""


def moved(flow: Flow, call: Call) -> Found:
    """Put dimensions into another order."""
    del flow
    inputs = call.first()
    num_dims = len(inputs.dims if isinstance(inputs, Value) else inputs.parts[0].dims)
    order = ORDERS[operation_of(call.node)](call.node.args[1:], num_dims)
    if isinstance(inputs, Stack):
        return Stack(order.index(inputs.dim), tuple(_ordered(part, order) for part in inputs.parts))
    return _ordered(inputs, order)


def _ordered(value: Value, order: Sequence[int | None]) -> Value:
    return Value(tuple(fixed(1) if place is None else value.dims[place] for place in order))


def squeezed(flow: Flow, call: Call) -> Found:
    """Drop dimensions of one place."""
    inputs = call.first()
    if isinstance(inputs, Value):
        return reshaped(flow, call)
    num_dims = len(inputs.parts[0].dims)
    order = _squeezed(call.node.args[1:], num_dims)
    gone = [place for place in range(num_dims) if place not in order]
    if inputs.dim in gone:
        return flow.refuse(call, "it reshapes a tensor made of several")
    order = [place for place in range(num_dims) if place not in gone or size_of(inputs.parts[0].dims[place]) > 1]
    return Stack(order.index(inputs.dim), tuple(_ordered(part, order) for part in inputs.parts))


ORDERS["aten.squeeze"] = _squeezed


def selected(flow: Flow, call: Call) -> Found:
    """Take one entry along a dimension."""
    inputs, index = call["self"], call["index"]
    if isinstance(inputs, Stack):
        part = inputs.parts[index]
        return Value((*part.dims[: inputs.dim], *part.dims[inputs.dim + 1 :]))
    place = call["dim"] % len(inputs.dims)
    size = size_of(inputs.dims[place])
    flow.ledger.cut(inputs.dims[place], [index % size, index % size + 1])
    return Value((*inputs.dims[:place], *inputs.dims[place + 1 :]))


def unbound(flow: Flow, call: Call) -> Found:
    """Take all entries along a dimension."""
    inputs = call["self"]
    if isinstance(inputs, Stack):
        return [Value((*part.dims[: inputs.dim], *part.dims[inputs.dim + 1 :])) for part in inputs.parts]
    place = call["dim"] % len(inputs.dims)
    flow.frozen(inputs, [place])
    part = Value((*inputs.dims[:place], *inputs.dims[place + 1 :]))
    return [part for _ in range(size_of(inputs.dims[place]))]


def sliced(flow: Flow, call: Call) -> Found:
    """Take a range of a dimension."""
    inputs, place = call["self"], call["dim"] % len(call["self"].dims)
    dim = inputs.dims[place]
    size = size_of(dim)
    start, end, step = slice(call["start"], call["end"], call["step"]).indices(size)
    if step != 1:
        flow.ledger.freeze(dim)
        dim = fixed(call.shape[place])
    elif end - start < size:
        dim = flow.ledger.cut(dim, [start, end])[1]
    return Value((*inputs.dims[:place], dim, *inputs.dims[place + 1 :]))


def cut(flow: Flow, call: Call) -> Found:
    """Cut a dimension into pieces."""
    inputs, place = call["self"], call["dim"] % len(call["self"].dims)
    sizes = [example.shape[place] for example in call.node.meta["val"]]
    places = [sum(sizes[: index + 1]) for index in range(len(sizes) - 1)]
    pieces = flow.ledger.cut(inputs.dims[place], places)
    return [Value((*inputs.dims[:place], piece, *inputs.dims[place + 1 :])) for piece in pieces]


def concatenated(flow: Flow, call: Call) -> Found:
    """Put tensors one behind the other along a dimension."""
    tensors = [value for value in call["tensors"] if len(value.dims) == len(call.shape)]
    place = call["dim"] % len(call.shape)
    others = [Value((*value.dims[:place], fixed(1), *value.dims[place + 1 :])) for value in tensors]
    dims = list(flow.alike(others).dims)
    dims[place] = simple([run for value in tensors for run in flow.ledger.resolved(value.dims[place])])
    return Value(tuple(dims))


def stacked(flow: Flow, call: Call) -> Found:
    """Put tensors one behind the other along a new dimension."""
    place = call["dim"] % len(call.shape)
    dims = list(flow.alike(call["tensors"]).dims)
    return Value((*dims[:place], fixed(len(call["tensors"])), *dims[place:]))


def expanded(flow: Flow, call: Call) -> Found:
    """Repeat single entries, so that any units fit them."""
    inputs = call["self"]
    padded = [fixed(1)] * (len(call.shape) - len(inputs.dims)) + list(inputs.dims)
    return Value(
        tuple(
            dim if size_of(dim) == size else flow.free(call, index, size)
            for index, (dim, size) in enumerate(zip(padded, call.shape, strict=True))
        )
    )


def repeated(flow: Flow, call: Call) -> Found:
    """Repeat dimensions, one copy behind the other."""
    inputs = call["self"]
    padded = [fixed(1)] * (len(call.shape) - len(inputs.dims)) + list(inputs.dims)
    dims: list[Dim] = []
    for index, (dim, size) in enumerate(zip(padded, call.shape, strict=True)):
        times = size // size_of(dim)
        dims.append(flow.free(call, index, size) if size_of(dim) == 1 else simple(flow.ledger.resolved(dim) * times))
    return Value(tuple(dims))


def interleaved(flow: Flow, call: Call) -> Found:
    """Repeat each entry of a dimension, copies beside each other."""
    inputs, times = call["self"], call["repeats"]
    if not isinstance(times, int) or call["dim"] is None:
        return flow.refuse(call, "only one number of repeats along one dimension is understood")
    place = call["dim"] % len(inputs.dims)
    dim = flow.product([inputs.dims[place], flow.free(call, place, times)])
    return Value((*inputs.dims[:place], dim, *inputs.dims[place + 1 :]))


def padded(flow: Flow, call: Call) -> Found:
    """Put zeros (or other entries) around dimensions, the last ones first."""
    inputs, widths = call["self"], call["pad"]
    zeros = call["mode"] in (None, "constant") and call["value"] in (None, 0)
    dims = list(inputs.dims)
    for index in range(len(widths) // 2):
        place, before, after = len(dims) - 1 - index, *widths[2 * index : 2 * index + 2]
        if before == after == 0:
            continue
        if not zeros or min(before, after) < 0 or is_fixed(flow.ledger.resolved(dims[place])):
            flow.ledger.freeze(dims[place])
            dims[place] = fixed(call.shape[place])
            continue
        around = [flow.free(call, (index, side), width, scaled=True) for side, width in enumerate((before, after))]
        dims[place] = simple([*_runs(around[0]), *flow.ledger.resolved(dims[place]), *_runs(around[1])])
    if call["mode"] in (None, "constant") and not zeros:
        flow.unscaled(inputs)
    return Value(tuple(dims))


def _runs(dim: Dim) -> Dim:
    return dim if size_of(dim) else ()


def indexed(flow: Flow, call: Call) -> Found:
    """Take entries along one dimension by a tensor of their places; the dimension keeps its order."""
    inputs, indices = call["self"], call["indices"] if "indices" in call.arguments else call["index"]
    if isinstance(indices, Value):
        flow.frozen(inputs, [call["dim"]])
        place = call["dim"] % len(inputs.dims)
        return Value((*inputs.dims[:place], fixed(call.shape[place]), *inputs.dims[place + 1 :]))
    used = [place for place, index in enumerate(indices) if index is not None]
    flow.frozen(inputs, used)
    if used != list(range(used[0], used[-1] + 1)):
        return flow.refuse(call, "it takes entries along dimensions that are apart")
    found = flow.alike([indices[place] for place in used])
    flow.unscaled(found)
    return Value((*inputs.dims[: used[0]], *found.dims, *inputs.dims[used[-1] + 1 :]))


def reordered(flow: Flow, call: Call) -> Found:
    """Turn round or shift dimensions, which keep their order then."""
    inputs = call["self"]
    return flow.frozen(inputs, call["dims"] or range(len(inputs.dims)))


def triangular(flow: Flow, call: Call) -> Found:
    """Set one side of a matrix to zero, whose dimensions keep their order then."""
    return flow.frozen(call["self"], [-2, -1])


def shuffled(flow: Flow, call: Call) -> Found:
    """Turn (channel x r x r, height, width) into (channel, height x r, width x r)."""
    inputs, factor = call["self"], call["upscale_factor"]
    flow.frozen(inputs, [-2, -1])
    channels = size_of(inputs.dims[-3]) // factor**2
    channel, inside = flow.ledger.factorised(inputs.dims[-3], (channels, factor**2))
    flow.ledger.freeze(inside)
    flow.ledger.vanish(inside)
    return Value((*inputs.dims[:-3], channel, fixed(call.shape[-2]), fixed(call.shape[-1])))


def one_of(flow: Flow, call: Call) -> Found:
    """Take one of several results."""
    del flow
    found, index = call["0"], call["1"]
    return found[index] if isinstance(found, list) else None


RULES: dict[str, Rule] = {
    **dict.fromkeys(named("view reshape _unsafe_view flatten unflatten view_as reshape_as"), reshaped),
    **dict.fromkeys([*ORDERS], moved),
    "aten.squeeze": squeezed,
    "aten.select": selected,
    "aten.unbind": unbound,
    "aten.slice": sliced,
    **dict.fromkeys(named("split split_with_sizes chunk tensor_split unsafe_chunk unsafe_split"), cut),
    **dict.fromkeys(named("cat concat concatenate"), concatenated),
    "aten.stack": stacked,
    **dict.fromkeys(named("expand expand_as broadcast_to"), expanded),
    **dict.fromkeys(named("repeat tile"), repeated),
    "aten.repeat_interleave": interleaved,
    **dict.fromkeys(named("pad constant_pad_nd"), padded),
    **dict.fromkeys(named("index index_select"), indexed),
    **dict.fromkeys(named("flip roll"), reordered),
    **dict.fromkeys(named("tril triu"), triangular),
    "aten.pixel_shuffle": shuffled,
    "getitem": one_of,
}
