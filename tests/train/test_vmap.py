"""What the vectorised engine refuses, and its groups."""

import pytest

from modescape.core.errors import TrainingError
from modescape.train import ENGINES
from train.networks import Noisy


@pytest.mark.parametrize("source", ["torch", "numpy", "python"])
def test_a_network_with_random_numbers_of_its_own_is_refused(source, make_task):
    line = r"^`engine` must be loop for Noisy, which draws random numbers that are not dropout masks; got 'vmap'\. Pass"
    with pytest.raises(TrainingError, match=line):
        ENGINES["vmap"].begin(make_task(Noisy, {"source": source}), (0, 1))


def test_groups_are_as_large_as_set(make_task):
    task = make_task(group_size=7)
    assert ENGINES["vmap"].group_size(task) == 7
    assert ENGINES["loop"].group_size(task) == 1
    assert ENGINES["vmap"].begin(task, (4, 1)).members == (4, 1)
