"""Groups of settings that belong to a study and not to training: how members are compared, and how far to explore."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.settings import Settings


class CompareSettings(Settings):
    """How members are compared.

    >>> CompareSettings(confidence=0.9).num_resamples
    1000
    """

    confidence: float = Field(default=0.95, gt=0, lt=1, description="Confidence of every interval")
    num_resamples: int = Field(default=1000, ge=100, description="Bootstrap resamples of the test examples")
    max_subsets: int = Field(default=100, ge=1, description="Most ensembles of one size that are evaluated")
    perplexity: float | None = Field(
        default=None, gt=0, description="Of t-SNE; by default a third of the points, at most 30"
    )


class SubspaceSettings(Settings):
    """How weights around a solution are sampled.

    Source of the defaults: Fort et al. (2019), published notebook,
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape
    Differs from it in `low_rank_variance`, which there is `unit`, and in the threshold of random samples, which there
    is an accuracy chosen by hand.

    >>> SubspaceSettings().rank
    5
    """

    samples: int = Field(default=30, ge=2, description="Samples of each subspace around each member")
    rank: int = Field(default=5, ge=1, description="Of the low-rank Gaussians")
    low_rank_variance: Literal["fitted", "unit"] = Field(
        default="fitted", description="Of the low-rank Gaussians; unit as in the published notebook"
    )
    random_norm: float = Field(default=10.0, gt=0, description="Largest length of a random step")
    random_threshold: float = Field(
        default=0.95, ge=0, le=1, description="Random samples keep this share of the validation accuracy"
    )
    dropout_rate: float = Field(default=0.1, gt=0, lt=1, description="Largest share of weights that are dropped")
    plane_samples: int = Field(default=40, ge=2, description="Samples on the way down to chance")


def _pairs(text: str) -> str:
    """Return pairs of members such as `0-1,0-2`, after checking them."""
    for pair in text.split(","):
        first, dash, second = pair.strip().partition("-")
        if not (dash and first.isdecimal() and second.isdecimal() and first != second):
            advice = "Write two members with a hyphen, and a comma between pairs"
            raise ArgumentError("pairs", "be like 0-1 or 0-1,0-2", text, advice)
    if len(set(_numbers(text))) < len(_numbers(text)):
        raise ArgumentError("pairs", "be different from one another", text, "Write each pair once")
    return text


def _numbers(text: str) -> list[tuple[int, int]]:
    """Return pairs of members as numbers."""
    found = [pair.split("-") for pair in text.split(",")]
    return [(int(first), int(second)) for first, second in found]


class LandscapeSettings(Settings):
    """Where the loss is looked at between solutions.

    >>> LandscapeSettings(pairs="0-1,0-2").member_pairs
    [(0, 1), (0, 2)]
    """

    pairs: Annotated[str, AfterValidator(_pairs)] = Field(
        default="0-1", description="Pairs of members for radial cuts and paths"
    )
    landscape_examples: int | None = Field(
        default=2000, ge=1, description="Test examples at each point; a seeded sample of them"
    )
    radii: int = Field(default=20, ge=2, description="Distances of the radial cut")
    angles: int = Field(default=41, ge=4, description="Directions of the radial cut")
    path_points: int = Field(default=21, ge=3, description="Points along each path")
    bends: int = Field(default=1, ge=1, description="Free points of a polyline")
    curve_epochs: int = Field(default=10, ge=1, description="Passes over the training examples to fit a curve")
    curve_learning_rate: float = Field(default=5e-3, gt=0, description="Of Adam, to fit a curve")
    renew_batch_norm: bool = Field(
        default=True, description="Estimate the statistics of batch norm anew at every point"
    )
    batch_norm_examples: int = Field(default=2000, ge=2, description="Training examples to estimate them from")

    @property
    def member_pairs(self) -> list[tuple[int, int]]:
        """The pairs as numbers."""
        return _numbers(self.pairs)


class ShiftSettings(Settings):
    """How data are shifted.

    >>> ShiftSettings().corruptions
    'all'
    """

    corruptions: str = Field(default="all", description="all, common (15 types), or names with commas between")
    corrupted: str | None = Field(default=None, description="Folder of CIFAR-10-C's .npy files; else made on the fly")
    shift_examples: int | None = Field(default=1000, ge=1, description="Test examples that are corrupted")
    shift_members: int = Field(default=5, ge=1, description="Most members that see corrupted examples")
    shift_samples: int = Field(default=5, ge=1, description="Samples of each subspace that see them")


class ForeignSettings(Settings):
    """What else the networks are shown.

    >>> ForeignSettings(foreign="mnist").foreign_examples
    2000
    """

    foreign: str = Field(default="noise", description="Any other data, noise, or held-out for classes left out")
    foreign_examples: int | None = Field(default=2000, ge=1, description="Examples of each kind")


class SourcesSettings(Settings):
    """How sources of diversity are pulled apart.

    >>> SourcesSettings().source_pairs
    1
    """

    source_epochs: int | None = Field(default=None, ge=1, description="Epochs of these members; as many as the others")
    source_pairs: int = Field(default=1, ge=1, description="Pairs of members trained for each cell")


class ChainSettings(Settings):
    """How the cyclical SG-MCMC chain runs.

    Source: Zhang et al. (2020), https://arxiv.org/abs/1902.03932

    >>> ChainSettings(chain_cycles=3).chain_cycles
    3
    """

    chain_epochs: int | None = Field(
        default=None, ge=1, description="Epochs of the chain; as many as a member, in whole cycles"
    )
    chain_cycles: int = Field(default=4, ge=1, description="Cycles of its step size")
    chain_learning_rate: float = Field(default=0.03, gt=0, description="At the start of each cycle")
    chain_temperature: float = Field(default=1.0, ge=0, description="Of the posterior; 0 adds no noise")

    @model_validator(mode="after")
    def _check_cycles(self) -> Self:
        """Raise unless each cycle ends with an epoch."""
        if self.chain_epochs is not None and self.chain_epochs % self.chain_cycles:
            rule = f"be a multiple of the {self.chain_cycles} cycles"
            raise ArgumentError("chain_epochs", rule, self.chain_epochs, "Change it or --chain-cycles")
        return self


def _member_list(text: str) -> str:
    """Return members such as `0,1,2`, after checking them."""
    members = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in members) or len(set(members)) < len(members):
        raise ArgumentError("members", "be different numbers with commas between", text, "Write for example 0,1,2")
    return ",".join(members)


def _three_members(text: str) -> str:
    """Return three members such as `0,1,2`, after checking them."""
    if text.count(",") != 2:
        raise ArgumentError("plane_members", "be three members", text, "Write for example 0,1,2")
    return _member_list(text)


class SurfaceSettings(Settings):
    """Which planes through parameter space are looked at, and how closely.

    >>> SurfaceSettings(plane_members="0,2,3").corners
    [0, 2, 3]
    """

    plane_members: Annotated[str, AfterValidator(_three_members)] = Field(
        default="0,1,2", description="The three members that span a plane"
    )
    plane_trajectories: Annotated[str, AfterValidator(_member_list)] = Field(
        default="0", description="Members whose trajectories span the plane of principal components"
    )
    plane_margin: float = Field(default=0.25, ge=0, description="Planes reach this share of their width beyond members")
    plane_extent: float = Field(default=1.0, gt=0, description="Random planes and lines reach this many filter norms")
    orthogonal: bool = Field(default=True, description="Make the second random direction orthogonal to the first")
    grid: Literal["adaptive", "uniform"] = Field(
        default="adaptive", description="adaptive measures where the surface bends; uniform everywhere"
    )
    grid_points: int = Field(default=33, ge=3, description="Points along each axis of a plane, at its finest")
    tolerance: float = Field(
        default=0.02, gt=0, lt=1, description="Adaptive grids: largest error, as a share of the range of values"
    )
    line_directions: int = Field(default=5, ge=1, description="Random lines through each member")
    line_points: int = Field(default=21, ge=3, description="Points along each line")

    @property
    def corners(self) -> list[int]:
        """The members that span a plane."""
        return [int(member) for member in self.plane_members.split(",")]

    @property
    def trajectories(self) -> list[int]:
        """The members whose trajectories span a plane."""
        return [int(member) for member in self.plane_trajectories.split(",")]


class CurvatureSettings(Settings):
    """How sharp minima are, and how that is measured.

    >>> CurvatureSettings().eigenvalues
    5
    """

    curvature_examples: int | None = Field(default=1000, ge=1, description="Training examples that curvature is of")
    curvature_steps: int = Field(default=5, ge=1, description="Checkpoints of each trajectory that are looked at")
    eigenvalues: int = Field(default=5, ge=1, description="Largest eigenvalues of Hessian and Gauss-Newton matrix")
    trace_samples: int = Field(default=20, ge=2, description="Random vectors for each trace")
    density_samples: int = Field(default=4, ge=1, description="Random vectors for each spectral density")
    density_rank: int = Field(default=40, ge=2, description="Lanczos steps for each of them")
    sharpness_radius: float = Field(default=0.05, gt=0, description="Length of the step that sharpness is of")
    width_rise: float = Field(default=0.1, gt=0, description="Rise of the loss (nats) that ends a minimum")
    width_directions: int = Field(default=5, ge=2, description="Random directions in which width is measured")


class ShapesSettings(Settings):
    """Which landscapes are held side by side.

    >>> ShapesSettings(vary={"width": [0.5, 1.0]}).vary
    {'width': [0.5, 1.0]}
    """

    vary: dict[str, list[Any]] = Field(
        default_factory=dict, description="Settings or options of the network, each with the values to compare"
    )
    early: float = Field(default=0.1, gt=0, lt=1, description="Share of the epochs after which a run is still early")


class DifferencesSettings(Settings):
    """How closely the answers of members are compared.

    >>> DifferencesSettings().disputed
    24
    """

    disputed: int = Field(default=24, ge=1, description="Most disputed test examples that are shown")
    pair_disputed: int = Field(default=6, ge=0, description="Most disputed examples that are shown for each pair")
    same_mode: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Disagreement up to which members are one mode; measured where it is left out",
    )
    null_samples: int = Field(default=100, ge=2, description="Random permutations that cosines are compared with")
    cka_examples: int = Field(default=2000, ge=4, description="Test examples that representations are compared on")
    cka_batch: int = Field(default=200, ge=4, description="Examples at once for CKA")


class FrontierSettings(Settings):
    """Which ensembles are held side by side, and what they may cost.

    >>> FrontierSettings(sizes="1,3").chosen_sizes(5)
    [1, 3]
    """

    methods: str = Field(default="all", description="Ways to get an ensemble: all, or names with commas between")
    sizes: str | None = Field(
        default=None, description="Budgets in members, with commas between; 1, doubled up to all members by default"
    )
    method_options: dict[str, Any] = Field(
        default_factory=dict, description="Options of methods, as method.option, such as swag.samples"
    )
    judged_by: Literal["nll", "brier", "accuracy"] = Field(
        default="nll", description="What the recommended ensemble is chosen by, on validation data"
    )
    cost_per_member: float | None = Field(
        default=None, gt=0, description="What a member costs, in any unit, such as money"
    )
    worth: float | None = Field(
        default=None,
        gt=0,
        description="What one point of accuracy, or 0.01 of NLL or Brier score, is worth in that unit",
    )
    most_passes: float | None = Field(
        default=None, ge=1, description="Most passes of the base network an example that may be recommended"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Raise unless sizes are numbers, and cost and worth come together."""
        self._listed_sizes()
        if (self.cost_per_member is None) != (self.worth is None):
            missing, given = ("worth", "cost_per_member") if self.worth is None else ("cost_per_member", "worth")
            rule = f"be given together with {given}"
            advice = f"Pass --{missing.replace('_', '-')} too, in the same unit"
            raise ArgumentError(missing, rule, Quoted("none"), advice)
        return self

    def _listed_sizes(self) -> list[int]:
        """Return the sizes that are written down."""
        pieces = [] if self.sizes is None else [piece.strip() for piece in self.sizes.split(",")]
        if not all(piece.isdecimal() and int(piece) for piece in pieces):
            rule = "be whole numbers from 1 with commas between"
            raise ArgumentError("sizes", rule, self.sizes, "Write for example 1,2,5")
        return sorted({int(piece) for piece in pieces})

    def chosen_sizes(self, members: int) -> list[int]:
        """Return the sizes of ensembles for a number of members.

        Raises:
            ArgumentError: If one is larger.

        >>> FrontierSettings().chosen_sizes(5)
        [1, 2, 4, 5]
        """
        if self.sizes is None:
            doubled = [2**power for power in range(members.bit_length()) if 2**power < members]
            return [*doubled, members]
        chosen = self._listed_sizes()
        if chosen[-1] > members:
            rule = f"be at most the {members} members of the run"
            raise ArgumentError("sizes", rule, chosen[-1], "Leave it out, or train more --members")
        return chosen


class AlignmentSettings(Settings):
    """How the neurons of two members are aligned.

    >>> AlignmentSettings().align_starts
    3
    """

    align_starts: int = Field(default=3, ge=1, description="Random orders in which weight matching is tried")
    align_examples: int = Field(default=2000, ge=2, description="Training examples for activation matching and REPAIR")
    align_points: int = Field(default=11, ge=3, description="Points along the path between aligned members")


class AttackSettings(Settings):
    """How members are attacked.

    >>> AttackSettings(attack_size=0.1).attack_size
    0.1
    """

    attack_examples: int = Field(default=500, ge=1, description="Test examples that are attacked")
    attack_members: int = Field(default=5, ge=1, description="Most members that are attacked")
    attack_size: float = Field(
        default=0.03,
        gt=0,
        description="Largest change of a pixel, as a share of its range; of other inputs, in their units",
    )
    attack_steps: int = Field(default=20, ge=1, description="Steps of projected gradient descent")
