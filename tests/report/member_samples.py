"""Numbers of made-up members."""

import numpy as np


def members(num_members):
    """Return member numbers with a gap after 1, as when member 2 diverged."""
    return np.array([number if number < 2 else number + 1 for number in range(num_members)])
