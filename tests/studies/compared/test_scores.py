import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax, softmax

from modescape.core.errors import DataError
from modescape.studies.compared.scores import probabilities_of

LOGITS = np.random.default_rng(0).normal(size=(20, 5)) * 3


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, (4, 3), elements=st.floats(-30, 30)))
def test_logits_and_their_probabilities_say_the_same(logits):
    expected = softmax(logits, axis=1)
    np.testing.assert_allclose(probabilities_of(logits, "a", "logits"), expected, atol=1e-6)
    np.testing.assert_allclose(probabilities_of(expected, "a"), expected, atol=1e-6)
    np.testing.assert_allclose(probabilities_of(log_softmax(logits, axis=1), "a", "logits"), expected, atol=1e-6)


def test_logits_are_told_from_probabilities():
    np.testing.assert_allclose(probabilities_of(LOGITS, "a"), softmax(LOGITS, axis=1), atol=1e-6)
    halves = softmax(LOGITS, axis=1).astype(np.float16)
    np.testing.assert_allclose(probabilities_of(halves, "a"), halves, atol=1e-6)
    one_hot = np.eye(5, dtype=np.int64)[[0, 3]]
    assert probabilities_of(one_hot, "a").tolist() == one_hot.tolist()


def test_the_logarithm_of_a_probability_of_zero_is_allowed():
    assert probabilities_of(np.array([[0.0, -np.inf], [np.log(0.5)] * 2]), "a").tolist() == [[1, 0], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("row", "value", "kind", "message"),
    [
        (7, [0.5, 0.5, 0.5, 0.0, 0.0], "auto", r"a\.npy, row 7: the numbers sum to 1\.5, not 1\. Divide each row"),
        (3, [1.2, -0.2, 0.0, 0.0, 0.0], "auto", r"a\.npy, row 3: the numbers hold -0\.2, below 0"),
        (2, [np.nan, 0.2, 0.2, 0.2, 0.2], "auto", r"a\.npy, row 2: NaN among the numbers\. Leave"),
        (2, [np.inf, 0.2, 0.2, 0.2, 0.2], "logits", r"a\.npy, row 2: an infinity among the numbers"),
    ],
)
def test_one_wrong_row_is_named(row, value, kind, message):
    wrong = softmax(LOGITS, axis=1)
    wrong[row] = value
    with pytest.raises(DataError, match=message):
        probabilities_of(wrong, "a.npy", kind)


def test_what_could_be_either_is_refused():
    with pytest.raises(DataError, match="row 0: the numbers sum to 100, not 1"):
        probabilities_of(np.full((3, 4), 25.0), "a")
    with pytest.raises(DataError, match="row 0: the numbers hold -1, below 0"):
        probabilities_of(np.array([[-1.0, 2.0]]), "a", "probabilities")


def test_shapes_are_checked():
    with pytest.raises(DataError, match="must have a column for each class; got one column"):
        probabilities_of(np.ones((3, 1)), "a")
    with pytest.raises(DataError, match=r"must hold numbers, .* got <U1 of shape \(1, 2\)"):
        probabilities_of(np.array([["a", "b"]]), "a")
