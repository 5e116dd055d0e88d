"""Planes through weight space, as their reader meets them in a headless Chromium."""

import pytest

from modescape.report import FIGURES, ReportContents, drawn, summarise
from modescape.report.page import page as page_text
from report.conftest import opened_page
from report.plane_samples import planes, random_plane, trajectory_plane
from report.samples import HOSTILE

RELIEF = "#trajectory-plane .chart-relief"
SURFACE = "#trajectory-plane .chart-surface"
CELL = "#trajectory-plane .panels + .cell"


def write(path, results):
    """Write a page whose pictures are left out: they are not looked at here, and take long to draw."""
    drawings, left_out = drawn(FIGURES, results)
    pictures = {one.name: {"png": b"", "svg": b""} for one in drawings}
    contents = ReportContents("planes", results=results)
    path.write_text(page_text(contents, summarise(contents), drawings, left_out, pictures), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The path of a page with all planes."""
    return write(tmp_path_factory.mktemp("planes") / "report.html", planes())


@pytest.fixture(scope="module")
def one_plane(tmp_path_factory):
    """The path of a page with the plane of trajectories alone."""
    return write(tmp_path_factory.mktemp("plane") / "report.html", {"trajectory-plane": trajectory_plane(17, 10)})


def pixels(page, selector=RELIEF):
    """Return what the canvas shows, as a text that changes with every pixel."""
    page.evaluate("() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    return page.evaluate(f"document.querySelector('{selector} canvas').toDataURL()")


def wait_for_step(page, step):
    """Wait until so many steps have been walked; the policy of the page forbids to wait for a text of script."""
    for _ in range(600):
        if int(page.locator("#trajectory-plane .walk input").input_value()) >= step:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"step {step} was not reached")


def colors(page, selector):
    """Return how many different colours a canvas shows, coarsely, and the share of it that is painted."""
    return page.evaluate(
        f"(() => {{ const canvas = document.querySelector('{selector} canvas');"
        "const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;"
        "const seen = new Set(); let painted = 0;"
        "for (let at = 0; at < data.length; at += 4) {"
        "  if (data[at + 3] === 0) continue;"
        "  painted += 4; seen.add([data[at] >> 4, data[at + 1] >> 4, data[at + 2] >> 4].join()); }"
        "return [seen.size, painted / data.length]; })()"
    )


def test_every_plane_is_drawn_without_webgl_an_error_or_a_request(shown, written):
    assert shown.messages == []
    assert shown.requests == [written.as_uri()]
    page = shown.page
    for name, number in (("solutions-plane", 5), ("random-plane", 3), ("trajectory-plane", 4), ("curve-plane", 4)):
        assert (
            page.locator(f"#{name} .chart-surface .contourlayer path, #{name} .chart-surface image").count() >= number
        )
        different, painted = colors(page, f"#{name} .chart-relief")
        assert different > 60, name
        assert painted > 0.15, name


def test_a_point_is_chosen_in_all_surfaces_and_read_out_once(open_page, one_plane):
    page, dataset = open_page(one_plane).page, trajectory_plane(17, 10)
    surface = page.locator(SURFACE).first
    surface.scroll_into_view_if_needed()
    box = page.locator(f"{SURFACE} .nsewdrag").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 10.1 / 16, box["y"] + box["height"] * (1 - 4.1 / 16))
    text = page.locator(CELL).inner_text()
    assert f"{float(dataset.loss[10, 4]):.3f} nats" in text
    assert f"{100 * float(dataset.accuracy[10, 4]):.1f} %" in text
    assert page.locator(CELL).count() == 1
    assert [page.locator(SURFACE).nth(index).get_attribute("data-cell") for index in range(4)] == ["10,4"] * 4
    surface.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert surface.get_attribute("data-cell") == "9,5"
    page.keyboard.press("Alt+ArrowUp")
    assert surface.get_attribute("data-cell") == "9,5"


def test_arrow_keys_begin_in_the_middle_and_stop_at_the_edge(open_page, one_plane):
    page, dataset = open_page(one_plane).page, trajectory_plane(17, 10)
    surface = page.locator(SURFACE).nth(1)
    surface.focus()
    page.keyboard.press("ArrowUp")
    column, row = map(int, surface.get_attribute("data-cell").split(","))
    assert abs(float(dataset.alpha[column])) == float(abs(dataset.alpha).min())
    for _ in range(17):
        page.keyboard.press("ArrowRight")
    assert surface.get_attribute("data-cell") == f"16,{row}"


def test_what_was_not_measured_is_said(open_page, tmp_path):
    page = open_page(write(tmp_path / "r.html", {"random-plane": random_plane(17)})).page
    surface = page.locator("#random-plane .chart-surface").first
    surface.focus()
    page.keyboard.press("ArrowUp")
    assert "interpolated" not in page.locator("#random-plane .cell").inner_text()
    for key in ("ArrowRight",) * 8 + ("ArrowUp",) * 8:
        page.keyboard.press(key)
    assert "not a number" in page.locator("#random-plane .cell").inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert "(interpolated)" in page.locator("#random-plane .cell").inner_text()


def test_a_relief_is_turned_by_keys_and_by_dragging_and_turned_back(open_page, one_plane):
    page = open_page(one_plane).page
    relief = page.locator(RELIEF)
    relief.scroll_into_view_if_needed()
    before = pixels(page)
    at_first = relief.get_attribute("data-view")
    relief.focus()
    page.keyboard.press("ArrowRight")
    assert pixels(page) != before
    page.keyboard.press("Home")
    assert pixels(page) == before
    box = relief.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2 + 20)
    page.mouse.up()
    assert pixels(page) != before
    azimuth, elevation = map(int, at_first.split(","))
    turned, raised = map(int, relief.get_attribute("data-view").split(","))
    assert (turned - azimuth) % 360 == 330
    assert raised == elevation + 8


def test_a_relief_can_not_be_turned_upside_down(open_page, one_plane):
    page = open_page(one_plane).page
    page.locator(RELIEF).focus()
    for _ in range(25):
        page.keyboard.press("ArrowDown")
    pixels(page)
    assert page.locator(RELIEF).get_attribute("data-view").endswith(",8")


def test_another_number_can_stand_as_height(open_page, one_plane):
    page = open_page(one_plane).page
    before = pixels(page)
    button = page.locator("#trajectory-plane .choice button", has_text="Accuracy")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator("#trajectory-plane .choice button[aria-pressed=true]").count() == 1
    assert pixels(page) != before


def test_the_slider_walks_over_all_panels(open_page, one_plane):
    page = open_page(one_plane).page
    slider, told = page.locator("#trajectory-plane .walk input"), page.locator("#trajectory-plane .walk output")
    assert slider.get_attribute("aria-valuetext") == "epoch 10"
    assert page.locator(f"{SURFACE} .walker:visible").count() == 0, "at the end the star is there"
    before = pixels(page)
    slider.focus()
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == "epoch 0"
    assert "epoch 0" in told.inner_text()
    assert pixels(page) != before
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "epoch 3"
    assert "member 1: no checkpoint" in told.inner_text()
    assert "member 0: loss " in told.inner_text()
    assert page.locator(f"{SURFACE} .walker:visible").count() == 8


def test_a_walker_stands_where_its_checkpoint_lies(open_page, one_plane):
    page, dataset = open_page(one_plane).page, trajectory_plane(17, 10)
    page.locator("#trajectory-plane .walk input").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    box = page.locator(f"{SURFACE} .nsewdrag").first.bounding_box()
    ball = page.locator(f"{SURFACE} .walker").first.bounding_box()
    place = [float(dataset[f"path_{axis}"].sel(member=0, step=1)) for axis in ("alpha", "beta")]
    ends = [dataset[axis].values[[0, -1]] for axis in ("alpha", "beta")]
    share = [(at - low) / (high - low) for at, (low, high) in zip(place, ends, strict=True)]
    assert ball["x"] + ball["width"] / 2 == pytest.approx(box["x"] + share[0] * box["width"], abs=1.5)
    assert ball["y"] + ball["height"] / 2 == pytest.approx(box["y"] + (1 - share[1]) * box["height"], abs=1.5)


def test_playing_goes_on_and_can_be_stopped(browser, one_plane):
    context, opened = opened_page(browser, one_plane)
    try:
        page = opened.page
        page.emulate_media(reduced_motion="no-preference")
        button = page.locator("#trajectory-plane .walk button")
        button.click()
        assert button.get_attribute("aria-label") == "Pause the walk"
        wait_for_step(page, 2)
        first = pixels(page)
        wait_for_step(page, 4)
        assert pixels(page) != first
        button.click()
        assert button.get_attribute("aria-label") == "Play the walk"
        still = pixels(page)
        page.wait_for_timeout(150)
        assert pixels(page) == still
        assert opened.messages == []
    finally:
        context.close()


def test_where_motion_is_not_wanted_one_goes_from_step_to_step(open_page, one_plane):
    page = open_page(one_plane).page
    page.locator("#trajectory-plane .walk button").click()
    assert page.locator("#trajectory-plane .walk input").get_attribute("aria-valuetext") == "epoch 0"
    still = pixels(page)
    page.wait_for_timeout(100)
    assert pixels(page) == still, "nothing moves between two steps"
    wait_for_step(page, 1)
    page.locator("#trajectory-plane .walk button").click()


def test_the_legend_hides_a_walk_everywhere(open_page, one_plane):
    page = open_page(one_plane).page
    lines = page.locator(f"{SURFACE} path.js-line")
    before, painted = lines.count(), pixels(page)
    button = page.locator("#trajectory-plane .legend button", has_text="member 1")
    button.click()
    assert lines.count() == before - 2 * 4
    assert pixels(page) != painted
    button.click()
    assert pixels(page) == painted


def test_a_change_of_theme_paints_anew(open_page, one_plane):
    page = open_page(one_plane, color_scheme="light").page
    light = pixels(page)
    page.locator("#theme").click()
    assert pixels(page) != light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_holds_every_panel_and_every_label(open_page, written, scheme):
    page = open_page(written, width=390, height=800, is_mobile=True, has_touch=True, color_scheme=scheme).page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    outside = page.evaluate(
        "[...document.querySelectorAll('.chart-surface, .scale')].flatMap(chart => {"
        "  const edge = chart.getBoundingClientRect();"
        "  return [...chart.querySelectorAll('.main-svg .xtitle, .main-svg .ytitle, .main-svg .xtick text, .tick')]"
        "    .filter(text => {"
        "      const box = text.getBoundingClientRect();"
        "      return box.width > 0 && (box.left < edge.left - 1 || box.right > edge.right + 1"
        "        || box.top < edge.top - 1 || box.bottom > edge.bottom + 24);"
        "    }).map(text => text.textContent);"
        "})"
    )
    assert outside == []
    assert page.evaluate(f"getComputedStyle(document.querySelector('{RELIEF}')).touchAction") == "pan-y"


def test_controls_have_names_and_the_relief_says_how_to_turn_it(shown):
    page = shown.page
    relief = page.locator(RELIEF)
    assert relief.get_attribute("role") == "application"
    assert "seen from the side" in relief.get_attribute("aria-label")
    hint = page.locator(f"#{relief.get_attribute('aria-describedby')}")
    assert "arrow keys" in hint.inner_text()
    assert page.locator("#trajectory-plane .walk input").get_attribute("aria-label")
    assert page.locator("#trajectory-plane .choice").get_attribute("role") == "group"


def test_hostile_names_are_shown_as_they_were_typed(open_page, tmp_path):
    dataset = trajectory_plane(9, 4).assign_coords(point=[HOSTILE], reference=[HOSTILE, "b"], member=[HOSTILE, "b"])
    dataset.attrs |= {"alpha_label": HOSTILE, "unit": HOSTILE, "kind": HOSTILE}
    opened = open_page(write(tmp_path / "r.html", {"trajectory-plane": dataset}))
    page = opened.page
    assert opened.messages == []
    assert page.locator("figure b b, figure i").count() == 0
    assert page.locator("#trajectory-plane .legend button").first.text_content() == HOSTILE
    assert f"Agreement with {HOSTILE}" in page.locator("#trajectory-plane .choice").text_content()
    page.locator("#trajectory-plane .walk input").focus()
    page.keyboard.press("Home")
    assert HOSTILE in page.locator("#trajectory-plane .walk output").text_content()
