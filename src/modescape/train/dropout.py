"""Networks with their dropout switched off."""

from torch import nn
from torch.nn.modules.dropout import _DropoutNd  # pyright: ignore[reportPrivateUsage]


def switch_off_dropout(network: nn.Module) -> nn.Module:
    """Set the probability of every dropout layer of a network to 0, and of layers of PyTorch that drop inside.

    Those are attention and recurrent layers. What a network's own forward pass drops by a function stays.

    Args:
        network: It is changed, and returned.

    >>> switch_off_dropout(nn.Sequential(nn.Dropout2d(0.3), nn.AlphaDropout(0.1)))
    Sequential(
      (0): Dropout2d(p=0.0, inplace=False)
      (1): AlphaDropout(p=0.0, inplace=False)
    )
    """
    for layer in network.modules():
        if isinstance(layer, _DropoutNd):
            layer.p = 0.0
        elif isinstance(layer, nn.MultiheadAttention | nn.RNNBase):
            layer.dropout = 0.0
    return network
