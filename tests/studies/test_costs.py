import math
import sys
import time

import numpy as np
import pytest

from modescape.studies import costs
from modescape.studies.costs import measured
from modescape.studies.report import report_contents


def test_time_and_memory_of_the_block_are_measured():
    with measured() as cost:
        begun = time.perf_counter()
        block = np.ones(2**24)
        waited = time.perf_counter() - begun
    assert cost.seconds >= waited
    assert cost.peak_mib > block.nbytes / 2**20
    assert cost.as_record() == {"seconds": round(cost.seconds, 3), "peak_mib": round(cost.peak_mib, 1)}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")
def test_an_earlier_peak_is_forgotten():
    with measured() as large:
        np.ones(2**26).sum()
    with measured() as small:
        pass
    assert small.peak_mib < large.peak_mib - 256


def test_the_cost_of_work_that_fails_is_measured_too():
    with pytest.raises(KeyError), measured() as cost:
        raise KeyError
    assert cost.seconds > 0


def test_without_the_kernels_record_the_peak_is_that_of_all_time(monkeypatch):
    monkeypatch.setattr(costs, "Path", lambda path: pytest.fail(path) if path == "x" else Gone())
    with measured() as cost:
        pass
    assert cost.peak_mib > 10
    monkeypatch.setitem(sys.modules, "resource", None)
    with measured() as cost:
        pass
    assert math.isnan(cost.peak_mib)


class Gone:
    """A path that is not there."""

    def read_text(self, **_):
        raise OSError

    def write_text(self, *_, **__):
        raise OSError


def test_costs_reach_the_report(whole):
    found = report_contents(whole).results["costs"]
    steps = whole.manifest["steps"]
    assert found["point"].values.tolist() == ["training", "training curves", *list(steps)[1:]]
    assert found["seconds"].dims == found["peak_mib"].dims == ("point",)
    assert (found["seconds"] > 0).all()
    assert (found["peak_mib"] > 50).all()
    assert float(found["seconds"].sel(point="chain")) == steps["chain"]["seconds"]
    assert float(found["seconds"][1]) == steps["training"]["seconds"]
    assert float(found["peak_mib"][0]) == whole.manifest["training"]["peak_mib"]
