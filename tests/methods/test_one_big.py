"""The network with as many parameters, by counts known in advance."""

import pytest
import torch
from torch import nn

from methods.tiny import EPOCHS, tiny_task
from modescape.core.errors import ArgumentError, ModelError
from modescape.methods import MemoryTrainer, OneBig, num_parameters
from modescape.methods.joint import changed_task
from modescape.models import Recipe, recipe

N = 128


def parameters(made):
    return num_parameters(made.build((1, 8, 8), 10, seed=0))


def test_one_hidden_layer_has_the_units_that_the_formula_gives():
    task = tiny_task(model="mlp", options={"hidden": [20]})
    wide = OneBig().recipe(task, 3)
    # 75 h + 10 parameters at most 3 * 1510.
    assert wide.options["hidden"] == [(3 * 1510 - 10) // 75]
    assert wide.name == "mlp"


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("mlp", {"hidden": [24, 16]}),
        ("mlp", {}),
        ("small-cnn", {}),
        ("resnet", {"depth": 8}),
    ],
)
def test_parameters_are_those_of_the_members_or_just_fewer(model, options, size):
    task = tiny_task(model=model, options=options)
    wanted = size * parameters(task.recipe)
    assert 0.96 * wanted <= parameters(OneBig().recipe(task, size)) <= wanted


def test_its_ensemble_is_one_network_within_the_budget():
    task = tiny_task(model="mlp", options={"hidden": [20], "dropout": 0.0})
    ensemble = OneBig().ensembles(task, (3,), MemoryTrainer())[3]
    share = 60 / 20
    assert ensemble.num_members == 1
    assert ensemble.cost.parameters == 60 * 75 + 10
    assert ensemble.cost.prediction == pytest.approx(share)
    assert ensemble.cost.training == pytest.approx(EPOCHS * N * share)
    assert ensemble.notes == ()


def test_size_one_is_the_base_network():
    task = tiny_task()
    assert OneBig().recipe(task, 1) is task.recipe


def layered(num_classes, *, units=6, flag=True):
    """Return a network whose width has another name."""
    del flag
    return nn.Sequential(nn.Flatten(), nn.Linear(64, units), nn.ReLU(), nn.Linear(units, num_classes))


def test_another_option_may_be_the_one_that_widens():
    task = changed_task(tiny_task(), recipe(layered))
    wide = OneBig(scale_with="units").recipe(task, 4)
    assert wide.options == {"units": (4 * (75 * 6 + 10) - 10) // 75}


def test_a_note_says_where_no_width_fits():
    def coarse(num_classes, width=1):
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 8**width), nn.Linear(8**width, num_classes))

    task = changed_task(tiny_task(epochs=1), Recipe("coarse", coarse))
    (note,) = OneBig().ensembles(task, (3,), MemoryTrainer())[3].notes
    assert note == "The widest network within them has 67% fewer parameters than the members."


class Fixed(nn.Module):
    def __init__(self, name="any", width=1.0):
        super().__init__()
        self.described = f"{name} {width}"
        self.layer = nn.Linear(64, 10)

    def forward(self, inputs):
        return self.layer(torch.flatten(inputs, 1))


@pytest.mark.parametrize(
    ("builder", "scale_with", "match"),
    [
        (layered, None, "must have an option that makes it wider, `width` or `hidden`, for one-big; got layered"),
        (Fixed, "name", "must have a number, or a list of numbers above 0, as its option `name`"),
        (layered, "flag", "as its option `flag`"),
        (layered, "widht", "as its option `widht`"),
        (Fixed, None, "must have more parameters with a larger `width`"),
    ],
)
def test_networks_that_can_not_be_widened_are_refused(builder, scale_with, match):
    task = changed_task(tiny_task(), recipe(builder))
    with pytest.raises(ModelError, match=match):
        OneBig(scale_with=scale_with).ensembles(task, (2,), MemoryTrainer())


def test_bad_options_are_named():
    with pytest.raises(ArgumentError, match="`scale_with` must be the name of an option of the network; got 'a b'"):
        OneBig(scale_with="a b")
