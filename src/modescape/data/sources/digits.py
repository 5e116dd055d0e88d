"""The 1,797 handwritten digits that come with scikit-learn: no download, and small enough for a laptop."""

import numpy as np

from modescape.data.arrays import array_contents
from modescape.data.contents import Contents
from modescape.data.settings import DataSettings

LARGEST_PIXEL = 16.0


def digits_contents(settings: DataSettings) -> Contents:
    """Return the digits as grey images of 8 x 8 pixels in [0, 1], without a test split.

    Source: Alpaydin & Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    https://doi.org/10.24432/C50P49, as in `sklearn.datasets.load_digits`. Differs from it in that pixels, 0 to 16
    there, are divided by 16.

    >>> digits_contents(DataSettings()).parts["train"].inputs.shape
    torch.Size([1797, 1, 8, 8])
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415  a second of import, for this source only

    pixels, labels = load_digits(return_X_y=True)
    images = (np.asarray(pixels) / LARGEST_PIXEL).reshape(-1, 1, 8, 8)
    classes = [str(digit) for digit in range(10)]
    return array_contents(
        "digits", {"train": images}, {"train": labels}, classes=classes, image_size=settings.image_size
    )
