"""What a run must hold, computed anew in an obvious way from its weights, in float64 and without the steps."""

import numpy as np
import torch
from safetensors.torch import load_file

from modescape.core.progress import Silent
from modescape.studies.context import StudyContext
from modescape.studies.runs import loaded_task, settings_of


def context_of(run, **objects):
    """The context of a run as it is on disk."""
    settings = settings_of(run)
    return StudyContext(run, settings, loaded_task(settings, progress=Silent(), **objects))


class Slow:
    """Weights read by another library, and forward passes of a network that was built anew."""

    def __init__(self, run, **objects):
        self.run, self.context = run, context_of(run, **objects)
        self.settings, self.dataset = self.context.settings, self.context.dataset
        self.network = self.context.task.recipe.build(self.dataset.input_shape, self.dataset.num_classes, seed=999)
        self.network.double().eval()

    def tree(self, member, step=None, part=None):
        """The weights of a member, by default those of its solution."""
        folder = self.run.path if part is None else self.run.path / "parts" / part
        step = self.settings.train.epochs if step is None else step
        return load_file(folder / f"weights/member-{member:03d}/step-{step:04d}.safetensors")

    def vector(self, member, step=None, part=None):
        """All parameters of a member in one vector."""
        tree = self.tree(member, step, part)
        return torch.cat([tree[name].ravel() for name, _ in self.network.named_parameters()]).double()

    def predict(self, weights, inputs):
        """Class probabilities with a tree or a vector of weights."""
        if isinstance(weights, torch.Tensor):
            torch.nn.utils.vector_to_parameters(weights.double().clone(), self.network.parameters())
        else:
            self.network.load_state_dict(weights)
        with torch.no_grad():
            return self.network(self.dataset.prepare(inputs).double()).softmax(dim=1).numpy()

    def decide(self, weights, inputs=None):
        """Decisions, by default for the test examples."""
        return self.predict(weights, self.dataset.test.inputs if inputs is None else inputs).argmax(axis=1)

    @property
    def labels(self):
        """Of the test examples."""
        return self.dataset.test.labels.numpy()

    def accuracy(self, weights):
        """Share of the test examples that are decided right."""
        return np.mean(self.decide(weights) == self.labels)


def cosine(first, second):
    """Cosine of the angle between two vectors."""
    return float(first @ second / torch.sqrt((first @ first) * (second @ second)))
