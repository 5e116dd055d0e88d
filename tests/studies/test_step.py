from types import SimpleNamespace

import pytest
import torch
import xarray as xr

from modescape.store import Run
from modescape.studies import CompareSettings, StudySettings
from modescape.studies.step import LeftOutError, Step, run_steps, with_needs
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


def test_a_step_that_is_left_out_says_why_and_is_tried_again(work):
    reasons = ["The package is missing."]

    def may_fail(context):
        del context
        if reasons:
            raise LeftOutError(reasons.pop())
        return {"results/late": xr.Dataset({"value": ("axis", [1.0])})}

    work.all = [Step("late", "the late step", ("results/late",), may_fail), work.aside]
    assert work.go() == ["aside"]
    assert work.progress.said == ["the late step: left out. The package is missing."]
    assert work.run.manifest["steps"]["late"]["left_out"] == "The package is missing."
    work.go()
    assert work.run.has_arrays("results/late")
    assert work.run.manifest["steps"]["late"]["left_out"] == ""


def test_a_step_that_is_left_out_has_no_outputs_any_more(work):
    work.go()
    work.first = Step("first", "the first step", ("results/first",), left_out, options=("confidence",))
    work.all[0] = work.first
    work.go(confidence=0.9)
    assert work.run.manifest["steps"]["first"]["outputs"] == []


def left_out(context):
    del context
    raise LeftOutError("It is not to be had.")


def test_a_kill_while_arrays_are_written_leaves_the_step_to_be_done(work, monkeypatch):
    work.go()
    write = Run.write_arrays

    def killed(run, name, dataset):
        write(run, name, dataset)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "write_arrays", killed)
        with pytest.raises(KeyboardInterrupt):
            work.go(confidence=0.9)
    # The arrays are those of 0.9 now, so that those of 0.95 must be made again.
    assert work.go() == ["first", "middle", "last"]


def test_a_kill_between_a_step_and_one_that_needs_it_is_noticed(work):
    work.go()
    every, work.all = work.all, [work.first]
    assert work.go(confidence=0.9) == ["first"]
    work.all = every
    assert work.go(confidence=0.9) == ["middle", "last"]


def test_what_a_step_kept_in_pieces_goes_when_it_is_done(work):
    work.run.write_state("piece", {"x": torch.zeros(1)}, {}, part="aside")
    work.run.write_state("piece", {"x": torch.zeros(1)}, {}, part="other")
    for part in ("aside", "other"):
        (work.run.scratch(part) / "points").write_text("")
    work.go()
    assert [path.name for path in (work.run.path / "scratch").iterdir()] == ["other"]
    assert work.run.read_state("piece", part="aside") is None
    assert work.run.read_state("piece", part="other") is not None


def test_records_of_older_versions_count_as_made_from_one_another(work):
    work.go()
    for name in ("first", "middle", "last"):
        work.run.record("steps", {name: {"made": None}})
    assert work.middle.basis(SimpleNamespace(run=work.run)) == {}
