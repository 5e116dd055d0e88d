"""A predictor with a combination of its members, fitted on validation examples, and with its temperature."""

from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from modescape.combine import COMBINATIONS, Combination, cross_fitted, fitted_combination, needs_fit
from modescape.core.checks import check_choice
from modescape.core.errors import ArgumentError, Quoted
from modescape.core.seeds import Stream, derived_seed
from modescape.data import Dataset
from modescape.deploy.predictor import DeployedEnsemble, supported_temperature
from modescape.deploy.uncertainty import decomposition, speakers
from modescape.evaluate.temperature import with_temperature
from modescape.methods import Ensemble

MEAN = "mean"
FEWEST_EXAMPLES = 2
"""A combination that learns is tried on examples that it has not learned from, so there have to be two."""


@dataclass(frozen=True, eq=False)
class Combined:
    """Answers of a predictor, its members combined in any way.

    Args:
        predictor: Gives the members' probabilities, and the mean of them with its weights.
        combination: Makes one prediction of them; where there is none, the predictor does.
        temperature: Of that prediction.
    """

    predictor: DeployedEnsemble
    combination: Combination | None
    temperature: float

    def __call__(self, raw: Shaped[np.ndarray, "example ..."]) -> dict[str, np.ndarray]:
        """Return what is known of examples, by the names of `OUTPUTS`."""
        found = self.predictor.predict(raw)
        if self.combination is None:
            return found
        members = found["member_probabilities"]
        mixture = self.combination.predict(members.swapaxes(0, 1), inputs=_seen(self.predictor, torch.from_numpy(raw)))
        probabilities = with_temperature(mixture, self.temperature)
        weights = self.predictor.member_weights.numpy(force=True)
        said = speakers(torch.from_numpy(members), torch.from_numpy(weights)).numpy()
        spreads = self.predictor.predicted_spreads(raw)
        joint = torch.from_numpy(said * probabilities[:, None])
        kinds = decomposition(joint, None if spreads is None else torch.from_numpy(spreads).to(joint))
        names = ("total_uncertainty", "aleatoric_uncertainty", "epistemic_uncertainty")
        values = dict(zip(names, (kind.numpy() for kind in kinds), strict=True))
        return {**found, "probabilities": probabilities, **values}

    def on_cpu(self) -> "Combined":
        """Return the same on the CPU."""
        if self.predictor.shift.device.type == "cpu":
            return self
        return replace(self, predictor=deepcopy(self.predictor).cpu())

    def as_module(self) -> DeployedEnsemble:
        """Return the predictor in single precision on the CPU, as a module of its own.

        Raises:
            ArgumentError: If the combination is not a mean with weights.
        """
        if self.combination is not None:
            rule = "give each member one weight, to be part of a module"
            advice = "Choose mean, learned-weights, greedy or inverse-variance"
            raise ArgumentError("combination", rule, self.combination.name, advice)
        return deepcopy(self.predictor).cpu().float()


def fitted_combined(
    predictor: DeployedEnsemble,
    name: str,
    raw: Shaped[Tensor, "example ..."],
    labels: Int[Tensor, "example"],
    *,
    seed: int,
) -> Combined:
    """Return a predictor with a combination and a temperature, both fitted on validation examples.

    The temperature of a combination that learns is fitted on what it predicts for validation examples that it was not
    fitted on (cross-fitting). One that comes to a weight for each member becomes part of the predictor.

    Args:
        predictor: Its temperature and weights are changed.
        name: Of the combination.
        raw: Raw validation examples; with none the temperature stays 1.
        labels: Their class indices.
        seed: Of what the combination draws.

    Raises:
        ArgumentError: If there is no such combination, or it learns and there are fewer than two validation examples.

    >>> from torch import nn
    >>> from modescape.methods import Cost, Part
    >>> part = Part(nn.Linear(1, 2), (dict(nn.Linear(1, 2).named_parameters()),) * 3)
    >>> predictor = DeployedEnsemble(
    ...     Ensemble("independent", 3, (part,), Cost(0, 0, 3, 12)), classes=["a", "b"], input_shape=(1,)
    ... )
    >>> fitted_combined(predictor, "mean", torch.zeros(0, 1), torch.zeros(0, dtype=torch.int64), seed=0).temperature
    1.0
    """
    check_combination(name, len(labels))
    if name == MEAN:
        if len(labels):
            predictor.calibrated(raw, labels.numpy())
        return Combined(predictor, None, predictor.temperature.item())
    if not len(labels):
        return Combined(predictor, fitted_combination(name), 1.0)
    members: Float[np.ndarray, "member example class"] = predictor.predict(raw)["member_probabilities"].swapaxes(0, 1)
    truth, inputs = labels.numpy(), _seen(predictor, raw)
    drawn = derived_seed(seed, Stream.COMBINATION)
    combination = fitted_combination(name, members, truth, inputs=inputs, seed=drawn)
    temperature = supported_temperature(cross_fitted(name, members, truth, inputs=inputs, seed=drawn), truth)
    if combination.weights is None:
        return Combined(predictor, combination, temperature)
    predictor.member_weights.copy_(torch.from_numpy(combination.weights))
    predictor.temperature.fill_(temperature)
    return Combined(predictor, None, predictor.temperature.item())


def check_combination(name: str, num_validation: int) -> None:
    """Raise unless a combination is known, and has examples to learn from where it learns.

    Args:
        name: Of the combination.
        num_validation: Number of validation examples.

    Raises:
        ArgumentError: If there is no such combination, or it learns and there are fewer than two validation examples.

    >>> check_combination("median", 0)
    """
    check_choice(name, COMBINATIONS, "combination")
    if needs_fit(name) and num_validation < FEWEST_EXAMPLES:
        advice = "Pass a larger share, or more examples, or choose mean"
        got = Quoted(str(num_validation))
        raise ArgumentError("validation_fraction", f"leave examples to fit {name} on", got, advice)


def deployed(ensemble: Ensemble, dataset: Dataset, *, combination: str = MEAN, seed: int = 0) -> DeployedEnsemble:
    """Return an ensemble as one predictor for raw inputs, calibrated on the validation examples.

    Args:
        ensemble: The predictors.
        dataset: What they were trained on; its test examples are not looked at.
        combination: How members are combined: `mean`, or another of `combine.COMBINATIONS` that comes to one weight for
            each member, fitted on the validation examples.
        seed: Seed of dropout masks, and of what the combination draws.

    Raises:
        ArgumentError: If there are no validation examples, or the combination is no mean with weights.
        ModelError: If a network does not fit the data.

    >>> from torch import nn
    >>> from modescape.data import Examples
    >>> from modescape.methods import Cost, Part
    >>> part = Examples(torch.tensor([[-1.0], [1.0], [2.0]]), torch.tensor([0, 1, 0]))
    >>> data = Dataset("toy", ("low", "high"), part, part, part, torch.tensor(0.0), torch.tensor(1.0), "0")
    >>> network = nn.Linear(1, 2)
    >>> ensemble = Ensemble("independent", 1, (Part(network, (dict(network.named_parameters()),)),), Cost(0, 0, 1, 4))
    >>> deployed(ensemble, data).classes
    ('low', 'high')
    """
    validation = dataset.validation
    if not len(validation):
        advice = "Keep some of the training examples, such as by --validation 500"
        raise ArgumentError("dataset", "hold validation examples to calibrate on", Quoted("none"), advice)
    predictor = uncalibrated(ensemble, dataset, seed=seed)
    return fitted_combined(predictor, combination, validation.inputs, validation.labels, seed=seed).as_module()


def uncalibrated(ensemble: Ensemble, dataset: Dataset, *, seed: int = 0) -> DeployedEnsemble:
    """Return an ensemble as one predictor for raw inputs of a dataset, at temperature 1 and with equal weights.

    Args:
        ensemble: The predictors.
        dataset: Gives the classes, and the shape, type and scaling of inputs.
        seed: Seed of dropout masks.

    Raises:
        ModelError: If a network does not fit the data.

    >>> from torch import nn
    >>> from modescape.data import Examples
    >>> from modescape.methods import Cost, Part
    >>> part = Examples(torch.zeros(2, 1), torch.tensor([0, 1]))
    >>> data = Dataset("toy", ("low", "high"), part, part, part, torch.tensor(0.0), torch.tensor(1.0), "0")
    >>> network = nn.Linear(1, 2)
    >>> ensemble = Ensemble("independent", 1, (Part(network, (dict(network.named_parameters()),)),), Cost(0, 0, 1, 4))
    >>> uncalibrated(ensemble, data).temperature.item()
    1.0
    """
    return DeployedEnsemble(
        ensemble,
        classes=dataset.classes,
        input_shape=dataset.input_shape,
        input_dtype=dataset.train.inputs.dtype,
        shift=dataset.shift,
        scale=dataset.scale,
        seed=seed,
    )


def _seen(predictor: DeployedEnsemble, raw: Tensor) -> np.ndarray:
    """Return raw inputs as networks see them."""
    return predictor.prepared(raw.to(predictor.shift.device)).numpy(force=True)
