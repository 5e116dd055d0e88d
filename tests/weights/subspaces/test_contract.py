"""What every sampler of a subspace has to keep to."""

import math
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modescape.core.errors import ArgumentError
from modescape.core.seeds import torch_generator
from modescape.weights import (
    SUBSPACES,
    DiagonalGaussian,
    DropoutSubspace,
    LowRankGaussian,
    LowRankRandom,
    RandomSubspace,
    Subspace,
    average,
)

NUM_PARAMS = 40


def checkpoints(dtype):
    return torch.randn(6, NUM_PARAMS, generator=torch_generator(0), dtype=torch.float64).to(dtype)


def centre(dtype):
    return checkpoints(dtype)[0]


MAKERS = {
    "random": lambda dtype: (RandomSubspace(centre(dtype), largest_norm=4.0), centre(dtype)),
    "dropout": lambda dtype: (DropoutSubspace(centre(dtype), largest_rate=0.2), centre(dtype)),
    "diagonal-gaussian": lambda dtype: (
        DiagonalGaussian(centre(dtype), checkpoints(dtype)[1].abs()),
        centre(dtype),
    ),
    "low-rank-gaussian": lambda dtype: (
        LowRankGaussian(centre(dtype), torch.linalg.qr(checkpoints(torch.float32)[1:4].T)[0].T, torch.ones(3)),
        centre(dtype),
    ),
    "low-rank-random": lambda dtype: (
        LowRankRandom.fitted(checkpoints(dtype), rank=3),
        average(checkpoints(dtype)),
    ),
}

every_sampler = pytest.mark.parametrize("name", list(SUBSPACES))
every_dtype = pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
both_ways = pytest.mark.parametrize("way", ["draw", "at"])


def sample(subspace, way, seed=0, strength=1.0):
    generator = torch_generator(seed)
    if way == "draw":
        return subspace.draw(strength=strength, generator=generator)
    return subspace.at(strength, generator=generator)


def test_every_sampler_of_the_catalogue_is_tested():
    assert list(SUBSPACES) == list(MAKERS)


@every_sampler
def test_keeps_the_protocol_and_has_its_name(name):
    subspace, _ = MAKERS[name](torch.float32)
    assert isinstance(subspace, Subspace)
    assert isinstance(subspace, SUBSPACES[name])
    assert subspace.name == name
    assert subspace.strongest >= 1


@every_sampler
@every_dtype
@both_ways
def test_shape_and_precision(name, dtype, way):
    found = sample(MAKERS[name](dtype)[0], way)
    assert found.shape == (NUM_PARAMS,)
    assert found.dtype == dtype
    assert found.isfinite().all()
    assert not found.requires_grad


@every_sampler
@both_ways
def test_depends_on_the_generator_alone(name, way):
    subspace, _ = MAKERS[name](torch.float32)
    first = sample(subspace, way, seed=3)
    sample(subspace, way, seed=8)
    assert torch.equal(sample(MAKERS[name](torch.float32)[0], way, seed=3), first)
    assert not torch.equal(sample(subspace, way, seed=4), first)


@every_sampler
@both_ways
def test_draws_on_with_one_generator(name, way):
    subspace, _ = MAKERS[name](torch.float32)
    generator = torch_generator(3)
    draw = subspace.draw if way == "draw" else lambda **kwargs: subspace.at(1.0, **kwargs)
    first, second = draw(generator=generator), draw(generator=generator)
    assert torch.equal(first, sample(subspace, way, seed=3))
    assert not torch.equal(first, second)


@every_sampler
@every_dtype
@both_ways
def test_strength_zero_is_the_centre_in_memory_of_its_own(name, dtype, way):
    subspace, middle = MAKERS[name](dtype)
    found = sample(subspace, way, strength=0.0)
    assert torch.equal(found, middle)
    found += 1
    assert not torch.equal(sample(subspace, way, strength=0.0), found)


@every_sampler
@both_ways
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), weak=st.floats(0.05, 1.0), factor=st.floats(1.5, 2.0))
def test_larger_strength_larger_distance(name, way, seed, weak, factor):
    subspace, middle = MAKERS[name](torch.float64)
    near, far = (sample(subspace, way, seed, strength) for strength in [weak, weak * factor])
    assert (far - middle).norm() > (near - middle).norm()


@every_sampler
@both_ways
def test_global_generators_are_neither_used_nor_moved(name, way):
    subspace, _ = MAKERS[name](torch.float32)
    first = sample(subspace, way)
    torch.manual_seed(9)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    assert torch.equal(sample(subspace, way), first)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert np.array_equal(np.random.get_state()[1], before[2])  # noqa: NPY002


@every_sampler
def test_the_callers_vectors_may_be_in_training_and_stay_as_they_are(name):
    given_vectors = checkpoints(torch.float32).requires_grad_()
    if name in ("random", "dropout"):
        subspace = SUBSPACES[name](given_vectors[0])
    elif name == "low-rank-gaussian":
        subspace = SUBSPACES[name](given_vectors[0], torch.eye(NUM_PARAMS)[:1], torch.ones(1))
    else:
        subspace = SUBSPACES[name].fitted(given_vectors)
    assert not sample(subspace, "draw").requires_grad
    assert torch.equal(given_vectors.detach(), checkpoints(torch.float32))


@every_sampler
@both_ways
@pytest.mark.parametrize("strength", [-0.1, math.nan, math.inf])
def test_refuses_wrong_strengths(name, way, strength):
    with pytest.raises(ArgumentError, match=r"`strength` must .*0.*; got .*Pass 1\.0 for the samples as published"):
        sample(MAKERS[name](torch.float32)[0], way, strength=strength)


@every_sampler
@both_ways
def test_refuses_to_draw_from_the_global_generator(name, way):
    subspace, _ = MAKERS[name](torch.float32)
    with pytest.raises(ArgumentError, match=r"`generator` must be a torch.Generator; got NoneType\. Pass core.seeds"):
        _ = subspace.draw(generator=None) if way == "draw" else subspace.at(1.0, generator=None)


@pytest.mark.parametrize("name", ["random", "dropout"])
def test_refuses_a_centre_with_nan(name):
    with pytest.raises(ArgumentError, match=r"`centre` must be finite; got nan at weight 0"):
        SUBSPACES[name](torch.tensor([math.nan, 1.0]))


@pytest.mark.parametrize("name", ["diagonal-gaussian", "low-rank-gaussian", "low-rank-random"])
def test_fits_refuse_nan_and_too_few_vectors(name):
    rows = checkpoints(torch.float32)
    rows[2, 7] = math.nan
    with pytest.raises(ArgumentError, match=r"`vectors\[2\]` must be finite; got nan at weight 7"):
        SUBSPACES[name].fitted(rows)
    with pytest.raises(ArgumentError, match=r"`vectors` must hold at least 2 vectors, to have a spread; got 1\. Keep"):
        SUBSPACES[name].fitted(rows[:1])


@pytest.mark.parametrize("name", ["diagonal-gaussian", "low-rank-gaussian", "low-rank-random"])
def test_equal_checkpoints_have_no_spread(name):
    # 0.1 is not a sum of powers of two: a mean that rounds would leave something to vary.
    rows = torch.full((7, 5), 0.1, dtype=torch.float64)
    kinds = [{}] if name == "diagonal-gaussian" else [{"variance": "fitted"}, {"variance": "unit"}]
    for kind in kinds:
        subspace = SUBSPACES[name].fitted(rows, **kind)
        assert torch.equal(sample(subspace, "draw", strength=50.0), rows[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@every_sampler
def test_a_generator_on_the_cpu_gives_the_same_sample_on_a_gpu(name):
    subspace, _ = MAKERS[name](torch.float32)
    fields = {field: value.cuda() if torch.is_tensor(value) else value for field, value in vars(subspace).items()}
    torch.testing.assert_close(sample(type(subspace)(**fields), "draw").cpu(), sample(subspace, "draw"))
