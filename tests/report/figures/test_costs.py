import numpy as np
import pytest
import xarray as xr

from modescape.report.figures import costs
from report import study_samples as samples


def table(seconds, peak):
    names = [f"step {number}" for number in range(len(seconds))]
    data = {"seconds": ("point", np.array(seconds)), "peak_mib": ("point", np.array(peak))}
    return {"costs": xr.Dataset(data, coords={"point": names})}


def test_each_step_has_its_time_and_memory():
    dataset = samples.costs()
    time, memory = costs.compute({"costs": dataset}).panels
    assert [row.name for row in time.rows] == list(dataset.point.values)
    assert [row.value for row in time.rows] == dataset.seconds.values.tolist()
    assert "shift" not in [row.name for row in memory.rows]
    assert len(memory.rows) == 8


@pytest.mark.parametrize(("shortest", "log"), [(1.0, True), (10.0, False), (0.0, False)])
def test_the_axis_is_logarithmic_only_where_costs_span_much(shortest, log):
    time, memory = costs.compute(table([shortest, 100.0], [200.0, 300.0])).panels
    assert (time.log_x, memory.log_x) == (log, False)
    assert ("logarithmic" in time.x_label) is log


def test_the_longest_step_is_told():
    [told] = costs.compute(table([30.0, 90.0, np.nan], [1.0, 1.0, 1.0])).found
    assert told == "All steps took 2.0 minutes; step 1 took 75% of it."


def test_memory_that_is_not_known_is_left_out():
    drawing = costs.compute(table([1.0, 2.0], [np.nan, np.nan]))
    assert [panel.title for panel in drawing.panels] == ["Time"]
    only = table([1.0], [1.0])["costs"].drop_vars("peak_mib")
    assert len(costs.compute({"costs": only}).panels) == 1


def test_steps_that_took_no_time_do_not_stop_the_figure():
    assert costs.compute(table([0.0], [1.0])).found == ("All steps took 0 seconds.",)
