"""Settings of the network."""

from typing import Any

from pydantic import Field

from modescape.core.settings import Settings


class ModelSettings(Settings):
    """Which network to train.

    >>> ModelSettings(name="mlp", options={"hidden": [64]}).options
    {'hidden': [64]}
    """

    name: str = Field(
        default="mlp", description="mlp, small-cnn, medium-cnn, resnet, resnet20, or package.module:function"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="Keyword arguments of the network's function")
