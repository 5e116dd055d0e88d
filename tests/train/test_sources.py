"""Sources of diversity: what members share, dropout that is off, and members counted from another one."""

import pytest
import torch
from torch import nn

from modescape.core.errors import ArgumentError, ModelError
from modescape.core.seeds import Stream, derived_seed, numpy_generator, torch_generator
from modescape.data import drawn_crops
from modescape.train import EngineChoice, MemoryCheckpoints, train_members, weights_of
from modescape.train.dropout import switch_off_dropout
from modescape.train.noise import Draw, MaskSource
from train.networks import Attentive, Awkward, Noisy
from train.training import INTERPRETED, distance, trained

SOURCES = ("initialisation", "order", "augmentation", "dropout", "other noise", "langevin noise")
CHANGES = {
    Stream.INITIALISATION: {"initialisation"},
    Stream.ORDER: {"order", "augmentation"},
    Stream.DROPOUT: {"dropout", "other noise"},
    Stream.LANGEVIN: {"langevin noise"},
}
EVERYTHING = frozenset({Stream.INITIALISATION, Stream.ORDER, Stream.DROPOUT})


@pytest.fixture
def make(make_task, digits):
    """Return a task on images that draws every kind of random number."""

    def make(model="small-cnn", options=None, **changes):
        fields = {name: changes.pop(name) for name in ("shared", "dropout", "first_member") if name in changes}
        settings = {"optimizer": "sghmc", "exploration": 0.0, "schedule": "constant", **changes}
        task = make_task(model, options, dataset=digits, augment=True, **settings)
        return type(task)(task.recipe, task.dataset, task.settings, task.seed, task.augment, **fields)

    return make


def numbers(task, member):
    """The random numbers of a member, by source, in a form that can be compared."""
    epoch = 1
    return {
        "initialisation": tuple(task.network(member)[0].weight.flatten().tolist()),
        "order": tuple(task.order(member, epoch).flatten().tolist()),
        "augmentation": tuple(task.augmentation(member, epoch).flatten().tolist()),
        "dropout": tuple(task.masks(member, epoch).words(Draw((40,), 0.5)).tolist()),
        "other noise": task.other_noise_seed(member, epoch),
        "langevin noise": task.langevin((member,), task.steps_per_epoch + 2).seeds,
    }


@pytest.mark.parametrize("shared", [(), *((stream,) for stream in CHANGES), tuple(CHANGES)])
def test_what_is_shared_is_that_of_member_0_and_nothing_else_changes(shared, make):
    own = [numbers(make(), member) for member in range(3)]
    found = [numbers(make(shared=frozenset(shared)), member) for member in range(3)]
    in_common = set().union(*(CHANGES[stream] for stream in shared))
    for member in range(3):
        for source in SOURCES:
            expected = own[0 if source in in_common else member][source]
            assert found[member][source] == expected, (member, source)
    for source in SOURCES:
        assert len({numbers[source] for numbers in own}) == 3, source


def test_existing_runs_have_the_random_numbers_they_had(make, digits):
    task = make()
    initial = task.recipe.build((1, 8, 8), 10, seed=derived_seed(3, Stream.INITIALISATION, 2))
    assert distance(weights_of(task.network(2)), weights_of(initial)) == 0.0
    order = numpy_generator(derived_seed(3, Stream.ORDER, 2, 5)).permutation(len(digits.train))
    assert task.order(2, 5).flatten().tolist() == order[: 16 * task.steps_per_epoch].tolist()
    words = MaskSource(derived_seed(3, Stream.DROPOUT, 2, 5)).words(Draw((40,), 0.5))
    assert torch.equal(task.masks(2, 5).words(Draw((40,), 0.5)), words)
    generator = torch_generator(derived_seed(3, Stream.AUGMENTATION, 2, 5))
    crops = drawn_crops(16 * task.steps_per_epoch, (1, 8, 8), generator=generator)
    assert torch.equal(task.augmentation(2, 5).flatten(0, 1), crops)
    seeds = [task.stream_seed(Stream.INITIALISATION, 2), task.stream_seed(Stream.ORDER, 2, 5)]
    seeds += [task.stream_seed(Stream.DROPOUT, 2, 5), task.stream_seed(Stream.AUGMENTATION, 2, 5)]
    seeds += [task.other_noise_seed(2, 5)]
    assert seeds == PINNED


PINNED = [
    1276239761904451070,
    4275480440469201383,
    4009709957403649587,
    7014441810422259975,
    5808575126385595201,
]


@pytest.mark.parametrize("engine", INTERPRETED)
@pytest.mark.parametrize(
    ("model", "options"), [("mlp", {"hidden": [32], "dropout": 0.2}), ("small-cnn", {"dropout": 0.2})]
)
def test_members_that_share_everything_end_with_the_same_bits(engine, model, options, make):
    groups = [(0, 1)] if engine == "vmap" else [(0,), (1,)]
    recipe = {"optimizer": "adam", "schedule": "step", "epochs": 2}

    def ends(**fields):
        states = trained(make(model, options, **recipe, **fields), engine, groups)
        return distance(states[0].weights, states[1].weights)

    assert ends(shared=EVERYTHING, dropout=False) == 0.0
    assert ends(shared=EVERYTHING) == 0.0, "the masks are shared too"
    for stream in EVERYTHING:
        assert ends(shared=EVERYTHING - {stream}) > 1e-3, stream
    assert (ends(shared=EVERYTHING - {Stream.DROPOUT}, dropout=False)) == 0.0, "there is no dropout to differ in"


@pytest.mark.parametrize("engine", INTERPRETED)
def test_a_member_that_shares_everything_is_member_0(engine, make):
    task = make(shared=frozenset(CHANGES), epochs=2)
    ours, theirs = (trained(t, engine, [(member,)])[member].weights for t, member in ((task, 2), (make(epochs=2), 0)))
    assert distance(ours, theirs) == 0.0


@pytest.mark.parametrize("engine", INTERPRETED)
@pytest.mark.parametrize("model", ["mlp", "small-cnn"])
def test_with_dropout_off_a_network_is_trained_as_if_it_had_none(engine, model, make):
    off, without, on = (
        trained(make(model, {"dropout": rate}, dropout=dropout, epochs=1), engine, [(1,)])[1].weights
        for rate, dropout in ((0.4, False), (0.0, True), (0.4, True))
    )
    assert distance(off, without) == 0.0
    assert distance(off, on) > 1e-3


def test_every_layer_that_drops_is_switched_off():
    layers = [nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout]
    network = nn.ModuleList([nn.Sequential(layer(0.3)) for layer in layers])
    assert switch_off_dropout(network) is network
    assert [part[0].p for part in network] == [0.0] * len(layers)
    inside = nn.ModuleList([nn.MultiheadAttention(4, 2, dropout=0.4), nn.LSTM(3, 4, num_layers=2, dropout=0.4)])
    switch_off_dropout(inside.append(nn.TransformerEncoderLayer(4, 2, dropout=0.4)))
    torch.manual_seed(0)
    for part, arguments in zip(
        inside, ([torch.rand(5, 2, 4)] * 3, [torch.rand(5, 2, 3)], [torch.rand(5, 2, 4)]), strict=True
    ):
        first, second = (part.train()(*arguments) for _ in range(2))
        torch.testing.assert_close(first, second, rtol=0, atol=0)


class Borrowing(nn.Module):
    """Drops by a function, with the probability of a layer."""

    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.drop = nn.Dropout(0.4)
        self.layer = nn.Linear(input_shape[0] * input_shape[1] * input_shape[2], num_classes)

    def forward(self, inputs):
        return self.layer(nn.functional.dropout(inputs.flatten(1), self.drop.p, self.training))


def test_functions_that_take_the_probability_of_a_layer_are_switched_off(make):
    assert make(Borrowing).noise.draws
    assert not make(Borrowing, dropout=False).noise.draws


@pytest.mark.parametrize(("builder", "name"), [(Awkward, "Awkward"), (Noisy, "Noisy"), (Attentive, "Attentive")])
def test_a_network_that_draws_by_itself_is_refused_where_dropout_is_to_be_off(builder, name, make):
    line = (
        r"^`model` must draw random numbers in dropout layers only, so that they can be switched off; "
        rf"got {name}, which draws others too\. Use nn\.Dropout in place of functions, or keep dropout\.$"
    )
    with pytest.raises(ModelError, match=line):
        _ = make(builder, dropout=False).noise
    assert make(builder).noise is not None


@pytest.mark.parametrize("engine", INTERPRETED)
def test_members_are_counted_from_the_first_one(engine, make):
    shifted, plain = make(first_member=2, epochs=1), make(epochs=1)
    for member in range(2):
        found, expected = numbers(shifted, member), numbers(plain, member + 2)
        assert found == expected
    ours = trained(shifted, engine, [(1,)])[1].weights
    assert distance(ours, trained(plain, engine, [(3,)])[3].weights) == 0.0


def test_what_is_shared_is_then_that_of_the_first_one(make):
    task = make(first_member=2, shared=frozenset({Stream.ORDER}))
    found, first = numbers(task, 1), numbers(make(), 2)
    assert {source for source in SOURCES if found[source] == first[source]} == {"order", "augmentation"}


def test_an_experiment_on_other_members_is_kept_from_member_0_on(make):
    task = make("mlp", {"hidden": [8]}, first_member=3, members=2, epochs=1)
    kept = MemoryCheckpoints()
    outcomes = train_members(task, EngineChoice("loop", 1, ""), kept)
    assert [outcome.member for outcome in outcomes] == [0, 1]
    assert set(kept.weights) == {(0, 0), (0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("stream", [Stream.AUGMENTATION, Stream.BOOTSTRAP])
def test_streams_that_cant_be_shared_are_refused(stream, make):
    line = (
        r"^`shared` must be made of INITIALISATION, ORDER, DROPOUT, LANGEVIN; "
        rf"got {stream.name}\. Pass ORDER for augmentation, DROPOUT for other noise\.$"
    )
    with pytest.raises(ArgumentError, match=line):
        make(shared=frozenset({stream}))


def test_members_before_the_first_are_refused(make):
    with pytest.raises(ArgumentError, match=r"^`first_member` must be at least 0; got -1\. Count members from 0\.$"):
        make(first_member=-1)


def test_the_same_task_elsewhere_shares_the_same(make):
    task = make(shared=EVERYTHING, dropout=False, first_member=4)
    moved = task.at(torch.device("meta"))
    assert (moved.shared, moved.dropout, moved.first_member) == (EVERYTHING, False, 4)
