"""The options that set up a run: one table, from which every command that trains takes its options.

This module, like all that `--help` needs, imports neither torch nor the settings themselves; a test holds the table
against them.
"""

import functools
import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from modescape.core.errors import ArgumentError


@dataclass(frozen=True)
class Option:
    """One option: its name as in the settings, the type of its value, and its help."""

    name: str
    kind: Any
    help: str
    default: str

    @property
    def flag(self) -> str:
        """As it is typed."""
        flag = "--" + self.name.replace("_", "-")
        return f"{flag}/--no-{flag[2:]}" if self.kind is bool else flag


DATA, MODEL, TRAINING, COMPARISON = "Data", "Network", "Training", "Comparison"
SUBSPACES, LANDSCAPE, SHIFT, SOURCES = "Subspaces", "Landscape", "Shifted and foreign data", "Sources and chain"
SURFACES, CURVATURE, SHAPES = "Surfaces", "Curvature", "Shapes"
DIFFERENCES, ALIGNMENT, ATTACKS, FRONTIER = "Differences", "Alignment", "Attacks", "Frontier"

OPTIONS: dict[str, tuple[Option, ...]] = {
    DATA: (
        Option(
            "data",
            str,
            "digits, cifar10, cifar100, mnist, fashion-mnist, parquet:DIR, folder:DIR, npz:FILE, or "
            "package.module:function.",
            "digits",
        ),
        Option("limit", int, "Use this many training examples.", "all"),
        Option("test_limit", int, "Use this many test examples.", "all"),
        Option("validation", int, "Split off this many training examples.", "500, or a tenth"),
        Option("test_fraction", float, "Share kept for testing, of data without a test set.", "0.25"),
        Option("image_size", int, "Resize images to this many pixels square.", "as they are"),
        Option("label_column", str, "Column or array with the labels.", "found by name"),
        Option("only_classes", str, "Classes to keep, such as 3,5 or cat,dog; no other is seen.", "all"),
        Option("held_out", str, "Classes kept out as foreign data, such as 3,5 or cat,dog.", "none"),
        Option("scaling", Literal["unit", "standard"], "How inputs are scaled.", "unit"),
        Option("augment", Literal["none", "crop-flip"], "Random changes of training images.", "none"),
    ),
    MODEL: (
        Option("model", str, "mlp, small-cnn, medium-cnn, resnet, resnet20, or package.module:function.", "mlp"),
        Option("model_options", list[str], "An option of the network, such as dropout=0.2; repeat it.", "none"),
    ),
    TRAINING: (
        Option("members", int, "Number of independently initialised members.", "5"),
        Option("epochs", int, "Passes over the training examples.", "40"),
        Option("seed", int, "Seed of the run.", "0"),
        Option("batch_size", int, "Examples a step.", "128"),
        Option(
            "optimizer", Literal["adam", "adamw", "sgd", "sghmc"], "sgd has momentum; sghmc samples by noise.", "adam"
        ),
        Option("learning_rate", float, "At the first step.", "0.0016"),
        Option(
            "schedule",
            Literal["step", "cosine", "constant", "cyclical", "triangular"],
            "How the learning rate falls.",
            "step",
        ),
        Option("step_epochs", int, "Schedule step: epochs between two falls.", "10"),
        Option("step_factor", float, "Schedule step: factor at each fall.", "0.5"),
        Option("cycles", int, "Schedules cyclical, triangular: cycles, of as many epochs each.", "4"),
        Option("low_factor", float, "Schedule triangular: factor in mid-cycle.", "0.01"),
        Option("momentum", float, "Of sgd and sghmc.", "0.9"),
        Option("exploration", float, "Of sghmc: first share of a cycle, without noise.", "0.8"),
        Option("temperature", float, "Of sghmc: of the posterior; 0 is without noise.", "1"),
        Option("weight_decay", float, "Decoupled in adamw; a Gaussian prior in sghmc.", "0"),
        Option("label_smoothing", float, "Share of the target spread over all classes.", "0"),
        Option("clip_norm", float, "Largest norm of a member's gradient.", "no limit"),
        Option("sampling", Literal["shuffle", "replacement"], "How an epoch draws its batches.", "shuffle"),
        Option("keep_best", bool, "Take the epoch that is best on validation.", "the last epoch"),
        Option("trajectories", int, "Members whose every epoch is kept.", "3"),
        Option("late_fraction", float, "Last share of epochs kept for every member.", "0.25"),
        Option("engine", Literal["auto", "loop", "vmap", "compile"], "auto measures and takes the fastest.", "auto"),
        Option("group_size", int, "Most members trained as one program.", "as fit in memory"),
        Option("workers", int, "Groups trained at the same time.", "measured by engine auto, else 1"),
        Option("threads", int, "CPU threads of each worker.", "the cores shared out"),
        Option("precision", Literal["float32", "tf32", "bf16"], "Of products in training.", "float32"),
        Option("device", str, "auto, cpu, cuda, cuda:1, mps.", "auto"),
    ),
    COMPARISON: (
        Option("confidence", float, "Confidence of every interval.", "0.95"),
        Option("num_resamples", int, "Bootstrap resamples of the test examples.", "1000"),
        Option("max_subsets", int, "Most ensembles of one size that are evaluated.", "100"),
        Option("perplexity", float, "Of t-SNE.", "a third of the points, at most 30"),
    ),
    SUBSPACES: (
        Option("samples", int, "Samples of each subspace around each member.", "30"),
        Option("rank", int, "Of low-rank Gaussians.", "5"),
        Option("low_rank_variance", Literal["fitted", "unit"], "unit as in the published notebook.", "fitted"),
        Option("random_norm", float, "Largest length of a random step.", "10"),
        Option("random_threshold", float, "Share of the accuracy that random samples keep.", "0.95"),
        Option("dropout_rate", float, "Largest share of weights that are dropped.", "0.1"),
        Option("plane_samples", int, "Samples on the way down to chance.", "40"),
    ),
    LANDSCAPE: (
        Option("pairs", str, "Pairs of members for radial cuts and paths, such as 0-1,0-2.", "0-1"),
        Option("landscape_examples", int, "Test examples at each point.", "2000"),
        Option("radii", int, "Distances of the radial cut.", "20"),
        Option("angles", int, "Directions of the radial cut.", "41"),
        Option("path_points", int, "Points along each path.", "21"),
        Option("bends", int, "Free points of a polyline.", "1"),
        Option("curve_epochs", int, "Passes over the training examples to fit a curve.", "10"),
        Option("curve_learning_rate", float, "Of Adam, to fit a curve.", "0.005"),
        Option("renew_batch_norm", bool, "Estimate batch norm anew at every point.", "True"),
        Option("batch_norm_examples", int, "Training examples to estimate it from.", "2000"),
    ),
    SURFACES: (
        Option("plane_members", str, "Three members that span a plane.", "0,1,2"),
        Option("plane_trajectories", str, "Members whose trajectories span the plane of principal components.", "0"),
        Option("plane_margin", float, "Share of its width that a plane reaches beyond members.", "0.25"),
        Option("plane_extent", float, "Reach of random planes and lines, in filter norms.", "1"),
        Option("orthogonal", bool, "Make the second random direction orthogonal to the first.", "True"),
        Option("grid", Literal["adaptive", "uniform"], "adaptive measures where the surface bends.", "adaptive"),
        Option("grid_points", int, "Points along each axis of a plane, at its finest.", "33"),
        Option("tolerance", float, "Of adaptive grids: largest error, as a share of the range.", "0.02"),
        Option("line_directions", int, "Random lines through each member.", "5"),
        Option("line_points", int, "Points along each line.", "21"),
    ),
    CURVATURE: (
        Option("curvature_examples", int, "Training examples that curvature is of.", "1000"),
        Option("curvature_steps", int, "Checkpoints of each trajectory that are looked at.", "5"),
        Option("eigenvalues", int, "Largest eigenvalues that are found.", "5"),
        Option("trace_samples", int, "Random vectors for each trace.", "20"),
        Option("density_samples", int, "Random vectors for each spectral density.", "4"),
        Option("density_rank", int, "Lanczos steps for each of them.", "40"),
        Option("sharpness_radius", float, "Length of the step that sharpness is of.", "0.05"),
        Option("width_rise", float, "Rise of the loss (nats) that ends a minimum.", "0.1"),
        Option("width_directions", int, "Random directions in which width is measured.", "5"),
    ),
    SHAPES: (
        Option("vary", list[str], "A setting and its values, such as width=0.5,1; repeat it.", "none"),
        Option("early", float, "Share of the epochs after which a run is still early.", "0.1"),
    ),
    DIFFERENCES: (
        Option("disputed", int, "Most disputed test examples that are shown.", "24"),
        Option("pair_disputed", int, "Most disputed examples shown for each pair.", "6"),
        Option("same_mode", float, "Disagreement up to which members are one mode.", "measured"),
        Option("null_samples", int, "Random permutations that cosines are compared with.", "100"),
        Option("cka_examples", int, "Test examples that representations are compared on.", "2000"),
        Option("cka_batch", int, "Examples at once for CKA.", "200"),
    ),
    ALIGNMENT: (
        Option("align_starts", int, "Random orders in which weight matching is tried.", "3"),
        Option("align_examples", int, "Training examples for activation matching and REPAIR.", "2000"),
        Option("align_points", int, "Points along the path between aligned members.", "11"),
    ),
    ATTACKS: (
        Option("attack_examples", int, "Test examples that are attacked.", "500"),
        Option("attack_members", int, "Most members that are attacked.", "5"),
        Option("attack_size", float, "Largest change of a pixel, as a share of its range.", "0.03"),
        Option("attack_steps", int, "Steps of projected gradient descent.", "20"),
    ),
    FRONTIER: (
        Option("methods", str, "Ways to get an ensemble, such as snapshot,mimo; see the guide.", "all"),
        Option("sizes", str, "Budgets in members, such as 1,2,5.", "1, doubled up to all members"),
        Option("method_options", list[str], "An option of a method, such as swag.samples=10; repeat it.", "none"),
        Option("judged_by", Literal["nll", "brier", "accuracy"], "What the recommendation goes by.", "nll"),
        Option("cost_per_member", float, "What a member costs, in any unit.", "unknown"),
        Option("worth", float, "What a point of accuracy, or 0.01 of NLL or Brier, is worth in it.", "unknown"),
        Option("most_passes", float, "Most passes an example that may be recommended.", "no limit"),
    ),
    SHIFT: (
        Option("corruptions", str, "all, common (15 types), or names with commas between.", "all"),
        Option("corrupted", str, "Folder of CIFAR-10-C's .npy files.", "corrupt on the fly"),
        Option("shift_examples", int, "Test examples that are corrupted.", "1000"),
        Option("shift_members", int, "Most members that see corrupted examples.", "5"),
        Option("shift_samples", int, "Samples of each subspace that see them.", "5"),
        Option("foreign", str, "Any other data, noise, or held-out for the classes left out.", "noise"),
        Option("foreign_examples", int, "Examples of each kind.", "2000"),
    ),
    SOURCES: (
        Option("source_epochs", int, "Epochs of members that share a source.", "as many as the others"),
        Option("source_pairs", int, "Pairs of members trained for each cell.", "1"),
        Option("chain_epochs", int, "Epochs of the SG-MCMC chain.", "as many as a member"),
        Option("chain_cycles", int, "Cycles of its step size.", "4"),
        Option("chain_learning_rate", float, "At the start of each cycle.", "0.03"),
        Option("chain_temperature", float, "Of the posterior; 0 adds no noise.", "1"),
    ),
}
"""The options in groups, in the order in which `--help` lists them."""

SINGULAR = {"model_options": "--model-option", "method_options": "--method-option", "vary": "--vary"}
METAVARS = {"model_options": "NAME=VALUE", "method_options": "NAME=VALUE", "vary": "NAME=VALUES"}


def with_settings(
    *headings: str, without: Collection[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command the options under some headings.

    The command takes them as `**settings`, without those the user has not given.

    Args:
        headings: The headings.
        without: Names of options that the command does not take, or takes in a way of its own.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in inspect.signature(command).parameters.values() if p.kind is not p.VAR_KEYWORD]
        offered = (option for heading in headings for option in OPTIONS[heading])
        options = {option.name: option for option in offered if option.name not in without}

        @functools.wraps(command)
        def run(**values: Any) -> None:
            given = {name: values.pop(name) for name in options if name in values}
            command(**values, **{name: value for name, value in given.items() if value is not None})

        added = [_parameter(option) for option in options.values()]
        run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in [*own, *added]}
        return run

    return decorate


def parsed_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings with the texts of options that are repeated turned into what they name.

    >>> parsed_settings({"epochs": 3, "method_options": ["swag.samples=10"]})
    {'epochs': 3, 'method_options': {'swag.samples': 10}}
    """
    read = {
        "model_options": model_options,
        "method_options": functools.partial(model_options, option="--method-option", example="swag.samples=10"),
        "vary": varied,
    }
    return {name: read[name](value) if name in read else value for name, value in settings.items()}


def model_options(pairs: list[str], option: str = "--model-option", example: str = "dropout=0.2") -> dict[str, Any]:
    """Turn texts such as `dropout=0.2` into keyword arguments; values are read as in a settings file.

    Args:
        pairs: What was typed.
        option: After which option, for errors.
        example: What could be typed there.

    Raises:
        ArgumentError: If a text has no `=`.

    >>> model_options(["hidden=[64, 32]", "dropout=0.2"])
    {'hidden': [64, 32], 'dropout': 0.2}
    """
    from modescape.studies.settings import parsed_value  # noqa: PLC0415 - not needed for --help

    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ArgumentError(option, "be name=value", pair, f"Write for example {option} {example}")
        options[name] = parsed_value(value)
    return options


def varied(pairs: list[str]) -> dict[str, list[Any]]:
    """Turn texts such as `width=0.5,1` into the values to compare, each read as in a settings file.

    Raises:
        ArgumentError: If a text has no `=`, or a name stands twice.

    >>> varied(["width=0.5,1", "data=mnist,parquet:data/cifar"])
    {'width': [0.5, 1], 'data': ['mnist', 'parquet:data/cifar']}
    """
    from modescape.studies.settings import parsed_values  # noqa: PLC0415 - not needed for --help

    found: dict[str, list[Any]] = {}
    for pair in pairs:
        name, equals, values = pair.partition("=")
        if not equals or not name:
            raise ArgumentError("--vary", "be name=values", pair, "Write for example --vary width=0.5,1")
        if name in found:
            advice = f"Write all values after one --vary {name}="
            raise ArgumentError("--vary", "name each setting once", pair, advice)
        found[name] = parsed_values(values)
    return found


def _parameter(option: Option) -> inspect.Parameter:
    """Return an option as a parameter that typer understands."""
    text = f"{option.help} [default: {option.default}]"
    flag = SINGULAR.get(option.name, option.flag)
    metavar = METAVARS.get(option.name)
    kind = Annotated[option.kind | None, typer.Option(flag, help=text, show_default=False, metavar=metavar)]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
