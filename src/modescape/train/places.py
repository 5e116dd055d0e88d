"""Where members are trained: several groups of them at the same time, each in a thread with threads of its own.

A plain loop gives both cores of a machine to every operation of one network, and waits after each for the slower one.
Two networks with a core each don't wait. Threads, not processes: the work is done inside PyTorch, which lets other
threads run meanwhile, and nothing has to be copied or pickled.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

import torch

Outcome = TypeVar("Outcome")
_current = threading.local()


class Stopped(Exception):  # noqa: N818 - nothing has gone wrong in the thread that is stopped
    """The training in this thread is no longer wanted, because another one has failed or was interrupted."""


def check_stop() -> None:
    """Raise if the training in this thread is no longer wanted; engines call it at every step.

    >>> check_stop()
    """
    event = getattr(_current, "stop", None)
    if event is not None and event.is_set():
        raise Stopped


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Let each operation on the CPU use so many threads inside the block.

    >>> with threads(1):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def placed(
    jobs: Sequence[Callable[[torch.device], Outcome]], places: Sequence[torch.device], num_threads: int | None = None
) -> list[Outcome]:
    """Do jobs, one at each place at a time, and return what they return, in their order.

    Args:
        jobs: Functions of the device where to work, to be begun in this order.
        places: Devices; one that is named twice takes two jobs at a time.
        num_threads: CPU threads of each job; as many as PyTorch uses by default.

    Raises:
        BaseException: What the first job to fail raises; the others are stopped at their next `check_stop`.

    >>> placed([lambda device: device.type] * 3, [torch.device("cpu")] * 2, num_threads=1)
    ['cpu', 'cpu', 'cpu']
    """
    with threads(num_threads):
        if len(places) == 1:
            return [job(places[0]) for job in jobs]
        return _in_threads(jobs, places, num_threads)


def _in_threads(
    jobs: Sequence[Callable[[torch.device], Outcome]], places: Sequence[torch.device], num_threads: int | None
) -> list[Outcome]:
    """Do jobs in as many threads as there are places."""
    free: queue.SimpleQueue[torch.device] = queue.SimpleQueue()
    for place in places:
        free.put(place)
    stop = threading.Event()

    def work(job: Callable[[torch.device], Outcome]) -> Outcome:
        _current.stop = stop
        place = free.get()
        try:
            # The number of threads belongs to the thread that asks for it.
            torch.set_num_threads(num_threads or torch.get_num_threads())
            check_stop()
            return job(place)
        finally:
            free.put(place)

    with ThreadPoolExecutor(max_workers=len(places), thread_name_prefix="members") as pool:
        futures = [pool.submit(work, job) for job in jobs]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
            _cancel(futures)
    for future in futures:
        _raise_failure(future)
    return [future.result() for future in futures]


def _cancel(futures: Sequence[Future[Outcome]]) -> None:
    """Keep jobs from being begun."""
    for future in futures:
        future.cancel()


def _raise_failure(future: Future[Outcome]) -> None:
    """Raise what a job raised, unless it was only stopped because of another one."""
    if not future.cancelled() and (error := future.exception()) is not None and not isinstance(error, Stopped):
        raise error
