"""The traced graph of a network, which runs with any weights and shows what happens inside."""

import copy
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import Node
from torch.utils import _pytree as pytree

from modescape.core.errors import ArgumentError, Quoted
from modescape.weights.symmetry.unsupported import UnsupportedGraphError

Inputs: TypeAlias = Tensor | tuple[Any, ...] | Mapping[str, Any]
"""What a network is called with: one tensor, several, or several by name."""

OnNode: TypeAlias = Callable[[str, Tensor], Tensor | None]
"""Shown the name of each node and its output; what it returns, if anything, takes the place of the output."""


@dataclass(frozen=True)
class Producer:
    """A layer that writes units: a linear layer or a convolution.

    Attributes:
        weight: Name of its weight.
        bias: Name of its bias, if it has one.
        node: Name of its node in the graph, whose output is what `TracedGraph.run` shows to `on_node`.
        dim: The dimension of that output that holds the units.
        group: The group that this dimension is, as a whole; None where it is fixed or made of several pieces.
        normalised: Whether batch norm follows directly and alone.
    """

    weight: str
    bias: str | None
    node: str
    dim: int
    group: str | None
    normalised: bool


@dataclass(frozen=True)
class Site:
    """A place in the graph at which units of groups can be seen.

    Attributes:
        node: Name of the node.
        dim: The dimension of its output in which they stand.
        places: For each group, where its units stand along that dimension, of shape (parent's units or 1, units, rest).
    """

    node: str
    dim: int
    places: Mapping[str, Tensor]


class TracedGraph:
    """A network as a graph of single operations, in evaluation mode.

    Args:
        network: The architecture, and the buffers that are used where weights lack them; copied, not changed.
        inputs: Examples like those that it will be run with.

    Attributes:
        parameters: Names of its parameters, all others are buffers.
        producers: Its linear layers and convolutions, in order of the graph; filled in by `symmetry_of`.
        sites: Where units can be seen, in order of the graph; filled in by `symmetry_of`.

    Raises:
        UnsupportedGraphError: If the network can't be traced.

    >>> network = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> graph = TracedGraph(network, torch.ones(4, 2))
    >>> [node.name for node in graph.operations()]
    ['linear', 'relu']
    >>> bool((graph.run(dict(network.named_parameters()), torch.ones(5, 2)) == network(torch.ones(5, 2))).all())
    True
    """

    producers: tuple[Producer, ...] = ()
    sites: tuple[Site, ...] = ()

    def __init__(self, network: nn.Module, inputs: Inputs) -> None:
        self._network = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
        self.parameters = frozenset(named(self._network.named_parameters))
        self._own = {**named(self._network.named_parameters), **named(self._network.named_buffers)}
        self.program = _exported(self._network, inputs)
        self._programs = {_shapes(inputs): self.program}
        self.tensors = _tensors_of(self.program, self._own)

    def names(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each parameter and buffer, by all names that it has."""
        return {name: tuple(tensor.shape) for name, tensor in self._own.items()}

    def aliases(self, name: str) -> tuple[str, ...]:
        """Return all names of a tensor; several where layers share it."""
        return tuple(other for other, tensor in self._own.items() if tensor is self._own[name])

    def is_whole(self, name: str) -> bool:
        """Say whether a tensor holds whole numbers, such as positions or a counter."""
        dtype = self._own[name].dtype
        return not (dtype.is_floating_point or dtype.is_complex or dtype == torch.bool)

    def operations(self) -> list[Node]:
        """Return the nodes that compute something, in order."""
        return [node for node in self.program.graph.nodes if node.op == "call_function"]

    def run(self, weights: Mapping[str, Tensor], inputs: Inputs, *, on_node: OnNode | None = None) -> Any:
        """Run the network with other weights, in evaluation mode and without gradients.

        A batch of another shape than that of the trace is traced anew, once for each shape.

        Args:
            weights: Parameters, and buffers; those that are missing are the traced network's own.
            inputs: What the network is called with.
            on_node: Shown the output of each operation that is one tensor.

        Raises:
            ArgumentError: If weights have other shapes, or none at all.
        """
        self._check(weights)
        program = self._program_for(inputs)
        given = iter(_flat(inputs))
        values: dict[Node, Any] = {}
        lifted = _tensors_of(program, self._own)
        waiting = {node: len(node.users) for node in program.graph.nodes}
        with torch.no_grad():
            for node in program.graph.nodes:
                if node.op == "placeholder":
                    names = lifted.get(node.name)
                    values[node] = next(given) if names is None else self._tensor(program, node, names, weights)
                elif node.op == "output":
                    leaves = [values[leaf] if isinstance(leaf, Node) else leaf for leaf in node.args[0]]
                    assert program.call_spec.out_spec is not None  # noqa: S101 - every program has one
                    return pytree.tree_unflatten(leaves, program.call_spec.out_spec)
                else:
                    values[node] = _computed(program, node, values, on_node)
                    _let_go(node, values, waiting)
        return None

    def _check(self, weights: Mapping[str, Tensor]) -> None:
        shapes = self.names()
        wrong = next((name for name in weights if shapes.get(name) != tuple(weights[name].shape)), None)
        if wrong is not None:
            raise ArgumentError(
                "weights",
                "have the names and shapes of the traced network",
                Quoted(f"{wrong!r} of shape {tuple(weights[wrong].shape)}, where it has {shapes.get(wrong)}"),
                "Pass weights of the same architecture",
            )

    def _program_for(self, inputs: Inputs) -> ExportedProgram:
        """Return the trace for inputs of this shape."""
        shapes = _shapes(inputs)
        if shapes not in self._programs:
            program = _exported(self._network, inputs)
            if [node.name for node in program.graph.nodes] != [node.name for node in self.program.graph.nodes]:
                raise ArgumentError(
                    "inputs",
                    "lead through the same operations as the example inputs",
                    Quoted(f"shapes {shapes}"),
                    "Pass batches of one size",
                )
            self._programs[shapes] = program
        return self._programs[shapes]

    def _tensor(
        self, program: ExportedProgram, node: Node, names: tuple[str, ...], weights: Mapping[str, Tensor]
    ) -> Tensor:
        """Return the tensor of a placeholder: the one given, the network's own, or a constant of the graph."""
        for name in names:
            if name in weights:
                return weights[name]
        if names:
            return self._own[names[0]]
        constant = program.constants[_constant_name(program, node)]
        assert isinstance(constant, Tensor)  # noqa: S101 - what is read as a tensor is one
        return constant


def named(of_network: Callable[..., Iterator[tuple[str, Tensor]]]) -> dict[str, Tensor]:
    """Return tensors of a network by all of their names, also where several names share one.

    >>> layer = nn.Linear(1, 1)
    >>> list(named(nn.Sequential(layer, layer).named_parameters))
    ['0.weight', '0.bias', '1.weight', '1.bias']
    """
    return dict(of_network(remove_duplicate=False))


def module_of(node: Node) -> str:
    """Return the path of the module that runs a node, such as `layer1.0.conv1`; empty for the network itself."""
    stack = node.meta.get("nn_module_stack") or {}
    return next(reversed([path for path, _ in stack.values()]), "")


def line_of(node: Node) -> str:
    """Return where in the user's source a node comes from, as `file.py, line 12`; empty if not known."""
    lines = [line.strip() for line in (node.meta.get("stack_trace") or "").splitlines() if line.strip()[:5] == "File "]
    own = [line for line in lines if str(Path(torch.__file__).parent) not in line]
    return (own or lines)[-1][5:].replace('"', "").rsplit(", in ", 1)[0] if lines else ""


def operation_of(node: Node) -> str:
    """Return the name of an operation without its variant and the mark of one in place: `aten.relu`."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return getattr(node.target, "__name__", str(node.target))
    return schema.name.replace("::", ".").removesuffix("_") if schema.name[-2:] != "__" else schema.name


def _computed(program: ExportedProgram, node: Node, values: dict[Node, Any], on_node: OnNode | None) -> Any:
    """Run one node."""
    if node.op == "get_attr":
        return operator.attrgetter(str(node.target))(program.graph_module)
    args = torch.fx.map_arg(node.args, values.__getitem__)
    kwargs = torch.fx.map_arg(node.kwargs, values.__getitem__)
    result = node.target(*args, **kwargs)  # type: ignore[operator]
    if on_node is not None and isinstance(result, Tensor):
        replaced = on_node(node.name, result)
        result = result if replaced is None else replaced
    return result


def _let_go(node: Node, values: dict[Node, Any], waiting: dict[Node, int]) -> None:
    """Forget values that no later node reads."""
    for read in node.all_input_nodes:
        waiting[read] -= 1
        if not waiting[read]:
            values.pop(read, None)
    if not waiting[node]:
        values.pop(node, None)


def _tensors_of(program: ExportedProgram, own: Mapping[str, Tensor]) -> dict[str, tuple[str, ...]]:
    """Return for each placeholder that is no input all names of its tensor; none for constants of the graph."""
    found: dict[str, tuple[str, ...]] = {}
    for spec in program.graph_signature.input_specs:
        if spec.kind == InputKind.USER_INPUT:
            continue
        target = str(spec.target)
        same = (name for name, tensor in own.items() if target in own and tensor is own[target])
        found[spec.arg.name] = tuple(same)
    return found


def _constant_name(program: ExportedProgram, node: Node) -> str:
    return next(str(spec.target) for spec in program.graph_signature.input_specs if spec.arg.name == node.name)


def _flat(inputs: Inputs) -> list[Any]:
    return pytree.tree_leaves(_arguments(inputs))


def _arguments(inputs: Inputs) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return positional and named arguments."""
    if isinstance(inputs, Mapping):
        return (), dict(inputs)
    return (inputs if isinstance(inputs, tuple) else (inputs,)), {}


def _shapes(inputs: Inputs) -> tuple[Any, ...]:
    return tuple(tuple(leaf.shape) if isinstance(leaf, Tensor) else leaf for leaf in _flat(inputs))


def _exported(network: nn.Module, inputs: Inputs) -> ExportedProgram:
    """Trace a network; where it writes into tensors that are still needed, as a graph that never does."""
    args, kwargs = _arguments(inputs)
    try:
        with _composite_attention(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.export(network, args, kwargs)
            return program.run_decompositions({}) if _writes_into_needed(program) else program
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UnsupportedGraphError(
            f"the network can't be traced by torch.export: {reason[0][:200]}. "
            "Remove what depends on values of the inputs."
        ) from error


@contextmanager
def _composite_attention() -> Iterator[None]:
    """Keep attention layers from being one closed operation."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def _writes_into_needed(program: ExportedProgram) -> bool:
    """Say whether some operation changes a tensor that others read later under its old name."""
    order = {node: index for index, node in enumerate(program.graph.nodes)}
    for node in program.graph.nodes:
        schema = getattr(node.target, "_schema", None)
        if schema is None or not schema.is_mutable or not isinstance(node.args[0], Node):
            continue
        written = node.args[0]
        read_later = any(order[user] > order[node] for user in written.users)
        if written.op == "placeholder" or _is_view(written) or read_later:
            return True
    return False


def _is_view(node: Node) -> bool:
    """Say whether a node's output shares memory with another tensor that stays valid."""
    schema = getattr(node.target, "_schema", None)
    aliases = [returned.alias_info for returned in schema.returns] if schema is not None else []
    return any(alias is not None and not alias.is_write for alias in aliases)
