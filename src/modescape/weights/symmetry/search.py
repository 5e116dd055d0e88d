"""The permutation symmetry of any network, found from its traced graph."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from torch import nn
from torch.fx import Node

from modescape.weights.symmetry.flow import Flow, Refusal
from modescape.weights.symmetry.groups import Axis, Factor, Group, Scaling, Symmetry
from modescape.weights.symmetry.ledger import atoms_in
from modescape.weights.symmetry.places import axis_places, names_in
from modescape.weights.symmetry.rules import RULES
from modescape.weights.symmetry.terms import Atom, Dim, Units, Value, size_of, units_in
from modescape.weights.symmetry.tracing import Inputs, Producer, Site, TracedGraph, line_of, module_of, operation_of
from modescape.weights.symmetry.unsupported import UnsupportedGraphError

LAYERS = {"aten.linear": -1, "aten.embedding": -1, "aten.layer_norm": -1, "aten.rms_norm": -1}
LAYERS |= {f"aten.conv{num_dims}d": 1 for num_dims in (1, 2, 3)}
LAYERS |= {f"aten.conv_transpose{num_dims}d": 1 for num_dims in (1, 2, 3)}
LAYERS |= {f"aten.{kind}_norm": 1 for kind in ("batch", "group", "instance")}
"""Operations that write units, with the dimension of the output in which they stand."""


def symmetry_of(network: nn.Module, inputs: Inputs) -> Symmetry:
    """Find which units of a network may be exchanged without a change of its function.

    The network is traced by `torch.export` in evaluation mode, and the graph is read operation by operation: what each
    dimension of each tensor is made of. Dimensions that an operation lines up are made of the same units (a residual
    sum gives all that is added one order), a reshape makes products of them, a concatenation puts them one behind the
    other; inputs, outputs, pixels and rows of embedding tables keep their places. The graph is read until nothing new
    is found. What scale each unit may have is read on the way: an unknown power for each dimension of each weight, and
    a linear equation for each operation.

    Source: the symmetry is that of Ainsworth et al. (2023), section 2, https://arxiv.org/abs/2209.04836. Differs from
    their code in that it is found and not written down for each architecture.

    Args:
        network: Any network that `torch.export` can trace; it is not changed.
        inputs: Examples as the network gets them: a tensor, a tuple of them, or a mapping of named ones.

    Raises:
        UnsupportedGraphError: If the network can't be traced, or units go into an operation that is not understood.

    >>> import torch
    >>> network = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 4, 2))
    >>> symmetry = symmetry_of(network, torch.ones(1, 1, 4, 4))
    >>> symmetry.groups, symmetry.axes["3.weight"]
    ({'0': Group(name='0', size=8, parent=None, scalable=True)}, (((2,),), (('0', 4),)))
    """
    graph = TracedGraph(network, inputs)
    flow = Flow(graph, RULES)
    weights = {name: flow.weight(name) for name in graph.names()}
    names = _names(graph, weights)
    _check(flow, names)
    parents = _parents(flow, names)
    scalings = _scalings(flow, weights, names, parents)
    scaled = {scaling.group for scaling in scalings.values()}
    groups = {
        name: Group(name, units.size, names.get(parents[units]) if units in parents else None, name in scaled)
        for units, name in names.items()
    }
    axes = {name: tuple(_axis(dim, names) for dim in dims) for name, dims in weights.items()}
    graph.producers = tuple(_producers(graph, flow, names))
    graph.sites = tuple(_sites(graph, flow, names, groups))
    return Symmetry(groups, MappingProxyType(axes), graph, MappingProxyType(scalings))


def _names(graph: TracedGraph, weights: Mapping[str, tuple[Dim, ...]]) -> dict[Units, str]:
    """Name all units after the layer that reads their first weight, in order of the graph."""
    names: dict[Units, str] = {}
    taken: dict[str, int] = {}
    for weight in _in_order(graph):
        base = weight.rpartition(".")[0] or weight
        for dim in weights[weight]:
            for units in units_in(dim):
                if units not in names:
                    taken[base] = taken.get(base, 0) + 1
                    names[units] = base if taken[base] == 1 else f"{base}:{taken[base]}"
    return names


def _in_order(graph: TracedGraph) -> Iterator[str]:
    """Yield weights in the order in which they are used."""
    for node in graph.operations():
        for read in node.all_input_nodes:
            if names := graph.tensors.get(read.name):
                yield names[0]


def _check(flow: Flow, names: Mapping[Units, str]) -> None:
    """Raise if units of weights go into an operation that is not understood."""
    for refusal in flow.refusals:
        found = [units for dim in refusal.dims for units in units_in(flow.ledger.resolved(dim)) if units in names]
        if found:
            raise _error(refusal, names[found[0]])


def _error(refusal: Refusal, group: str) -> UnsupportedGraphError:
    node = refusal.node
    operation, module, line = operation_of(node), module_of(node), line_of(node)
    where = f" in module {module!r}" if module else ""
    source = f" ({line})" if line else ""
    return UnsupportedGraphError(
        f"node {node.name!r} ({operation}){where}{source} can't be read: {refusal.reason}, and the units of {group!r} "
        "go into it. Write it with operations such as linear, conv, matmul and reshape.",
        node=node.name,
        operation=operation,
        module=module,
    )


def _parents(flow: Flow, names: Mapping[Units, str]) -> dict[Units, Units]:
    """Return for units that never stand without certain others one of those, which has no parent of its own."""
    guards = {units: {guard for guard in flow.ledger.guards.get(units, ()) if guard in names} for units in names}
    parents: dict[Units, Units] = {}
    for units in sorted(guards, key=lambda units: (len(guards[units]), units.number)):
        candidates = [guard for guard in guards[units] if guard not in parents]
        if candidates and units not in parents.values():
            parents[units] = min(candidates, key=lambda guard: (len(guards[guard]), guard.number))
    return parents


def _scalings(
    flow: Flow, weights: Mapping[str, tuple[Dim, ...]], names: Mapping[Units, str], parents: Mapping[Units, Units]
) -> dict[str, Scaling]:
    """Return one way to scale units for each degree that no equation determines."""
    exponents: dict[int, dict[str, list[float]]] = {}
    for weight, dims in weights.items():
        atoms = [atom for dim in dims for atom in atoms_in(dim)]
        for index, atom in enumerate(atoms):
            for unknown, coefficient in flow.ledger.degrees.reduced(atom.degree).items():
                # By position first; brought into the order of each group's own occurrences below.
                exponents.setdefault(unknown, {}).setdefault(weight, [0.0] * len(atoms))[index] = float(coefficient)
    found: dict[str, Scaling] = {}
    order = list(names)
    # Scales of what is inside of a unit are those of the unit too.
    covered = {parents[units] for units in (_owner(flow, unknown) for unknown in exponents) if units in parents}
    for unknown in sorted(exponents, key=lambda unknown: (order.index(_owner(flow, unknown)), unknown)):
        units = _owner(flow, unknown)
        if units in covered:
            continue
        powers = {
            weight: tuple(
                power
                for power, atom in zip(here, (atom for dim in weights[weight] for atom in atoms_in(dim)), strict=True)
                if atom.what is units
            )
            for weight, here in exponents[unknown].items()
        }
        number = sum(scaling.group == names[units] for scaling in found.values()) + 1
        found[names[units] if number == 1 else f"{names[units]}:{number}"] = Scaling(names[units], powers)
    return found


def _owner(flow: Flow, unknown: int) -> Units:
    (atom,) = atoms_in(flow.ledger.resolved(((Atom(flow.ledger.owners[unknown]),),)))
    assert isinstance(atom.what, Units)  # noqa: S101 - what has a degree is units
    return atom.what


def _axis(dim: Dim, names: Mapping[Units, str]) -> Axis:
    """Return a dimension in terms of named groups."""
    return tuple(tuple(_factor(atom, names) for atom in run) for run in dim)


def _factor(atom: Atom, names: Mapping[Units, str]) -> Factor:
    if isinstance(atom.what, Units):
        return names.get(atom.what, atom.what.size)
    return atom.what if isinstance(atom.what, int) else _axis(atom.what, names)


def _producers(graph: TracedGraph, flow: Flow, names: Mapping[Units, str]) -> Iterator[Producer]:
    """Yield linear layers and convolutions whose weights are parameters."""
    for node in graph.operations():
        operation, value = operation_of(node), flow.found[node]
        if not operation.startswith(("aten.linear", "aten.conv")) or not isinstance(value, Value):
            continue
        weight, bias = _tensor_names(graph, node)
        if weight is None:
            continue
        dim = LAYERS[operation] % len(value.dims)
        axis = _axis(flow.ledger.resolved(value.dims[dim]), names)
        group = axis[0][0] if len(axis) == 1 and len(axis[0]) == 1 and isinstance(axis[0][0], str) else None
        normed = [
            operation_of(user) in ("aten.batch_norm", "aten._native_batch_norm_legit_no_training")
            for user in node.users
        ]
        yield Producer(weight, bias, node.name, dim, group, normed == [True])


def _tensor_names(graph: TracedGraph, node: Node) -> tuple[str | None, str | None]:
    """Return the names of a layer's weight and bias."""
    given = [*node.args[1:3], node.kwargs.get("bias")]
    found = [graph.tensors.get(one.name, ()) if isinstance(one, Node) else () for one in given]
    weight, *biases = [names[0] if names else None for names in found]
    return weight, next((name for name in biases if name), None)


def _sites(graph: TracedGraph, flow: Flow, names: Mapping[Units, str], groups: dict[str, Group]) -> Iterator[Site]:
    """Yield layers and norms that write units, each layer only where no batch norm follows."""
    followed = {producer.node for producer in graph.producers if producer.normalised}
    for node in graph.operations():
        operation, value = operation_of(node), flow.found[node]
        if operation not in LAYERS or not isinstance(value, Value) or node.name in followed:
            continue
        dim = LAYERS[operation] % len(value.dims)
        axis = _axis(flow.ledger.resolved(value.dims[dim]), names)
        inside = {name: axis_places(axis, groups, groups[name]) for name in names_in(axis)}
        places = {name: found[0] for name, found in inside.items() if found and size_of(value.dims[dim])}
        if places:
            yield Site(node.name, dim, MappingProxyType(places))
