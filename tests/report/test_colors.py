import pytest

from modescape.report.colors import DARK, LIGHT, NUM_SERIES, series_role


def luminance(color):
    """Return the relative luminance of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("roles", [LIGHT, DARK])
@pytest.mark.parametrize("ground", ["page", "surface"])
def test_text_can_be_read(roles, ground):
    for role, least in {"ink": 7.0, "muted": 4.5, "accent": 4.5, "good": 4.5, "bad": 4.5, "mark": 3.0}.items():
        assert contrast(roles[role], roles[ground]) >= least, role


@pytest.mark.parametrize("roles", [LIGHT, DARK])
def test_lines_can_be_seen(roles):
    for series in range(NUM_SERIES):
        assert contrast(roles[series_role(series)], roles["surface"]) >= 2.0


def test_both_themes_have_the_same_roles():
    assert list(LIGHT) == list(DARK)
