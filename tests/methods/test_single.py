"""One network trained for the whole budget."""

import pytest

from methods.descent import RATE, Losing, check_close, descended, linear_task
from methods.tiny import digits
from modescape.core.errors import TrainingError
from modescape.methods import MemoryTrainer, Single
from modescape.train import weights_of


@pytest.mark.parametrize("size", [1, 3])
def test_it_descends_k_times_as_long_with_falls_after_the_same_shares(size):
    task = linear_task(epochs=4, schedule="step", step_epochs=2, step_factor=0.3)
    made = Single().ensembles(task, (size,), MemoryTrainer())[size]
    rates = [RATE * 0.3 ** (step // (2 * size)) for step in range(4 * size)]
    ((weights,),) = (part.weights for part in made.parts)
    check_close(weights, descended(weights_of(task.network(0)), rates)[-1])
    assert (made.num_members, made.cost.prediction, made.cost.parameters) == (1, 1, 650)
    assert made.cost.forward == made.cost.backward == size * 4 * len(digits().train)


def test_a_size_that_diverges_is_left_out_and_all_are_an_error():
    task = linear_task(epochs=2)
    assert set(Single().ensembles(task, (1, 2, 3), Losing(names=("single",), calls=(2,)))) == {1, 3}
    with pytest.raises(TrainingError, match="`learning_rate` must be lower"):
        Single().ensembles(task, (1, 2), Losing(names=("single",)))
