import pytest
import torch

from modescape.core.errors import ArgumentError
from modescape.data import Dataset, Examples


def dataset_of(inputs, *, shift=0.0, scale=1.0):
    examples = Examples(inputs, torch.arange(len(inputs)))
    return Dataset("toy", ("a", "b", "c"), examples, examples, examples, torch.tensor(shift), torch.tensor(scale), "0")


def test_prepare_is_shift_then_scale_and_keeps_channels_last():
    images = torch.randint(0, 256, (3, 5, 4, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    dataset = dataset_of(images)
    shift, scale = torch.tensor([10.0, 20.0, 30.0])[:, None, None], torch.tensor([0.5, 0.25, 2.0])[:, None, None]
    dataset = Dataset("toy", ("a",), dataset.train, dataset.train, dataset.train, shift, scale, "0")
    prepared = dataset.prepare(images)
    assert prepared.dtype == torch.float32
    assert prepared.is_contiguous(memory_format=torch.channels_last)
    for channel in range(3):
        expected = (images[:, channel].double() - shift[channel]) * scale[channel]
        torch.testing.assert_close(prepared[:, channel].double(), expected)


def test_prepare_takes_a_member_axis():
    inputs = torch.rand(3, 4)
    dataset = dataset_of(inputs, shift=0.5, scale=3.0)
    torch.testing.assert_close(dataset.prepare(inputs.expand(2, 3, 4))[1], dataset.prepare(inputs))


def test_properties():
    dataset = dataset_of(torch.zeros(3, 1, 8, 8))
    assert (dataset.input_shape, dataset.num_classes, len(dataset.test)) == ((1, 8, 8), 3, 3)


@pytest.mark.parametrize("inputs", [torch.zeros(2, 3).double(), torch.zeros(2)])
def test_inputs_of_another_type_or_without_rows(inputs):
    with pytest.raises(ArgumentError, match=r"`inputs` must be uint8 images or float32 of shape \(example"):
        Examples(inputs, torch.tensor([0, 1]))


@pytest.mark.parametrize("labels", [torch.tensor([0]), torch.tensor([0.0, 1.0]), torch.tensor([0, 1]).int()])
def test_labels_that_do_not_fit(labels):
    with pytest.raises(ArgumentError, match=r"`labels` must be int64, one for each of the 2 inputs"):
        Examples(torch.zeros(2, 3), labels)


@pytest.mark.parametrize("rows", [torch.tensor([0]), torch.tensor([0.0, 1.0]), torch.tensor([[0, 1]])])
def test_rows_that_do_not_fit(rows):
    with pytest.raises(ArgumentError, match=r"`rows` must be int64, one for each of the 2 inputs"):
        Examples(torch.zeros(2, 3), torch.tensor([0, 1]), rows)
