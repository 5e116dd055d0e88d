"""Which methods are samples around one solution."""

from typing import Final

SUBSPACES: Final = ("random", "dropout", "diagonal-gaussian", "low-rank-gaussian", "low-rank-random")
"""The five subspaces around one solution."""
