"""What networks see: named sets and the user's own, split, cached, scaled and augmented.

`load_dataset` turns `DataSettings` into a `Dataset` of three `Examples` that never overlap; `crop_and_flip` augments
batches of images; `load_foreign` brings inputs of no class that a network knows, and `data.corruptions` corrupts test
images. Sources are in `data.sources`, one file a kind; images are decoded once and mapped into memory ever after.
"""

from modescape.data.augmentation import crop_and_flip, cropped, drawn_crops
from modescape.data.foreign import Foreign, load_foreign
from modescape.data.loading import load_dataset
from modescape.data.sets import Dataset, Examples
from modescape.data.settings import DataSettings

__all__ = [
    "DataSettings",
    "Dataset",
    "Examples",
    "Foreign",
    "crop_and_flip",
    "cropped",
    "drawn_crops",
    "load_dataset",
    "load_foreign",
]
