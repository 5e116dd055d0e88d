"""Settings of training; the defaults are the recipe of Fort et al. (2019)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from modescape.core.errors import ArgumentError, Quoted
from modescape.core.settings import Settings
from modescape.train.precision import Precision


class TrainSettings(Settings):
    """How to train the members.

    Source of the defaults: Fort et al. (2019), published notebook,
    https://github.com/google-deepmind/deepmind-research/tree/master/ensemble_loss_landscape
    Differs from it in that an epoch visits examples in a shuffled order; the notebook draws each batch with
    replacement (`sampling="replacement"`).

    >>> TrainSettings(epochs=10).learning_rate
    0.0016
    """

    members: int = Field(default=5, ge=1, description="Number of independently initialised members")
    epochs: int = Field(default=40, ge=1, description="Passes over the training examples")
    batch_size: int = Field(default=128, ge=1, description="Examples a step")
    optimizer: Literal["adam", "adamw", "sgd", "sghmc"] = Field(
        default="adam", description="sgd has momentum; sghmc is sgd that samples from the posterior by added noise"
    )
    learning_rate: float = Field(default=1.6e-3, gt=0, description="At the first step")
    schedule: Literal["step", "cosine", "constant", "cyclical", "triangular"] = Field(
        default="step",
        description="How the learning rate falls; cyclical is cosine begun anew in each cycle, triangular down and up",
    )
    step_epochs: int = Field(default=10, ge=1, description="Schedule step: epochs between two falls")
    step_factor: float = Field(default=0.5, gt=0, le=1, description="Schedule step: factor at each fall")
    cycles: int = Field(default=4, ge=1, description="Schedules cyclical, triangular: cycles, of as many epochs each")
    low_factor: float = Field(default=0.01, gt=0, le=1, description="Schedule triangular: factor in mid-cycle")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="Of sgd and sghmc, where friction is 1 - momentum")
    exploration: float = Field(default=0.8, ge=0, lt=1, description="Of sghmc: first share of a cycle, without noise")
    temperature: float = Field(default=1.0, ge=0, description="Of sghmc: of the posterior; 0 is without noise")
    weight_decay: float = Field(
        default=0.0, ge=0, description="Decoupled in adamw, added to the gradient otherwise; in sghmc a Gaussian prior"
    )
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="Share of the target spread over all classes")
    clip_norm: float | None = Field(default=None, gt=0, description="Largest norm of a member's gradient")
    sampling: Literal["shuffle", "replacement"] = Field(default="shuffle", description="How an epoch draws its batches")
    keep_best: bool = Field(default=False, description="Take the weights of the epoch that is best on validation")
    trajectories: int = Field(default=3, ge=0, description="Members whose weights are kept after every epoch")
    late_fraction: float = Field(default=0.25, ge=0, le=1, description="Last share of epochs kept for every member")
    engine: Literal["auto", "loop", "vmap", "compile"] = Field(
        default="auto", description="auto measures and takes the fastest"
    )
    group_size: int | None = Field(default=None, ge=1, description="Most members as one program; as fit in memory")
    workers: int | None = Field(default=None, ge=1, description="Groups trained at the same time; measured by auto")
    threads: int | None = Field(default=None, ge=1, description="CPU threads of each worker; the cores shared out")
    precision: Precision = Field(default="float32", description="Of products in training; tf32 needs CUDA")
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps")

    @model_validator(mode="after")
    def _check_cycles(self) -> Self:
        """Raise unless each cycle ends with an epoch; the lowest rate of a triangle is reached with one too."""
        least = {"cyclical": 1, "triangular": 2}.get(self.schedule)
        if least is None or self.epochs % (self.cycles * least) == 0:
            return self
        rule = f"divide the number of epochs, {self.epochs}, so that each cycle ends with an epoch"
        if self.schedule == "triangular":
            rule = f"divide the number of epochs, {self.epochs}, into cycles of 2, 4 or another even number of epochs"
        fitting = [count for count in range(1, self.cycles) if self.epochs % (count * least) == 0]
        advice = f"Pass --cycles {max(fitting)}, or other --epochs" if fitting else "Pass an even number of --epochs"
        raise ArgumentError("cycles", rule, Quoted(str(self.cycles)), advice)
