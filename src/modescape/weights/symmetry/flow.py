"""The reading of a traced graph: what each dimension of each tensor in it is made of."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.fx import Node

from modescape.weights.symmetry.ledger import Ledger, all_fixed
from modescape.weights.symmetry.terms import Atom, Dim, Stack, Value, fixed, simple, size_of
from modescape.weights.symmetry.tracing import TracedGraph, operation_of

Found: TypeAlias = "Value | Stack | list[Found] | None"
"""What is known of a node's output: a tensor, several, or nothing (a number)."""


@dataclass(frozen=True)
class Refusal:
    """An operation that is not understood, and what went into it.

    Attributes:
        node: The node.
        dims: Dimensions that must all turn out to be fixed.
        reason: Why, as the end of a sentence.
    """

    node: Node
    dims: tuple[Dim, ...]
    reason: str


@dataclass(frozen=True)
class Call:
    """One operation of the graph.

    Attributes:
        node: Its node.
        arguments: By the names of the operation's schema; tensors as what is known of them.
    """

    node: Node
    arguments: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.arguments.get(name)

    def first(self) -> Any:
        """Return the first argument."""
        return next(iter(self.arguments.values()))

    def tensors(self) -> list[Value]:
        """Return all tensors among the arguments."""
        return list(_tensors_in(list(self.arguments.values())))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the output."""
        return tuple(self.node.meta["val"].shape)


class Flow:
    """One reading of a graph after another, until nothing new is found.

    Args:
        graph: The traced graph.
        rules: For each operation, what it makes of its inputs.

    Attributes:
        ledger: What is known of the units.
        found: What is known of each node's output, after the last reading.
    """

    def __init__(self, graph: TracedGraph, rules: Mapping[str, "Rule"]) -> None:
        self.ledger = Ledger()
        self.found: dict[Node, Any] = {}
        self._graph = graph
        self._rules = rules
        self.refusals: list[Refusal] = []
        inputs = [node for node in graph.program.graph.nodes if node.op == "placeholder" and node.users]
        self._read_names = {names[0] for node in inputs if (names := graph.tensors.get(node.name))}
        self._read_until_known()

    def weight(self, name: str) -> tuple[Dim, ...]:
        """Return what each dimension of a parameter or buffer is made of."""
        known = self._weights.get(name)
        if known is None:
            return tuple(fixed(size) for size in self._graph.names()[name])
        return tuple(self.ledger.resolved(dim) for dim in known.dims)

    def _read_until_known(self) -> None:
        while self.ledger.changed:
            self.ledger.start()
            self.refusals.clear()
            self._weights: dict[str, Value] = {}
            for node in self._graph.program.graph.nodes:
                self._read(node)

    def _read(self, node: Node) -> None:
        if node.op == "placeholder":
            self.found[node] = self._placeholder(node)
        elif node.op == "output":
            for value in _tensors_in(torch.fx.map_arg(list(node.args), self.found.__getitem__)):
                for dim in value.dims:
                    self.ledger.freeze(dim)
            return
        elif node.op == "get_attr":
            self.found[node] = _fixed_like(node.meta.get("val"))
        else:
            self.found[node] = self._apply(node)
        for value in _tensors_in(self.found[node]):
            self.ledger.note(value.dims)

    def _placeholder(self, node: Node) -> Found:
        names = self._graph.tensors.get(node.name)
        if not names:
            return _fixed_like(node.meta.get("val"))
        if names[0] not in self._weights:
            shape = self._graph.names()[names[0]]
            scaled = names[0] in self._graph.parameters
            dims = [self.ledger.dim((names[0], index), size, scaled=scaled) for index, size in enumerate(shape)]
            # Whole numbers are places or counts, and what nothing reads has no units.
            stays = names[0] not in self._read_names or self._graph.is_whole(names[0])
            value = Value(tuple([self.ledger.freeze(dim) for dim in dims] if stays else dims))
            self._weights.update(dict.fromkeys(names, value))
        return self._weights[names[0]]

    def _apply(self, node: Node) -> Found:
        call = Call(node, _arguments(node, self.found))
        rule = self._rules.get(operation_of(node)) or self._rules.get(_tag(node))
        if rule is None:
            return self.refuse(call, "modescape does not know this operation")
        return (
            rule(self, call) if _has_shape(node.meta.get("val")) else self.refuse(call, "its shape depends on values")
        )

    # What rules use

    def refuse(self, call: Call, reason: str) -> Found:
        """Note that nothing that goes into an operation may carry units, and return an output without any."""
        dims = tuple(dim for value in call.tensors() for dim in value.dims)
        if not all_fixed([self.ledger.resolved(dim) for dim in dims]):
            self.refusals.append(Refusal(call.node, dims, reason))
        return _fixed_like(call.node.meta.get("val"))

    def free(self, call: Call, index: Hashable, size: int, *, scaled: bool = False) -> Dim:
        """Return a dimension along which a tensor has one value, so that any units fit it."""
        return self.ledger.dim((call.node.name, index), size, scaled=scaled)

    def contract(self, *terms: tuple[Sequence[Dim], str], out: str) -> Value:
        """Multiply tensors and sum over all labels that are not in the output (as `torch.einsum` does)."""
        by_label: dict[str, Dim] = {}
        for dims, labels in terms:
            for dim, label in zip(dims, labels, strict=True):
                known = by_label.get(label)
                if known is None or size_of(known) == 1:
                    by_label[label] = dim
                elif size_of(dim) > 1:
                    one, other = self.ledger.joined([known, dim])
                    by_label[label] = self.ledger.summed_degrees(one, other)
        self.ledger.note(by_label.values())
        for label, dim in by_label.items():
            if label not in out:
                self.ledger.vanish(dim)
        return Value(tuple(by_label[label] for label in out))

    def alike(self, values: Sequence[Value], *, degrees: bool = True) -> Value:
        """Line tensors up by their last dimensions, as elementwise operations do.

        Args:
            values: The tensors.
            degrees: Whether scales must be the same in all (a tensor without the dimension has none), as in a sum.
        """
        dims: list[Dim] = []
        for place in range(-max(len(value.dims) for value in values), 0):
            here = [value.dims[place] for value in values if len(value.dims) >= -place]
            real = self.ledger.joined([dim for dim in here if size_of(dim) != 1])
            for dim in real[1:] if degrees else []:
                self.ledger.equal_degrees(real[0], dim)
            if degrees and len(real) < len(values):
                self.ledger.vanish(*real)
            dims.append(real[0] if real else fixed(1))
        return Value(tuple(dims))

    def unscaled(self, *values: Value | None) -> None:
        """Note that tensors have no scales: what reads them is not homogeneous."""
        for value in values:
            if value is not None:
                self.ledger.vanish(*value.dims)

    def frozen(self, value: Value, dims: Sequence[int]) -> Value:
        """Note that dimensions can't be exchanged, and return the tensor."""
        places = {dim % len(value.dims) for dim in dims}
        return Value(tuple(self.ledger.freeze(dim) if index in places else dim for index, dim in enumerate(value.dims)))

    def product(self, dims: Sequence[Dim]) -> Dim:
        """Flatten dimensions into one."""
        return simple([tuple(Atom(self.ledger.resolved(dim)) for dim in dims)])


Rule: TypeAlias = Callable[[Flow, Call], Found]


def _has_shape(example: Any) -> bool:
    """Say whether the shape of an output is known."""
    if isinstance(example, list | tuple):
        return all(_has_shape(one) for one in example)
    return not isinstance(example, Tensor) or all(type(size) is int for size in example.shape)


def _tag(node: Node) -> str:
    """Return `pointwise` for operations that treat each entry by itself."""
    return "pointwise" if torch.Tag.pointwise in getattr(node.target, "tags", ()) else ""


def _arguments(node: Node, found: Mapping[Node, Any]) -> dict[str, Any]:
    """Return arguments by the names of the schema, with defaults."""
    args, kwargs = torch.fx.map_arg((node.args, dict(node.kwargs)), found.get)
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return {**{str(index): arg for index, arg in enumerate(args)}, **kwargs}
    named = {argument.name: argument.default_value for argument in schema.arguments if argument.has_default_value()}
    named = {argument.name: named.get(argument.name) for argument in schema.arguments}
    given = {argument.name: arg for argument, arg in zip(schema.arguments, args, strict=False)}
    return {**named, **given, **kwargs}


def _tensors_in(found: Any) -> Iterator[Value]:
    if isinstance(found, Value):
        yield found
    elif isinstance(found, Stack):
        yield from found.parts
    elif isinstance(found, list | tuple):
        for one in found:
            yield from _tensors_in(one)


def _fixed_like(example: Any) -> Found:
    """Return a description in which nothing can be exchanged, for a tensor or several."""
    if isinstance(example, Tensor):
        return Value(tuple(fixed(size) for size in example.shape))
    if isinstance(example, list | tuple):
        return [_fixed_like(one) for one in example]
    return None
