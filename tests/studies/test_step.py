from types import SimpleNamespace

import pytest
import xarray as xr

from modescape.store import Run
from modescape.studies import CompareSettings, StudySettings
from modescape.studies.step import Step, run_steps, with_needs
from studies.samples import Listener


class Work:
    """Three steps that count how often they are done: `last` needs `middle`, which needs `first`."""

    def __init__(self, run):
        self.run, self.done, self.progress = run, [], Listener()
        self.first = self.step("first", options=("confidence",))
        self.middle = self.step("middle", needs=("first",))
        self.last = self.step("last", needs=("middle",))
        self.aside = self.step("aside", options=("perplexity",))
        self.all = [self.first, self.middle, self.last, self.aside]

    def step(self, name, **options):
        def work(context):
            del context
            self.done.append(name)
            return {f"results/{name}": xr.Dataset({"value": ("axis", [len(self.done)])}), "results/none": None}

        return Step(name, f"the {name} step", (f"results/{name}",), work, **options)

    def go(self, **compare):
        self.done.clear()
        settings = StudySettings(compare=CompareSettings(**compare))
        run_steps(self.all, SimpleNamespace(run=self.run, settings=settings, progress=self.progress))
        return self.done


@pytest.fixture
def work(tmp_path):
    return Work(Run.create(tmp_path / "run", name="run", settings={}))


def test_steps_are_done_once(work):
    assert work.go() == ["first", "middle", "last", "aside"]
    assert work.go() == []
    assert not work.run.has_arrays("results/none")


def test_a_changed_setting_renews_the_steps_that_depend_on_it_and_those_that_need_them(work):
    work.go()
    assert work.go(perplexity=5) == ["aside"]
    assert work.go(perplexity=5, confidence=0.9) == ["first", "middle", "last"]
    assert work.go(perplexity=5, confidence=0.9) == []


def test_a_damaged_result_is_done_again_with_a_notice(work, altered):
    work.go()
    name = altered(work.run, "results/middle.zarr/value/**/*")
    assert work.go() == ["middle", "last"]
    (notice,) = work.progress.said
    assert notice.startswith("the middle step is done again: ")
    assert name in notice
    assert work.go() == []


def test_a_step_that_has_no_result_for_this_run_counts_as_done(work):
    work.all = [Step("empty", "nothing", ("results/empty",), lambda context: work.done.append("empty") or {})]  # noqa: ARG005
    assert work.go() == ["empty"]
    assert work.go() == []


def test_needs_are_found_at_any_depth_in_order(work):
    assert [step.name for step in with_needs(work.all, "last")] == ["first", "middle", "last"]
    assert [step.name for step in with_needs(work.all, "aside")] == ["aside"]
