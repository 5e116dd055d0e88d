"""A chosen pair, the gallery of disputed examples and the tree of members, as their reader meets them in Chromium."""

import numpy as np
import pytest

from modescape.report import figures, write_report, writing
from modescape.report.contents import ReportContents
from modescape.report.figures import disputed, modes, solution_disagreement
from report.difference_samples import CLASSES, differences, votes
from report.samples import HOSTILE, solutions

PLOT = "#solution-disagreement .chart"
CELL = "#solution-disagreement .cell"
MORE = "#solution-disagreement .more"
KINDS = (solution_disagreement.FIGURE, disputed.FIGURE, modes.FIGURE)


def report(directory, results):
    """Write a report with the figures on trial alone."""
    before, writing.FIGURES = writing.FIGURES, KINDS
    try:
        return write_report(ReportContents("differences", results=results), directory)
    finally:
        writing.FIGURES = before


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The path of a report with images, written once."""
    return report(tmp_path_factory.mktemp("differences"), {"solutions": solutions(5)} | differences(5))


def choose(page, *, keys):
    """Choose a cell with the keyboard."""
    page.locator(PLOT).focus()
    for key in keys:
        page.keyboard.press(key)


def joint(dataset, first, second, chosen=None):
    """Count what two members answered together, slowly."""
    counts = np.zeros((len(CLASSES), len(CLASSES)), dtype=int)
    one, other = (dataset.decision.sel(member=member).values for member in (first, second))
    for answer, other_answer, truth in zip(one, other, dataset.label.values, strict=True):
        if chosen is None or CLASSES[truth] == chosen:
            counts[answer, other_answer] += 1
    return counts


def shown_counts(page):
    """Read the table of the joint confusion."""
    rows = page.locator(f"{MORE} .confusion tbody tr")
    cells = [rows.nth(row).locator("td").all_text_contents() for row in range(rows.count())]
    return np.array([[int(text.replace(",", "")) for text in line] for line in cells])


def test_everything_is_drawn_without_an_error_or_a_request(shown, written):
    assert shown.messages == []
    assert [url for url in shown.requests if not url.startswith("data:")] == [written.as_uri()]
    assert shown.page.locator("#disputed .gallery li").count() == 24
    assert shown.page.locator("#modes .chart-dendrogram .main-svg").count() >= 1


def test_a_chosen_pair_shows_its_joint_confusion_for_all_and_for_one_class(open_page, written):
    page, dataset = open_page(written).page, votes(5)
    assert page.locator(MORE).inner_text() == ""
    choose(page, keys=("ArrowDown", "ArrowDown", "ArrowRight"))
    assert "Member 1 and member 3" in page.locator(CELL).inner_text()
    np.testing.assert_array_equal(shown_counts(page), joint(dataset, 1, 3))
    page.locator(f"{MORE} select").select_option(label=f"cat ({int((dataset.label == 1).sum())})")
    expected = joint(dataset, 1, 3, "cat")
    np.testing.assert_array_equal(shown_counts(page), expected)
    right = expected[1]
    text = page.locator(f"{MORE} [role=status]").inner_text()
    assert f"Of {expected.sum()} examples of class cat, both are right on {right[1]}," in text
    assert f"only member 1 on {right.sum() - right[1]}, only member 3 on {expected[:, 1].sum() - right[1]}," in text
    same = np.trace(expected) - right[1]
    assert f"the same answer to {same} and different ones" in text
    choose(page, keys=("ArrowRight",))
    np.testing.assert_array_equal(shown_counts(page), joint(dataset, 1, 4, "cat"))
    assert page.locator(f"{MORE} .confusion .right").count() == 1


def test_a_chosen_pair_shows_its_measures_and_its_disputed_images(open_page, written):
    page, results = open_page(written).page, differences(5)
    choose(page, keys=("ArrowDown",))
    kappa = results["pairs"].sel(member=0, member_other=1)
    text = page.locator(f"{CELL} .less").inner_text()
    assert f"{float(kappa.kappa):.3f} [{float(kappa.kappa_low):.3f}, {float(kappa.kappa_high):.3f}]" in text
    assert "McNemar" in text
    assert page.locator(f"{CELL} .less").get_attribute("aria-live") == "off"
    dataset = results["disputed"]
    places = [int(place) for place in dataset.pair_dispute[0, 1] if place >= 0]
    cards = page.locator(f"{MORE} .gallery li")
    assert cards.count() == len(places) == 6
    place = places[2]
    truth, first = (CLASSES[int(number)] for number in (dataset.label[place], dataset.vote[place, 0]))
    card = cards.nth(2)
    image = card.locator("img")
    assert image.get_attribute("alt") == f"Example {int(dataset.row[place])}, true class {truth}"
    assert image.evaluate("one => one.complete && one.naturalWidth") == 8
    answer = card.locator(".votes").first.inner_text().replace("\n", " ")
    assert answer.startswith(first)
    assert "member 0" in answer
    assert f"{float(dataset.confidence[place, 0]):.2f}" in answer


def test_a_member_with_itself_has_nothing_to_compare(open_page, written):
    page = open_page(written).page
    choose(page, keys=("ArrowDown", "Home"))
    assert "Member 0 with itself" in page.locator(CELL).inner_text()
    assert page.locator(MORE).inner_text() == ""
    assert page.locator(f"{CELL} .less").count() == 0


def test_a_click_and_either_order_of_a_pair_show_the_same_images(open_page, written):
    page = open_page(written).page
    choose(page, keys=("ArrowDown",))
    first = page.locator(f"{MORE} .gallery img").first.get_attribute("src")
    page.locator(PLOT).scroll_into_view_if_needed()
    box = page.locator(f"{PLOT} .nsewdrag").first.bounding_box()
    page.mouse.click(box["x"] + 0.1 * box["width"], box["y"] + 0.3 * box["height"])
    assert page.locator(PLOT).get_attribute("data-cell") == "1,0"
    assert page.locator(f"{MORE} .gallery img").first.get_attribute("src") == first
    page.locator("#theme").click()
    assert page.locator(f"{MORE} .gallery img").count() == 6
    assert page.locator("#disputed .gallery li").count() == 24


def test_parts_that_scroll_are_reached_by_the_tab_key_and_have_names(open_page, written):
    page = open_page(written, width=360, height=740, is_mobile=True, has_touch=True).page
    choose(page, keys=("ArrowDown",))
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    part = page.locator(f"{MORE} .scroll").first
    assert part.get_attribute("tabindex") == "0"
    assert part.get_attribute("role") == "region"
    assert part.get_attribute("aria-label") == "Joint confusion"
    page.locator(f"{MORE} select").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "scroll"


def test_rows_of_features_and_files_without_labels(open_page, tmp_path):
    opened = open_page(report(tmp_path / "rows", {"solutions": solutions(3)} | differences(3, "feature")))
    assert opened.messages == []
    heads = opened.page.locator("#disputed thead th").all_text_contents()
    assert heads == ["example", "true class", "answers", "age", "income", "feature 2"]
    named = solutions(3)[["disagreement", "disagreement_low", "disagreement_high"]]
    named = named.assign_coords(member_name=("member", [HOSTILE, "b.npy", "c.npy"]))
    results = {"solutions": named} | differences(3, "none", labelled=False, named=True)
    opened = open_page(report(tmp_path / "files", results))
    page = opened.page
    choose(page, keys=("ArrowDown",))
    assert opened.messages == []
    assert page.locator(f"{CELL} .which").text_content() == f"{HOSTILE} and b.npy"
    assert page.locator(f"{MORE} select").count() == 0
    assert "both give the same answer to" in page.locator(MORE).inner_text()
    assert page.locator(f"{MORE} .examples thead th").all_text_contents() == ["example", "answers"]
    assert "no true classes and no checkpoints" in page.locator(".answer").first.inner_text()


def test_rare_answers_are_one_row_and_what_is_not_kept_is_said(open_page, tmp_path):
    results = {"solutions": solutions(4), "votes": votes(4, kept=3, num_classes=300)}
    page = open_page(report(tmp_path, results)).page
    choose(page, keys=("ArrowDown",))
    counts = shown_counts(page)
    assert counts.shape == (12, 12)
    assert counts.sum() == 400
    assert "others" in page.locator(f"{MORE} .confusion tbody th").last.inner_text()
    choose(page, keys=("End",))
    assert (
        "not kept on this page. Answers are kept here for the first 3 of 4 members." in page.locator(MORE).inner_text()
    )


def test_the_catalogue_is_left_as_it_was():
    assert writing.FIGURES is figures.FIGURES
