import pytest
from imagecorruptions import get_corruption_names

from modescape.core.errors import ArgumentError
from modescape.data.corruptions import COMMON, CORRUPTIONS, EXTRA, described
from modescape.data.corruptions.names import AT_ANY_SIZE, CIFAR_10_C, DIFFERENCES, GREY_DIFFERENCES


def test_names_are_those_of_the_library():
    assert list(COMMON) == get_corruption_names("common")
    assert list(EXTRA) == get_corruption_names("validation")
    assert len(set(CORRUPTIONS)) == 19


def test_every_type_has_five_strengths():
    assert set(CIFAR_10_C) == set(CORRUPTIONS)
    assert all(len(strengths) == 5 for strengths in CIFAR_10_C.values())
    assert set(CORRUPTIONS) >= AT_ANY_SIZE | set(DIFFERENCES) | set(GREY_DIFFERENCES)


@pytest.mark.parametrize(
    ("name", "shape", "constants", "enlarged", "differs"),
    [
        ("zoom_blur", (3, 32, 32), "cifar10-c", 1, ""),
        ("motion_blur", (3, 28, 64), "cifar10-c", 1, "in place of ImageMagick's"),
        ("zoom_blur", (1, 16, 20), "cifar10-c", 2, "enlarged 2 times"),
        ("frost", (1, 8, 8), "cifar10-c", 4, "turned grey; made on the image enlarged 4 times"),
        ("saturate", (1, 8, 8), "cifar10-c", 1, "stay as they are"),
        ("saturate", (3, 65, 65), "imagenet-c", 1, "functions of imagecorruptions"),
        ("saturate", (3, 65, 31), "cifar10-c", 1, ""),
    ],
)
def test_description(name, shape, constants, enlarged, differs):
    found = described(name, shape)
    assert (found.constants, found.enlarged) == (constants, enlarged)
    assert differs in found.differs
    assert bool(differs) == bool(found.differs)


def test_constants_can_be_chosen():
    assert described("fog", (3, 32, 32), "imagenet-c").constants == "imagenet-c"
    assert described("fog", (3, 99, 99), "cifar10-c").constants == "cifar10-c"


def test_constants_that_do_not_suit_the_size():
    message = "`constants` must be cifar10-c for images under 32 pixels; got imagenet-c for 28 x 40 pixels"
    with pytest.raises(ArgumentError, match=message):
        described("fog", (3, 40, 28), "imagenet-c")
    with pytest.raises(ArgumentError, match="`constants` must be one of auto, cifar10-c, imagenet-c; got 'mnist-c'"):
        described("fog", (3, 40, 28), "mnist-c")
