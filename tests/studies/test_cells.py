from dataclasses import replace

import pytest

from modescape.core.errors import ArgumentError, ModelError
from modescape.core.progress import Silent
from modescape.studies import StudySettings
from modescape.studies.cells import cells_of, layered, level_texts, place_of, with_first_cell
from modescape.studies.runs import loaded_task

SHAPES = {"study": "shapes", "train": {"members": 2}}


def found(vary, task_changes=None, **sections):
    """The cells of some settings."""
    sections = {"data": {"source": "digits", "limit": 60}, **sections}
    settings = StudySettings(**sections, shapes={"vary": vary})
    task = loaded_task(settings, progress=Silent())
    return cells_of(settings, replace(task, **(task_changes or {})))


def test_cells_are_every_combination_and_the_last_factor_changes_fastest():
    cells = found({"learning_rate": [0.1, 0.2], "hidden": [[4], [8], [9, 9]]})
    assert [cell.label for cell in cells] == [
        f"learning_rate={rate}, hidden={hidden}" for rate in (0.1, 0.2) for hidden in ("[4]", "[8]", "[9, 9]")
    ]
    assert dict(cells[4].levels) == {"learning_rate": "0.2", "hidden": "[8]"}
    task = cells[4].task
    assert task.settings.learning_rate == cells[4].settings.train.learning_rate == 0.2
    assert task.recipe.options == cells[4].settings.model.options == {"hidden": [8]}
    assert task.network(0)[1].weight.shape == (8, 64)
    assert len({cell.part for cell in cells}) == 6


def test_data_are_settings_of_each_cell_and_loaded_once():
    cells = found({"limit": [50, 70], "augment": ["none", "crop-flip"]})
    assert [len(cell.task.dataset.train) for cell in cells] == [50, 50, 70, 70]
    assert [cell.task.augment for cell in cells] == [False, True, False, True]
    again = found({"limit": [50, 60], "batch_size": [16, 32]})
    assert again[0].task.dataset is again[1].task.dataset
    assert again[0].task.dataset is not again[2].task.dataset


def test_other_settings_are_those_of_the_run():
    (first, _) = found({"skip": [True, False]}, model={"name": "resnet", "options": {"depth": 8, "width": 0.25}})
    assert first.task.recipe.options == {"depth": 8, "width": 0.25, "skip": True}
    assert first.settings.train.batch_size == 128


def test_another_network_comes_without_the_options_of_the_first():
    cells = found({"model": ["mlp", "small-cnn"]}, model={"name": "mlp", "options": {"hidden": [5]}})
    assert [cell.label for cell in cells] == ["mlp", "small-cnn"]
    assert [cell.task.recipe.options for cell in cells] == [{"hidden": [5]}, {}]


def test_the_own_cell_has_the_settings_of_the_run_also_by_default():
    cells = found({"width": [0.5, 1.0], "skip": [False, True]}, model={"name": "resnet", "options": {"depth": 8}})
    assert [cell.is_own for cell in cells] == [False, False, False, True]
    cells = found({"batch_size": [32, 64]})
    assert not any(cell.is_own for cell in cells)
    cells = found({"limit": [60, 70]})
    assert [cell.is_own for cell in cells] == [True, False]


def test_the_users_own_function_and_data_stay():
    own = found({"hidden": [[4], [8]]}, {"augment": True})[0].task
    assert not own.augment, "it is a setting of the data"
    settings = StudySettings(data={"source": "mine"}, model={"name": "mine"}, shapes={"vary": {"hidden": [[4], [8]]}})
    named = StudySettings(data={"source": "digits", "limit": 60})
    task = loaded_task(named, progress=Silent())
    mine = replace(task, recipe=replace(task.recipe, name="mine"))
    cells = cells_of(settings, mine)
    assert all(cell.task.dataset is task.dataset for cell in cells)
    assert [cell.task.recipe.builder for cell in cells] == [task.recipe.builder] * 2


@pytest.mark.parametrize(
    ("name", "values", "texts"),
    [
        ("data", ["parquet:/a/mnist", "parquet:/b/cifar10-jpeg", "digits"], ["mnist", "cifar10-jpeg", "digits"]),
        ("data", ["parquet:/a/x", "parquet:/b/x"], ["parquet:/a/x", "parquet:/b/x"]),
        ("model", ["my_nets:build", "mlp"], ["build", "mlp"]),
        ("skip", [True, False, None], ["true", "false", "null"]),
        ("held_out", ["3,5", "a/b"], ["3,5", "a/b"]),
    ],
)
def test_levels_are_told_in_few_words(name, values, texts):
    assert level_texts(name, values) == texts


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ({}, "`vary` must name at least one setting to compare; got nothing. Pass for example --vary width=0.5,1"),
        ({"epochs": [1, 2]}, "`vary` must not name epochs: early, middle and late are shares of the same epochs"),
        ({"seed": [1, 2]}, "`vary` must not name seed: members differ in their seeds already"),
        ({"members": [1, 2]}, "`vary` must not name members: members are compared one by one"),
        ({"model_options": [1, 2]}, "`vary` must not name model_options: options of the network are varied by their"),
        ({"hidden": [[4]]}, r"`vary` must hold at least two different values for hidden; got \[\[4\]\]"),
        ({"hidden": [[4], [4]]}, "`vary` must hold at least two different values for hidden"),
        ({"learning_rate": [0.1, -1]}, "`learning_rate` must be greater than 0; got -1"),
        ({"skip": [True, False]}, "`vary` must name settings of data and training, or options that mlp takes; got 'sk"),
        ({"model": ["mlp", "milp"]}, "`model` must be one of mlp, .*; got 'milp'"),
        ({"data": ["digits", "digitz"]}, "digitz"),
    ],
)
def test_what_can_not_be_varied_is_refused(vary, message):
    with pytest.raises(ArgumentError, match=message):
        found(vary)


def test_a_network_that_does_not_fit_is_refused_with_its_cell():
    with pytest.raises(ModelError, match=r"`depth` must be 8, 14, 20 .*; got 9\..* This is the cell depth=9\."):
        found({"depth": [8, 9]}, model={"name": "resnet"})


def test_a_setting_of_another_section_is_an_option_of_the_network():
    assert place_of("tolerance") == ("model", "options")
    with pytest.raises(ArgumentError, match=r"options that mlp takes; got 'tolerance'. Its options are: "):
        found({"tolerance": [0.1, 0.2]})


def test_what_is_varied_and_not_set_begins_with_its_first_value():
    layers = {**SHAPES, "data": {"source": "digits"}, "model": {"name": "resnet", "options": {"width": 1.0}}}
    layers["shapes"] = {
        "vary": {"data": ["mnist", "digits"], "width": [0.5, 1.0], "skip": [False, True], "limit": [9, 8]}
    }
    chosen = with_first_cell(layers)
    assert chosen["data"] == {"source": "digits", "limit": 9}
    assert chosen["model"]["options"] == {"width": 1.0, "skip": False}
    assert chosen["train"] == {"members": 2, "trajectories": 2}


def test_kept_epochs_are_as_many_as_asked_for():
    layers = {**SHAPES, "train": {"trajectories": 0}, "shapes": {"vary": {"batch_size": [8, 9]}}}
    assert with_first_cell(layers)["train"] == {"trajectories": 0, "batch_size": 8}


def test_without_factors_nothing_changes():
    layers = {"train": {"members": 2}}
    assert with_first_cell(layers) == layers


def test_a_higher_layer_settles_what_a_lower_one_varies():
    below = {
        "model": {"name": "resnet20"},
        "shapes": {"vary": {"data": ["a", "b"], "width": [0.5, 1.0], "batch_size": [1, 2]}},
    }

    def left(above):
        return list(layered(below, above)["shapes"]["vary"])

    assert left({}) == ["data", "width", "batch_size"]
    assert left({"data": {"source": "digits"}}) == ["width", "batch_size"]
    assert left({"model": {"options": {"width": 2}}}) == ["data", "batch_size"]
    assert left({"model": {"name": "mlp"}}) == ["data", "batch_size"]
    assert left({"model": {"name": "resnet20"}}) == ["data", "width", "batch_size"]
    assert left({"data": {"source": "a"}, "shapes": {"vary": {"data": ["c", "d"]}}}) == ["data"]


def test_what_is_varied_above_is_no_longer_set_below():
    below = {
        "data": {"source": "cifar10", "limit": 5},
        "model": {"name": "resnet", "options": {"width": 2.0, "depth": 8}},
    }
    above = {"shapes": {"vary": {"data": ["digits", "mnist"], "width": [0.5, 1.0]}}}
    found = layered(below, above)
    assert found["data"] == {"limit": 5}
    assert found["model"] == {"name": "resnet", "options": {"depth": 8}}
    first = with_first_cell(found)
    assert (first["data"]["source"], first["model"]["options"]["width"]) == ("digits", 0.5)
    same = {**below, **above}
    assert layered(same)["data"]["source"] == "cifar10"
