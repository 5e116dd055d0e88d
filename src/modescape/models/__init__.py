"""Architectures by name, and the user's own: recipes that build one network for each member."""

from modescape.models.cnn import medium_cnn, plain_cnn, small_cnn
from modescape.models.mlp import mlp
from modescape.models.recipe import MODELS, Recipe, check_network, recipe
from modescape.models.resnet import resnet, resnet20
from modescape.models.settings import ModelSettings

__all__ = [
    "MODELS",
    "ModelSettings",
    "Recipe",
    "check_network",
    "medium_cnn",
    "mlp",
    "plain_cnn",
    "recipe",
    "resnet",
    "resnet20",
    "small_cnn",
]
