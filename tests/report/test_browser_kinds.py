"""The kinds of panel that studies of geometry need, as their reader meets them in a headless Chromium."""

import math

import pytest

from modescape.report import ReportContents, write_report
from report.geometry_samples import geometry, radial
from report.samples import HOSTILE, solutions

SURFACE = "#radial-cut .chart"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The path of a report of geometry, written once."""
    results = geometry() | {"solutions": solutions(3)}
    return write_report(ReportContents("geometry", results=results), tmp_path_factory.mktemp("geometry"))


def test_every_figure_is_drawn_without_an_error_or_a_request(shown, written):
    assert shown.messages == []
    assert shown.requests == [written.as_uri()]
    for name, kind, number in (
        ("radial-cut", "polar", 4),
        ("paths", "lines", 3),
        ("diversity-plane", "scatter", 1),
        ("subspaces", "intervals", 2),
        ("chain", "matrix", 2),
    ):
        assert shown.page.locator(f"#{name} .chart-{kind} .main-svg").count() >= number, name
    assert shown.page.locator("#diversity-plane .chart-scatter path.point").count() > 100
    assert shown.page.locator("#subspaces .errorbar").count() == 10


def test_what_was_found_is_told_before_the_figure(shown):
    found = shown.page.locator("#paths .found li")
    assert found.count() == 2
    assert "barrier" in found.first.inner_text()
    assert found.last.bounding_box()["y"] < shown.page.locator("#paths .chart").first.bounding_box()["y"]


def test_a_pointer_reads_the_cell_of_a_polar_surface(shown):
    page, dataset = shown.page, radial()
    ring, direction = 14, 30
    hover(page, SURFACE, *place(dataset, ring, direction))
    text = page.locator(f"{SURFACE} .hovertext").first.text_content()
    degrees = math.degrees(float(dataset.angle[direction]))
    value = 100 * float(dataset.accuracy[ring, direction])
    assert text == f"distance {float(dataset.radius[ring]):g}, angle {degrees:.0f}°: {value:.1f} %"


def test_a_chosen_cell_is_shown_in_all_surfaces_and_read_out_once(open_page, written):
    page, dataset = open_page(written).page, radial()
    ring, direction = 14, 30
    hover(page, SURFACE, *place(dataset, ring, direction))
    page.mouse.down()
    page.mouse.up()
    for number, (name, scale, digits) in enumerate(
        [("accuracy", 100, 1), ("loss", 1, 3), ("agreement_first", 100, 1), ("agreement_second", 100, 1)]
    ):
        cell = page.locator("#radial-cut .cell").nth(number)
        assert f"{scale * float(dataset[name][ring, direction]):.{digits}f}" in cell.inner_text()
        assert cell.get_attribute("aria-live") == ("polite" if number == 0 else "off")
        assert page.locator(SURFACE).nth(number).get_attribute("data-cell") == f"{ring},{direction}"
    assert page.locator(f"{SURFACE} .shapelayer path").count() == 4


def test_arrow_keys_move_outwards_and_around_a_full_circle(open_page, written):
    page = open_page(written).page
    surface = page.locator(SURFACE).first
    surface.focus()
    page.keyboard.press("ArrowUp")
    ring, direction = map(int, surface.get_attribute("data-cell").split(","))
    assert (ring, direction) == (0, 24)
    page.keyboard.press("ArrowDown")
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    assert surface.get_attribute("data-cell") == "3,24"
    for _ in range(24):
        page.keyboard.press("ArrowLeft")
    assert surface.get_attribute("data-cell") == "3,0"
    page.keyboard.press("ArrowRight")
    assert surface.get_attribute("data-cell") == "3,47"
    page.keyboard.press("Alt+ArrowUp")
    assert surface.get_attribute("data-cell") == "3,47"
    page.locator("#theme").click()
    assert page.locator(f"{SURFACE} .shapelayer path").count() == 4


def test_a_pointer_reads_points_and_intervals(shown):
    page = shown.page
    page.locator("#diversity-plane .chart-scatter").scroll_into_view_if_needed()
    box = page.locator("#diversity-plane .chart-scatter path.point").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    text = page.locator("#diversity-plane .chart-scatter .hovertext").first.text_content()
    assert text.startswith("reference (member 0)")
    assert "accuracy (%): 64.00" in text
    page.locator("#diversity-plane .chart-intervals").scroll_into_view_if_needed()
    box = page.locator("#diversity-plane .chart-intervals path.point").nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert (
        page.locator("#diversity-plane .chart-intervals .hovertext").first.text_content()
        == "random subspace: 0.10 [0.07, 0.13]"
    )


def test_the_legend_hides_a_group_of_points_and_can_not_hide_a_mark(open_page, written):
    page = open_page(written).page
    points = page.locator("#diversity-plane .chart-scatter path.point")
    before = points.count()
    page.locator("#diversity-plane .legend button", has_text="dropout").click()
    assert points.count() == before - 24
    assert page.locator("#radial-cut .legend button").count() == 0
    assert page.locator("#radial-cut .legend .entry").count() == 3
    assert page.locator("#diversity-plane .legend svg path").count() == 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_holds_every_panel_and_every_label(open_page, written, scheme):
    page = open_page(written, width=400, height=800, is_mobile=True, has_touch=True, color_scheme=scheme).page
    assert page.evaluate("document.documentElement.scrollWidth") == 400
    outside = page.evaluate(
        "[...document.querySelectorAll('.chart')].flatMap(chart => {"
        "  const edge = chart.getBoundingClientRect();"
        "  return [...chart.querySelectorAll('.main-svg text')].filter(text => {"
        "    const box = text.getBoundingClientRect();"
        "    return box.width > 0 && (box.left < edge.left - 1 || box.right > edge.right + 1);"
        "  }).map(text => text.textContent);"
        "})"
    )
    assert outside == []


def test_hostile_names_are_shown_as_they_were_typed(open_page, tmp_path):
    results = geometry()
    results["plane"] = results["plane"].assign_coords(
        method=[HOSTILE if name == "random" else name for name in results["plane"].method.values]
    )
    results["chain"] = results["chain"].assign_coords(
        point=[HOSTILE, *results["chain"].point.values[1:]], point_other=[HOSTILE, *results["chain"].point.values[1:]]
    )
    results["radial"] = results["radial"].assign_coords(pair=[HOSTILE])
    opened = open_page(write_report(ReportContents("hostile", results=results), tmp_path))
    page = opened.page
    assert opened.messages == []
    assert page.locator("figure b, figure i").count() == 0
    assert page.locator("#diversity-plane .legend button", has_text="alert").text_content() == HOSTILE
    assert HOSTILE in page.locator("#diversity-plane .found").text_content()
    tick = page.locator("#diversity-plane .chart-intervals .ytick text", has_text="alert")
    assert "<b>bold</b>" in tick.text_content()
    page.locator("#chain .chart").first.focus()
    page.keyboard.press("ArrowDown")
    assert HOSTILE in page.locator("#chain .cell .which").first.text_content()


def place(dataset, ring, direction):
    """Return where a cell lies, in units of the plane."""
    radius, angle = float(dataset.radius[ring]), float(dataset.angle[direction])
    return radius * math.cos(angle), radius * math.sin(angle)


def hover(page, plot, x, y):
    """Move the pointer to a place of the plane, through the axes that plotly drew."""
    page.locator(plot).first.scroll_into_view_if_needed()
    box = page.locator(f"{plot} .nsewdrag").first.bounding_box()
    ends = page.evaluate(f"document.querySelector('{plot}')._fullLayout.xaxis.range")
    size = ends[1] - ends[0]
    across = box["x"] + box["width"] * (x - ends[0]) / size
    page.mouse.move(across, box["y"] + box["height"] * (1 - (y - ends[0]) / size))
