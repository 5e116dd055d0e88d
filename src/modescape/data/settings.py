"""Which data a run uses and how it is split."""

from typing import Literal

from pydantic import Field

from modescape.core.settings import Settings


class DataSettings(Settings):
    """Which data a run uses, how it is split, and how networks see it.

    >>> DataSettings(source="mnist", limit=1000).source
    'mnist'
    """

    source: str = Field(
        default="digits",
        description="What to load: digits, cifar10, cifar100, mnist, fashion-mnist, parquet:DIR, folder:DIR, npz:FILE, "
        "or package.module:function for data of your own.",
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="Keep this many training examples, chosen by the seed after the validation examples are set aside.",
    )
    test_limit: int | None = Field(
        default=None, ge=1, description="Keep this many test examples, chosen by the seed; None keeps all."
    )
    validation: int | None = Field(
        default=None,
        ge=1,
        description="Number of validation examples split off the training set. None uses the source's own validation "
        "split where it has one, and else 500, or a tenth of the training examples if there are fewer than 5,000. "
        "With a number, the source's own validation split is left out.",
    )
    test_fraction: float = Field(
        default=0.25,
        gt=0.0,
        lt=1.0,
        description="Share of the examples kept for testing, only for sources without a test split.",
    )
    image_size: int | None = Field(
        default=None,
        ge=1,
        description="Resize images to this many pixels square, whatever their proportions; needed when sizes differ.",
    )
    label_column: str | None = Field(
        default=None,
        description="Column (parquet, hub) or array (npz) that holds the labels; None takes the first of label, "
        "labels, y, target, targets, fine_label that is there.",
    )
    only_classes: str | None = Field(
        default=None,
        description="Classes to keep, by name or number, such as cat,dog or 3,5; examples of others are left out.",
    )
    held_out: str | None = Field(
        default=None,
        description="Classes that no split holds, by name or number, such as cat,dog or 3,5. Their test examples are "
        "kept apart as foreign data.",
    )
    scaling: Literal["unit", "standard"] = Field(
        default="unit",
        description="unit: 8-bit images divided by 255, other numbers as they are. standard: minus the mean, over the "
        "standard deviation, of each channel or feature of the training examples.",
    )
    augment: Literal["none", "crop-flip"] = Field(
        default="none", description="crop-flip: random crops of zero-padded images and horizontal flips in training."
    )
