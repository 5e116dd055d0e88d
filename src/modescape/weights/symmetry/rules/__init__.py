"""What each operation makes of the dimensions of its inputs."""

from modescape.weights.symmetry.flow import Rule
from modescape.weights.symmetry.rules import elementwise, layers, products, reductions, shapes

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **layers.RULES,
    **products.RULES,
    **reductions.RULES,
    **shapes.RULES,
}
"""By the name of the operation, without its variant."""

__all__ = ["RULES"]
