"""What all tests share: one thread, and a cache of their own."""

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Run torch on one thread: tests are small, and several run at once."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Keep decoded data away from the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODESCAPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
