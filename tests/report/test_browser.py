"""The page as its reader meets it: drawn by a headless Chromium."""

import re

import numpy as np
import pytest

from modescape.report import (
    FIGURES,
    Drawing,
    Line,
    Lines,
    Matrix,
    ReportContents,
    Table,
    pictures,
    summarise,
    write_report,
)
from modescape.report.page import SCRIPTS
from modescape.report.page import page as page_text
from report.samples import HOSTILE, sample_contents, solutions, whole_contents

MATRIX = "#solution-disagreement .chart"
CELL = "#solution-disagreement .cell"


def test_a_report_is_drawn_without_an_error_or_a_request(shown, written):
    assert shown.messages == []
    assert shown.requests == [written.as_uri()]


def test_every_figure_is_drawn(shown):
    page = shown.page
    figures = page.locator("figure")
    assert figures.count() == 7
    for number in range(7):
        plots = figures.nth(number).locator(".chart")
        assert plots.count() >= 1
        for index in range(plots.count()):
            marks = plots.nth(index).locator("path.js-line, .heatmaplayer image")
            assert marks.count() >= 1, figures.nth(number).get_attribute("id")


def test_a_click_on_a_cell_shows_its_numbers(open_page, written):
    page = open_page(written).page
    assert "Choose a cell" in page.locator(CELL).inner_text()
    click_cell(page, row=1, column=3, size=5)
    dataset = solutions()
    value = 100 * float(dataset.disagreement[1, 3])
    low, high = (100 * float(dataset[name][1, 3]) for name in ("disagreement_low", "disagreement_high"))
    text = page.locator(CELL).inner_text()
    assert "Member 1 and member 4" in text
    assert f"{value:.2f} % [{low:.2f}, {high:.2f}]" in text
    assert f"{float(dataset.cosine[1, 3]):.4f}" in text
    assert f"{100 * float(dataset.accuracy[1]):.2f} %" in text
    assert f"{100 * float(dataset.accuracy[3]):.2f} %" in text


def test_a_click_on_the_gap_of_the_diagonal_shows_the_member(open_page, written):
    page = open_page(written).page
    click_cell(page, row=2, column=2, size=5)
    text = page.locator(CELL).inner_text()
    assert "Member 3 with itself" in text
    assert "[" not in text.split("accuracy")[0]
    assert text.count("accuracy of member 3") == 1


def test_arrow_keys_move_over_the_cells_and_stop_at_the_edge(open_page, written):
    page = open_page(written).page
    plot = page.locator(MATRIX)
    plot.focus()
    page.keyboard.press("ArrowDown")
    assert plot.get_attribute("data-cell") == "0,1"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert plot.get_attribute("data-cell") == "1,2"
    assert "Member 1 and member 3" in page.locator(CELL).inner_text()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert plot.get_attribute("data-cell") == "1,4"
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    assert plot.get_attribute("data-cell") == "0,0"
    assert page.locator(f"{MATRIX} .shapelayer path").count() == 1


def test_keys_of_the_browser_are_left_alone(shown):
    page = shown.page
    page.locator(MATRIX).focus()
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("a")
    assert page.locator(MATRIX).get_attribute("data-cell") is None


def test_the_tab_key_reaches_every_matrix_and_shows_where_it_is(shown):
    page = shown.page
    matrices = page.locator(".chart-matrix")
    assert matrices.count() == 8
    for number in range(8):
        matrix = matrices.nth(number)
        assert matrix.get_attribute("tabindex") == "0"
        assert "Matrix of" in matrix.get_attribute("aria-label")
        assert page.locator(f"#{matrix.get_attribute('aria-describedby')}").get_attribute("aria-live") == "polite"
    page.locator("#solution-disagreement .downloads a").first.focus()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.className").startswith("chart chart-matrix")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_labels_of_cells_stand_at_their_rows(shown):
    page = shown.page
    ticks = page.locator(f"{MATRIX} .xtick text")
    assert [ticks.nth(index).text_content() for index in range(ticks.count())] == ["0", "1", "3", "4", "5"]
    ticks = page.locator(f"{MATRIX} .ytick text")
    assert [ticks.nth(index).text_content() for index in range(ticks.count())] == ["0", "1", "3", "4", "5"]


def test_light_and_dark_follow_the_system_and_the_button(open_page, written):
    page = open_page(written, color_scheme="dark").page
    dark = page_colors(page)
    page.locator("#theme").click()
    light = page_colors(page)
    assert dark == ("rgb(15, 18, 22)", "rgb(232, 235, 239)")
    assert light == ("rgb(246, 247, 249)", "rgb(27, 31, 36)")
    page.emulate_media(color_scheme="light")
    page.emulate_media(color_scheme="dark")
    assert page_colors(page) == light


def test_the_system_changes_the_theme_until_the_button_is_used(open_page, written):
    page = open_page(written, color_scheme="light").page
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-theme=dark]")
    assert page_colors(page) == ("rgb(15, 18, 22)", "rgb(232, 235, 239)")
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"


def test_a_selected_cell_outlives_a_change_of_theme(open_page, written):
    page = open_page(written).page
    click_cell(page, row=0, column=1, size=5)
    page.locator("#theme").click()
    assert page.locator(f"{MATRIX} .shapelayer path").count() == 1
    assert "Member 0 and member 1" in page.locator(CELL).inner_text()


def test_a_phone_shows_one_column_without_sideways_scrolling(open_page, written):
    page = open_page(written, width=360, height=740, is_mobile=True, has_touch=True).page
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    widths = page.evaluate("[...document.querySelectorAll('.chart')].map(plot => plot.getBoundingClientRect().width)")
    assert all(240 <= width <= 340 for width in widths)
    assert page.evaluate("document.querySelector('#ensemble-size .chart')._fullLayout.dragmode") is False


@pytest.mark.parametrize("name", ["solution-disagreement", "ensemble-size", "prediction-paths"])
def test_the_data_of_a_figure_can_be_downloaded(shown, written, name):
    page = shown.page
    with page.expect_download() as waited:
        page.locator(f"#{name} .downloads a", has_text="CSV").click()
    assert waited.value.suggested_filename == f"{name}.csv"
    expected = (written.parent / "figures" / f"{name}.csv").read_bytes()
    with open(waited.value.path(), "rb") as file:  # noqa: PTH123
        assert file.read() == expected


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_picture_of_a_figure_can_be_downloaded(shown, written, ending):
    page = shown.page
    with page.expect_download() as waited:
        page.locator("#ensemble-size .downloads a", has_text=ending.upper()).click()
    expected = (written.parent / "figures" / f"ensemble-size.{ending}").read_bytes()
    with open(waited.value.path(), "rb") as file:  # noqa: PTH123
        assert file.read() == expected


def test_the_legend_hides_and_shows_lines_in_all_panels(shown):
    page = shown.page
    lines = page.locator("#training-curves .chart path.js-line")
    before = lines.count()
    button = page.locator("#training-curves .legend button", has_text="member 3")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert lines.count() == before - 2
    button.click()
    assert lines.count() == before


def test_hostile_names_are_shown_as_they_were_typed(open_page, tmp_path):
    contents = ReportContents(title=HOSTILE, facts={HOSTILE: HOSTILE, "command": HOSTILE}, notes=[HOSTILE])
    opened = open_page(write_report(contents, tmp_path))
    page = opened.page
    assert opened.messages == []
    assert page.title() == f"{HOSTILE} · modescape report"
    assert page.locator("h1").text_content() == HOSTILE
    assert page.locator(".notes li").text_content() == HOSTILE
    assert page.locator(".facts dt").first.text_content() == HOSTILE
    assert page.locator(".facts code").text_content() == HOSTILE
    assert page.locator("b").count() == 0
    assert page.evaluate("document.querySelectorAll('script').length") == len(SCRIPTS) + 2


def test_hostile_names_in_figures_are_shown_as_they_were_typed(open_page, tmp_path):
    square = np.array([[1.0, 0.5], [0.25, 1.0]])
    line = np.array([1.0, 2.0])
    panels = (
        Matrix(HOSTILE, HOSTILE, square, (HOSTILE, "b"), (HOSTILE, "d"), "network", HOSTILE, (0.0, 1.0)),
        Lines(HOSTILE, HOSTILE, (Line(HOSTILE, line, line), Line("b", line, line)), HOSTILE, HOSTILE),
    )
    drawing = Drawing("hostile", HOSTILE, HOSTILE, HOSTILE, panels, Table({HOSTILE: line}))
    contents = ReportContents(title="hostile")
    text = page_text(contents, summarise(contents), [drawing], [], {"hostile": pictures(drawing)})
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    opened = open_page(path)
    page = opened.page
    assert opened.messages == []
    assert opened.requests == [path.as_uri()]
    shown = HOSTILE.replace("%{", "%\u200b{")
    assert page.locator(".chart-matrix .xtick text").first.text_content() == shown
    assert page.locator(".chart-lines .xtitle").text_content() == shown
    assert page.locator(".legend button").first.text_content() == HOSTILE
    assert page.locator("h4").first.text_content() == HOSTILE
    click_cell(page, row=0, column=1, size=2, plot=".chart-matrix")
    assert page.locator(".cell .which").text_content() == f"Network {HOSTILE} and network d"
    hover = page.locator(".chart-matrix .hovertext")
    assert "<b>bold</b>" in hover.first.text_content()


def test_without_scripts_the_pictures_and_the_words_are_there(open_page, written):
    page = open_page(written, java_script_enabled=False).page
    assert page.locator("figure img.picture").count() == 7
    assert page.locator("figure img.picture").first.is_visible()
    assert not page.locator("#theme").is_visible()
    assert "Matrix of the disagreement" in page.locator("figure img.picture").first.get_attribute("alt")


@pytest.mark.usefixtures("one_picture")
def test_a_hundred_members_are_drawn(open_page, tmp_path):
    opened = open_page(write_report(sample_contents(100), tmp_path))
    assert opened.messages == []
    page = opened.page
    assert page.locator(f"{MATRIX} .xtick text").count() <= 11
    page.locator(MATRIX).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert "Member 0 and member 100" in page.locator(CELL).inner_text()
    assert page.locator("#training-curves .legend button").count() == 2


@pytest.mark.usefixtures("one_picture")
def test_the_report_of_a_study_is_drawn_with_its_claims(open_page, tmp_path):
    path = write_report(whole_contents(), tmp_path)
    opened = open_page(path)
    page = opened.page
    assert opened.messages == []
    assert opened.requests == [path.as_uri()]
    assert page.locator("figure").count() == len(FIGURES)
    assert page.locator("figure:not(:has(.main-svg, .gallery))").count() == 0
    assert page.locator("section.claims").count() == 2
    claims = page.locator(".claims tbody")
    assert claims.count() == 10
    assert "holds" in claims.first.inner_text()
    heading = page.locator(".claims thead th").last.bounding_box()
    assert heading["height"] < 40


@pytest.mark.usefixtures("one_picture")
def test_claims_are_read_on_a_phone(open_page, tmp_path):
    results = {name: whole_contents().results[name] for name in ("plane", "shift", "methods")}
    path = write_report(ReportContents("claims", results=results), tmp_path)
    page = open_page(path, width=360, height=740, is_mobile=True, has_touch=True).page
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert not page.locator(".claims thead").is_visible()
    assert "mark: above 0.5" in page.evaluate(
        "getComputedStyle(document.querySelector('.claims .mark'), '::before').content.slice(1, -1)"
        " + document.querySelector('.claims .mark').innerText"
    )


def test_every_control_has_a_name(shown):
    page = shown.page
    names = page.evaluate("[...document.querySelectorAll('a, button, summary')].map(one => one.innerText.trim())")
    assert all(names)
    images = page.evaluate("[...document.querySelectorAll('.chart')].map(one => one.getAttribute('aria-label'))")
    assert all(re.search(r"\w{3}", label) for label in images)


def click_cell(page, row, column, size, plot=MATRIX):
    """Click the middle of a cell of a square matrix."""
    page.locator(plot).first.scroll_into_view_if_needed()
    box = page.locator(f"{plot} .nsewdrag").first.bounding_box()
    x = box["x"] + box["width"] * (column + 0.5) / size
    page.mouse.click(x, box["y"] + box["height"] * (row + 0.5) / size)


def page_colors(page):
    """Return the colour of the page and that of the text in a figure."""
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return ground, page.evaluate(
        "(() => { const probe = document.createElement('span');"
        "probe.style.color = document.querySelector('.chart').layout.font.color; document.body.append(probe);"
        "const color = getComputedStyle(probe).color; probe.remove(); return color; })()"
    )
