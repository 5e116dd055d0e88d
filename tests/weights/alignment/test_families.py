import pytest
import torch

from modescape.weights.alignment.assignment import Gains
from modescape.weights.alignment.families import families_of, pieces_of
from modescape.weights.symmetry import Group, Symmetry, identity, permuted, random_permutation
from weights.alignment.networks import other, parameters, symmetry, weights


def test_groups_stand_with_those_inside_them():
    groups = {"a": Group("a", 2), "inner": Group("inner", 3, "a"), "b": Group("b", 4)}
    families = families_of(Symmetry(groups, {}, None))
    assert [(family.name, family.inner) for family in families] == [("a", ("inner",)), ("b", ())]


@pytest.mark.parametrize("name", ["mlp", "resnet", "vgg", "transformer", "transformer-norm-first"])
def test_the_pieces_of_a_family_say_what_each_exchange_in_it_gains(name):
    chosen = {key: tensor.double() for key, tensor in weights(name).items() if key in parameters(name)}
    second = {key: other(name)[key].double() for key in chosen}
    pieces = pieces_of(
        symmetry(name), {key: tensor.shape for key, tensor in chosen.items()}, families_of(symmetry(name))
    )
    drawn = random_permutation(symmetry(name), generator=torch.Generator().manual_seed(4))
    same = identity(symmetry(name))
    for family in families_of(symmetry(name)):
        gains = Gains.none(family, symmetry(name))
        for piece in pieces[family.name]:
            places = piece.places.flatten(end_dim=1)
            gains.add(
                piece.group, chosen[piece.tensor].reshape(-1)[places] @ second[piece.tensor].reshape(-1)[places].T
            )
        order = {**same, **{group: drawn[group] for group in family.names}}
        moved = permuted(second, symmetry(name), order)
        expected = sum(float((chosen[key] * (moved[key] - second[key])).sum()) for key in chosen)
        assert _worth(gains, order, family) - _worth(gains, same, family) == pytest.approx(expected, abs=1e-9)


def _worth(gains, permutation, family):
    outer = permutation[family.name].tolist()
    total = sum(float(gains.outer[place, unit]) for place, unit in enumerate(outer))
    for name, found in gains.inner.items():
        for place, order in enumerate(permutation[name].tolist()):
            total += sum(float(found[place, at, outer[place], unit]) for at, unit in enumerate(order))
    return total


def test_pieces_name_the_other_groups_that_stand_there():
    chosen = {"4.weight": torch.Size((10, 12)), "4.bias": torch.Size((10,))}
    first, second = families_of(symmetry("mlp"))
    pieces = pieces_of(symmetry("mlp"), chosen, [first, second])
    assert [(piece.tensor, piece.others) for piece in pieces[first.name]] == [("4.weight", {second.name})]
    assert [(piece.tensor, piece.others) for piece in pieces[second.name]] == [
        ("4.weight", {first.name}),
        ("4.bias", frozenset()),
    ]
    assert all(piece.is_alone for each in pieces.values() for piece in each)
