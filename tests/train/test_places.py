"""Jobs in threads: in order, at their places, stopped together."""

import threading
import time

import pytest
import torch

from modescape.train.places import check_stop, placed, threads

CPU = torch.device("cpu")


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_the_jobs(workers):
    def job(index):
        def work(device):
            time.sleep(0.01 * (3 - index))
            return index, device

        return work

    assert placed([job(index) for index in range(4)], [CPU] * workers) == [(index, CPU) for index in range(4)]


def test_each_place_has_one_job_at_a_time():
    places = [torch.device("cpu", 0), torch.device("cpu", 1)]
    busy, seen, guard = set(), set(), threading.Lock()

    def work(device):
        with guard:
            assert device not in busy
            busy.add(device)
        time.sleep(0.01)
        with guard:
            busy.remove(device)
            seen.add(device)

    placed([work] * 8, places)
    assert seen == set(places)


@pytest.mark.parametrize("workers", [1, 2])
def test_each_job_has_the_threads_asked_for_and_the_caller_keeps_its_own(workers):
    with threads(2):
        assert placed([lambda _: torch.get_num_threads()] * 2, [CPU] * workers, num_threads=1) == [1, 1]
        assert torch.get_num_threads() == 2


def test_threads_are_given_back_after_a_failure():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), threads(before + 1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == before


def test_the_first_failure_stops_the_others_and_is_raised():
    steps = []

    def endless(_):
        for step in range(10_000):
            check_stop()
            steps.append(step)
            time.sleep(0.001)

    def failing(_):
        time.sleep(0.02)
        raise ValueError("a wrong turn")

    never = []
    with pytest.raises(ValueError, match="a wrong turn"):
        placed([endless, failing, never.append], [CPU] * 2)
    assert 0 < len(steps) < 5000
    check_stop()


def test_an_interruption_of_the_main_thread_stops_the_workers(monkeypatch):
    ended = threading.Event()

    def endless(_):
        try:
            while True:
                check_stop()
                time.sleep(0.001)
        finally:
            ended.set()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("modescape.train.places.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        placed([endless, endless], [CPU] * 2)
    assert ended.is_set()
