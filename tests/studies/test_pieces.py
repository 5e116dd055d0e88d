from types import SimpleNamespace

import numpy as np
import pytest

from modescape.store import Run
from modescape.studies import StudySettings
from modescape.studies.pieces import Pieces
from modescape.studies.step import Step
from studies.samples import alter


class Maker:
    """Makes pieces and counts them."""

    def __init__(self, run):
        self.run, self.made = run, 0
        self.step = Step("long", "a long step", (), lambda _: {}, needs=("first",), options=("confidence",))

    def get(self, name="a", **compare):
        context = SimpleNamespace(run=self.run, settings=StudySettings(compare=compare))
        return Pieces(context, self.step).piece(name, self._make)

    def _make(self):
        self.made += 1
        return {"table": np.arange(6.0).reshape(2, 3).T * self.made, "flag": np.array(True), "none": np.zeros((2, 0))}


@pytest.fixture
def maker(tmp_path):
    return Maker(Run.create(tmp_path / "run", name="run", settings={}))


def test_a_piece_is_made_once_and_comes_back_as_it_was(maker):
    first, again = maker.get(), maker.get()
    assert maker.made == 1
    for piece in (first, again):
        np.testing.assert_array_equal(piece["table"], np.arange(6.0).reshape(2, 3).T)
        assert piece["flag"].dtype == bool
        assert piece["flag"].shape == ()
        assert bool(piece["flag"])
        assert piece["none"].shape == (2, 0)
    assert maker.get("b")["table"][1, 0] == 2.0


def test_pieces_of_other_settings_are_not_used(maker):
    maker.get(confidence=0.9)
    assert maker.get(confidence=0.8)["table"][1, 0] == 2.0
    assert maker.get(confidence=0.8, num_resamples=500)["table"][1, 0] == 2.0


def test_pieces_made_from_older_results_of_another_step_are_not_used(maker):
    maker.run.record("steps", {"first": {"made": "one"}})
    maker.get()
    maker.run.record("steps", {"first": {"made": "two"}})
    assert maker.get()["table"][1, 0] == 2.0


def test_a_damaged_piece_is_made_again(maker):
    maker.get()
    alter(maker.run, "parts/long/state/a.safetensors")
    assert maker.get()["table"][1, 0] == 2.0
    assert maker.get()["table"][1, 0] == 2.0
