"""An ensemble as a scikit-learn estimator."""

import operator
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple, Self

import numpy as np
from jaxtyping import Float, Shaped
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from modescape.core.checks import check_at_least, check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.progress import Silent
from modescape.core.trees import Tree
from modescape.deploy.combined import check_combination, fitted_combined, uncalibrated
from modescape.deploy.growing import GrowingTrainer, SteadyTrainer
from modescape.deploy.predictor import DeployedEnsemble
from modescape.deploy.spoken import Spoken
from modescape.deploy.tables import Scaling, as_inputs, dataset_of
from modescape.methods import METHODS, Ensemble, Independent, Method, Trainer
from modescape.models import recipe
from modescape.train import TrainingTask, TrainSettings, chosen_device

LARGEST_SEED = 2**31 - 1
FREE_TO_CHANGE = {"combination", "device", "n_jobs", "n_members", "random_state", "verbose", "warm_start"}
"""Arguments that a warm start may have otherwise than the fit it goes on from."""


class Uncertainty(NamedTuple):
    """How unsure predictions are, in nats: total is the sum of the other two.

    Attributes:
        total: Entropy of the class probabilities.
        aleatoric: What would be left if one knew which answer to trust.
        epistemic: What the answers of members dispute.
    """

    total: Float[np.ndarray, "example"]
    aleatoric: Float[np.ndarray, "example"]
    epistemic: Float[np.ndarray, "example"]


class EnsembleClassifier(ClassifierMixin, BaseEstimator):
    """Networks trained as an ensemble, with calibrated probabilities and uncertainty.

    A share of each class is kept from training: a temperature is fitted on it, and the combination where it has
    something to learn. A member's random numbers derive from the seed and its number alone.

    Inputs are tables (example, feature), or images (example, channel, height, width) for networks that take them;
    8-bit images stay so. Tables are predicted in double precision on a CPU, so that an answer does not depend on the
    examples beside it. Weights are float32.

    Args:
        n_members: Training budget in members; that many members with `independent`.
        method: How to get an ensemble, a name of `modescape.methods.METHODS`.
        method_options: Options of the method by name.
        model: Network of a member: a name (`mlp`, `small-cnn`, ...), `package.module:function` or a function.
        model_options: Keyword arguments for it.
        epochs: Passes of a member over the training examples.
        batch_size: Examples a step.
        learning_rate: At the first step; it is halved every 10 epochs.
        optimizer: adam, adamw, sgd or sghmc.
        weight_decay: Decoupled in adamw, added to the gradient otherwise.
        train_options: Further settings of `modescape.train.TrainSettings` by name, such as `schedule`.
        validation_fraction: Share of each class to calibrate on; 0 leaves probabilities uncalibrated.
        scaling: `standard` (mean 0, variance 1 of each feature or channel of the training examples) or `unit` (8-bit
            images to [0, 1], tables as they are).
        combination: How answers are combined, a name of `modescape.combine.COMBINATIONS`; fitted on the validation
            examples.
        device: auto, cpu, cuda, cuda:1 or mps.
        random_state: Seed, as anywhere in scikit-learn.
        warm_start: Keep the members of the last fit, and train only those that `n_members` asks for on top: the same
            as all at once. With `independent` and the same data and options only.
        n_jobs: Groups of members trained at the same time; -1 for one a core.
        verbose: Above 0 to write a line for each epoch.

    Attributes:
        classes_: Class labels, sorted.
        n_features_in_: Length of the second axis of the inputs.
        feature_names_in_: Names of the columns, where inputs had them.
        ensemble_: The trained ensemble, a `modescape.methods.Ensemble`.
        temperature_: Temperature of the ensemble's probabilities; 1 where validation examples support none.
        n_validation_: Examples that were kept from training.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = EnsembleClassifier(3, model_options={"hidden": [8]}, epochs=5, learning_rate=0.02, random_state=0)
    >>> classifier.fit(X, y).predict_proba(X[:2]).shape
    (2, 3)
    >>> classifier.predict_uncertainty(X[:2]).total.shape, len(classifier.members_)
    ((2,), 3)
    """

    def __init__(
        self,
        n_members: int = 5,
        *,
        method: str = "independent",
        method_options: Mapping[str, Any] | None = None,
        model: str | Callable[..., nn.Module] = "mlp",
        model_options: Mapping[str, Any] | None = None,
        epochs: int = 40,
        batch_size: int = 128,
        learning_rate: float = 1.6e-3,
        optimizer: str = "adam",
        weight_decay: float = 0.0,
        train_options: Mapping[str, Any] | None = None,
        validation_fraction: float = 0.1,
        scaling: Scaling = "standard",
        combination: str = "mean",
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_members = n_members
        self.method = method
        self.method_options = method_options
        self.model = model
        self.model_options = model_options
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.train_options = train_options
        self.validation_fraction = validation_fraction
        self.scaling = scaling
        self.combination = combination
        self.device = device
        self.random_state = random_state
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Train the ensemble, and calibrate it on examples that were kept from training.

        Args:
            X: Inputs, (example, feature) or images (example, channel, height, width).
            y: Class labels of any type that scikit-learn takes.

        Raises:
            ArgumentError: If an argument is wrong, there is one class only, or a warm start does not fit the last fit.
            ModelError: If the network does not fit the inputs.
            TrainingError: If all members diverge.
        """
        given: Any = (X, y)
        checked: Any
        checked, labels = validate_data(self, *given, dtype="numeric", allow_nd=True, ensure_min_samples=2)
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            advice = "Pass examples of another class too"
            raise ArgumentError("y", "have 2 classes or more", Quoted(f"1 class, {classes[0]}"), advice)
        task = self._task(as_inputs(checked), codes, classes)
        # What can be told to be wrong is told before anything is trained.
        check_combination(self.combination, len(task.dataset.validation))
        method = self._method()
        trainer = self._trainer(task)
        ensemble = self._ensemble(task, method, trainer)
        self.classes_, self.ensemble_ = classes, ensemble
        self._last = (self._identity(task), task.seed, trainer) if isinstance(trainer, GrowingTrainer) else None
        self._calibrate(task)
        for note in ensemble.notes:
            warnings.warn(note, ConvergenceWarning, stacklevel=2)
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:  # noqa: N803
        """Return the most probable class of each example.

        Args:
            X: Inputs as in `fit`.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_proba(self, X: ArrayLike) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Return calibrated class probabilities, in the order of `classes_`.

        Args:
            X: Inputs as in `fit`.
        """
        return self._answers(X)["probabilities"]

    def predict_uncertainty(self, X: ArrayLike) -> Uncertainty:  # noqa: N803
        """Return how unsure each prediction is, in nats, and whether because members dispute it.

        Args:
            X: Inputs as in `fit`.
        """
        answers = self._answers(X)
        return Uncertainty(*(answers[f"{kind}_uncertainty"] for kind in Uncertainty._fields))

    def member_probabilities(self, X: ArrayLike) -> Float[np.ndarray, "member example class"]:  # noqa: N803
        """Return the class probabilities of each member, without temperature.

        Args:
            X: Inputs as in `fit`.
        """
        return self._answers(X)["member_probabilities"].swapaxes(0, 1)

    def votes(self, X: ArrayLike) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Return the share of members whose most probable class each is.

        Args:
            X: Inputs as in `fit`.
        """
        return self._answers(X)["votes"]

    @property
    def members_(self) -> tuple[Tree, ...]:
        """Parameters and buffers of each trained predictor, by name."""
        return tuple(weights for part in self.ensemble_.parts for weights in part.weights)

    def to_predictor(self) -> DeployedEnsemble:
        """Return the ensemble as a module of its own, to save or export.

        Raises:
            ArgumentError: If the combination is not a mean with one weight for each member.
        """
        check_is_fitted(self)
        return self._combined.as_module()

    def __getstate__(self) -> dict[str, Any]:
        """Leave accelerators out: what is pickled on one machine is used on another."""
        state: Any = super().__getstate__()
        return {**state, "_combined": state["_combined"].on_cpu()} if "_combined" in state else state

    def _task(self, inputs: Shaped[np.ndarray, "example ..."], codes: np.ndarray, classes: np.ndarray) -> TrainingTask:
        """Return what is to be trained."""
        n_members = operator.index(self.n_members)
        check_at_least(n_members, 1, "n_members", "Pass 5")
        check_choice(self.method, METHODS, "method")
        seed = self._seed()
        names = [str(name) for name in classes]
        scaling: Any = self.scaling
        dataset = dataset_of(
            inputs, codes, names, validation_fraction=self.validation_fraction, scaling=scaling, seed=seed
        )
        own: dict[str, Any] = {
            "members": n_members,
            "epochs": operator.index(self.epochs),
            "batch_size": operator.index(self.batch_size),
            "learning_rate": float(self.learning_rate),
            "optimizer": self.optimizer,
            "weight_decay": float(self.weight_decay),
            "device": self.device,
            "workers": _workers(self.n_jobs),
        }
        further = dict(self.train_options or {})
        for name in further:
            if name in own:
                rule = "hold settings that have no argument of their own"
                raise ArgumentError("train_options", rule, name, "Pass it as an argument of the estimator")
        settings = TrainSettings(**own, **further)
        task = TrainingTask(recipe(self.model, self.model_options), dataset, settings, seed)
        task.check()
        return task

    def _seed(self) -> int:
        """Return the seed of this fit; a warm start goes on with that of the last."""
        last = getattr(self, "_last", None)
        if self.warm_start and last is not None:
            return last[1]
        return int(check_random_state(self.random_state).randint(LARGEST_SEED))

    def _identity(self, task: TrainingTask) -> tuple[str, object]:
        """Return what has to be the same for members to be kept: the task but for their number, and the options."""
        chosen = {name: value for name, value in self.get_params(deep=False).items() if name not in FREE_TO_CHANGE}
        return task.dataset.fingerprint, {name: repr(value) for name, value in chosen.items()}

    def _trainer(self, task: TrainingTask) -> Trainer:
        """Return what trains: with the members of the last fit where they are kept."""
        progress = Spoken() if self.verbose else Silent()
        last = getattr(self, "_last", None)
        if self.method != Independent.name:
            if self.warm_start:
                rule = "be False with methods whose members are not trained one by one"
                advice = f"Pass warm_start=False, or method={Independent.name!r}"
                raise ArgumentError("warm_start", rule, self.method, advice)
            return SteadyTrainer(progress)
        if not self.warm_start or last is None:
            return GrowingTrainer(progress=progress)
        identity, _, trainer = last
        if identity != self._identity(task):
            advice = "Fit a clone, or pass warm_start=False"
            raise ArgumentError(
                "warm_start", "be False unless data and options are those of the last fit", Quoted("others"), advice
            )
        if trainer.num_kept > task.settings.members:
            rule = f"be at least {trainer.num_kept}, the number of members that are kept by warm_start"
            raise ArgumentError("n_members", rule, task.settings.members, "Raise it, or pass warm_start=False")
        return GrowingTrainer(dict(trainer.kept), trainer.num_kept, progress)

    def _method(self) -> Method:
        """Return the method with its options."""
        given = dict(self.method_options or {})
        known = [field.name for field in fields(METHODS[self.method])]  # pyright: ignore[reportArgumentType]
        for name in given:
            rule = f"hold options of {self.method} only, {', '.join(known) or 'which has none'}"
            if name not in known:
                raise ArgumentError("method_options", rule, name, "Correct the name, or leave it out")
        return METHODS[self.method](**given)

    def _ensemble(self, task: TrainingTask, method: Method, trainer: Trainer) -> Ensemble:
        """Train the ensemble."""
        size = task.settings.members
        found = method.ensembles(task, [size], trainer).get(size)
        if found is None:
            rule = f"be one that the method {self.method} has with so many epochs"
            raise ArgumentError("n_members", rule, size, "Choose another number, or another method")
        return found

    def _calibrate(self, task: TrainingTask) -> None:
        """Make the ensemble a predictor, and fit on the validation examples what is fitted there."""
        dataset = task.dataset
        predictor = uncalibrated(self.ensemble_, dataset, seed=task.seed)
        device = chosen_device(self.device)
        predictor = predictor.double() if device.type == "cpu" and len(dataset.input_shape) == 1 else predictor
        self._combined = fitted_combined(
            predictor.to(device), self.combination, dataset.validation.inputs, dataset.validation.labels, seed=task.seed
        )
        self.temperature_ = self._combined.temperature
        self.n_validation_ = len(dataset.validation)

    def _answers(self, X: ArrayLike) -> dict[str, np.ndarray]:  # noqa: N803
        """Return all that is known of examples."""
        check_is_fitted(self)
        given: Any = X
        checked: Any = validate_data(self, given, dtype="numeric", allow_nd=True, reset=False)
        self._combined.predictor.to(chosen_device(self.device))
        return self._combined(as_inputs(checked))


def _workers(n_jobs: int | None) -> int | None:
    """Return how many groups are trained at the same time; -1 is one a core, as in scikit-learn.

    Raises:
        ArgumentError: If it is 0.
    """
    if n_jobs is None or n_jobs > 0:
        return n_jobs
    if n_jobs == 0:
        raise ArgumentError("n_jobs", "not be 0", 0, "Pass 1, or -1 for one a core")
    return max(1, (os.cpu_count() or 1) + 1 + n_jobs)
