"""Products of tensors: matrix products, `einsum`, attention."""

from modescape.weights.symmetry.flow import Call, Flow, Found, Rule
from modescape.weights.symmetry.rules.layers import with_bias
from modescape.weights.symmetry.terms import Value, size_of

BATCH = "ABCDEFGH"


def matmul(flow: Flow, call: Call) -> Found:
    """Multiply two matrices, or batches of them, or vectors."""
    first, second = call.tensors()[-2:]
    one = _labels(len(first.dims), "ik")
    other = _labels(len(second.dims), "kj") if len(second.dims) > 1 else "k"
    batch = max(one[:-2], other[:-2], key=len)
    out = batch + (one[-2] if len(one) > 1 else "") + (other[-1] if len(other) > 1 else "")
    return flow.contract((first.dims, one), (second.dims, other), out=out)


def _labels(num_dims: int, last: str) -> str:
    """Return labels, those of batch dimensions counted from the right."""
    return last[-1] if num_dims == 1 else BATCH[: num_dims - 2][::-1] + last


def added_matmul(flow: Flow, call: Call) -> Found:
    """Multiply two matrices, or batches of them, and add a third tensor."""
    product = matmul(flow, call)
    assert isinstance(product, Value)  # noqa: S101 - a matrix product is one tensor
    bias = call["self"]
    if len(bias.dims) == 1:
        return with_bias(flow, product, bias, len(product.dims) - 1)
    return flow.alike([product, bias])


def einsum(flow: Flow, call: Call) -> Found:
    """Multiply tensors and sum as an equation says."""
    equation = call["equation"].replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms, tensors = left.split(","), call["tensors"]
    if any(len(set(term)) < len(term) for term in (term.replace("...", "") for term in terms)):
        return flow.refuse(call, "diagonals are not understood")
    if not arrow:
        labels = sorted(set(left) - {",", "."})
        right = ("..." if "..." in left else "") + "".join(label for label in labels if left.count(label) == 1)
    dots = [len(value.dims) - len(term.replace("...", "")) for value, term in zip(tensors, terms, strict=True)]
    digits = "9876543210"
    named = [term.replace("...", digits[-num:] if num else "") for term, num in zip(terms, dots, strict=True)]
    out = right.replace("...", digits[-max(dots) :] if max(dots) else "")
    pairs = [(value.dims, term) for value, term in zip(tensors, named, strict=True)]
    return flow.contract(*pairs, out=out)


def outer(flow: Flow, call: Call) -> Found:
    """Multiply each entry of a vector with each of another."""
    first, second = call.tensors()
    return flow.contract((first.dims, "i"), (second.dims, "j"), out="ij")


def bilinear(flow: Flow, call: Call) -> Found:
    """Multiply two inputs with a weight (output, first, second) and add a bias."""
    first, second = call["input1"], call["input2"]
    batch = _labels(len(first.dims) + 1, "ik")[:-2]
    terms = (first.dims, batch + "a"), (second.dims, batch + "b"), (call["weight"].dims, "oab")
    return with_bias(flow, flow.contract(*terms, out=batch + "o"), call["bias"], len(batch))


def attention(flow: Flow, call: Call) -> Found:
    """Attend: softmax of query times key over the keys, times value; each head by itself."""
    query, key, value, mask = call["query"], call["key"], call["value"], call["attn_mask"]
    if call["enable_gqa"]:
        key, value = (_for_each_query(flow, query, one, call) for one in (key, value))
    labels = _labels(len(query.dims), "ie")
    scores = flow.contract((query.dims, labels), (key.dims, labels[:-2] + "je"), out=labels[:-1] + "j")
    if isinstance(mask, Value):
        flow.unscaled(mask)
        scores = flow.alike([scores, mask])
    flow.unscaled(scores)
    flow.ledger.note(scores.dims)
    flow.ledger.note(scores.dims[:-1])
    if call["is_causal"]:
        flow.frozen(scores, [-2, -1])
    return flow.contract((scores.dims, labels[:-1] + "j"), (value.dims, labels[:-2] + "jv"), out=labels[:-1] + "v")


def _for_each_query(flow: Flow, query: Value, shared: Value, call: Call) -> Value:
    """Repeat heads of keys or values, each of which several heads of queries share."""
    times = size_of(query.dims[-3]) // size_of(shared.dims[-3])
    copies = flow.free(call, "copies", times)
    heads = flow.product([shared.dims[-3], copies]) if times > 1 else shared.dims[-3]
    return Value((*shared.dims[:-3], heads, *shared.dims[-2:]))


RULES: dict[str, Rule] = {
    **dict.fromkeys(("aten.matmul", "aten.mm", "aten.bmm", "aten.mv", "aten.dot"), matmul),
    **dict.fromkeys(("aten.addmm", "aten.baddbmm", "aten.addmv"), added_matmul),
    "aten.einsum": einsum,
    "aten.outer": outer,
    "aten.bilinear": bilinear,
    "aten.scaled_dot_product_attention": attention,
}
