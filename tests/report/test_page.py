import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from modescape.report import (
    FIGURES,
    Drawing,
    Line,
    Lines,
    PointGroup,
    ReportContents,
    Scatter,
    Table,
    drawn,
    pictures,
    summarise,
)
from modescape.report.page import SCRIPTS, page
from report.geometry_samples import plane
from report.samples import HOSTILE, ensemble, sample_contents, training
from report.study_samples import shift


class Read(HTMLParser):
    """Collects what a test looks at: addresses, texts by element, scripts, and the words of pictures."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.words, self.scripts, self.metas, self.tags = [], [], [], {}, [""]
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.addresses += [given[name] for name in ("href", "src", "action", "srcset", "poster") if name in given]
        if tag == "img":
            self.words.append(given["alt"])
        if tag == "script":
            self.scripts.append([given, ""])
        if tag == "meta":
            self.metas[given.get("http-equiv") or given.get("name")] = given.get("content")

    def handle_data(self, data):
        if self.tags[-1] == "script":
            self.scripts[-1][1] += data

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")


@pytest.fixture(scope="module")
def whole():
    contents = sample_contents()
    drawings, left_out = drawn(FIGURES, contents.results)
    return page(contents, summarise(contents), drawings, left_out, {one.name: pictures(one) for one in drawings})


def small(**results):
    """Return a page without figures that need much time."""
    contents = ReportContents(title=HOSTILE, facts={HOSTILE: HOSTILE}, results=results, notes=[HOSTILE])
    drawings, left_out = drawn(FIGURES, results)
    return page(contents, summarise(contents), drawings, left_out, {one.name: pictures(one) for one in drawings})


def test_nothing_on_the_page_has_an_address_elsewhere(whole):
    read = Read(whole)
    assert len(read.addresses) > 20
    assert all(address.startswith(("data:", "#")) for address in read.addresses)
    assert not re.search(r"@import|url\(", whole.split("<style>")[1].split("</style>")[0])


def test_the_policy_allows_exactly_the_scripts_of_the_page(whole):
    read = Read(whole)
    policy = read.metas["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    run = [text for given, text in read.scripts if given.get("type") != "application/json"]
    digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run}
    assert len(run) == len(SCRIPTS) + 1
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == digests


def test_every_figure_has_words_for_those_who_do_not_see_it(whole):
    read = Read(whole)
    assert len(read.words) == 7
    assert all(len(words) > 40 for words in read.words)


def test_the_page_is_the_same_each_time():
    assert small(training=training(2, 3)) == small(training=training(2, 3))


def test_names_are_escaped_everywhere():
    text = small()
    assert "<script>alert" not in text
    assert "<b>bold" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 5


def test_numbers_for_the_script_are_json_that_can_not_end_its_element():
    read = Read(small(training=training(2, 3)))
    [data] = [text for given, text in read.scripts if given.get("type") == "application/json"]
    assert "<" not in data
    [drawing] = json.loads(data)
    assert drawing["name"] == "training-curves"
    assert [panel["kind"] for panel in drawing["panels"]] == ["lines", "lines"]


def test_what_is_left_out_is_named_in_one_line_with_the_reason():
    text = small(training=training(2, 3), ensemble=ensemble(2).drop_vars("value"))
    [line] = re.findall(r'<p class="left-out">(.*?)</p>', text)
    assert "How often do members answer differently? (no `solutions` results)" in line
    assert "What does each further member bring? (`ensemble` results have no `value`)" in line
    assert line.count("; ") == len(FIGURES) - 2


def test_a_page_with_no_results_still_says_so():
    text = small()
    assert "Not measured: this run has no `solutions` results." in text
    assert "<figure" not in text


def test_claims_are_a_table_on_top_with_numbers_marks_and_verdicts():
    contents = ReportContents("claims", results={"plane": plane(), "shift": shift(num_corruptions=2)})
    text = page(contents, summarise(contents), [], [], {})
    table = text.split('<section class="claims"')[1].split("</section>")[0]
    assert table.count("<tbody") == 7
    assert "<b>0.97</b>  <span>[0.94, 1.00]</span>" in table
    assert '<td class="mark">above 0.5</td>' in table
    assert table.count('class="verdict yes">holds</td>') == 3
    assert table.count('class="verdict unknown">not measured</td>') == 4
    assert "no `paths` results" in table
    assert "none, shown beside" in table
    assert "the marks are ours, not the paper" in table
    assert text.index('class="answers"') < text.index('class="claims"') < text.index('id="figures"')


def test_a_plain_overview_has_no_table_of_claims(whole):
    assert 'class="claims"' not in whole


def test_what_was_found_stands_between_the_words_and_the_figure_and_is_escaped():
    one = np.array([1.0])
    panel = Lines("", "", (Line("a", one, one),), "", "")
    drawing = Drawing("one", "One", "Shows.", "Look for.", (panel,), Table({}), found=("Found 3 %.", HOSTILE))
    contents = ReportContents("found")
    text = page(contents, summarise(contents), [drawing], [], {"one": pictures(drawing)})
    places = [text.index(part) for part in ("<p>Shows.", "Look for.</p>", "<li>Found 3 %.</li>", 'class="legend')]
    assert places == sorted(places)
    assert "<li>&lt;script&gt;alert(1)" in text
    silent = dataclasses.replace(drawing, found=())
    assert 'class="found"' not in page(contents, summarise(contents), [silent], [], {"one": pictures(drawing)})


def test_the_script_gets_symbols_and_dashes_of_the_legend():
    one = np.array([1.0])
    lines = (Line("a", one, one, series=7), Line("b", one, one, series=None, dashed=True))
    group = PointGroup("c", one, one, 2, "x")
    panels = (Lines("", "", lines, "", ""), Scatter("", "", (group,), (), "", ""))
    drawing = Drawing("one", "One", "Shows.", "Look for.", panels, Table({}))
    contents = ReportContents("legend")
    read = Read(page(contents, summarise(contents), [drawing], [], {"one": pictures(drawing)}))
    [data] = [text for given, text in read.scripts if given.get("type") == "application/json"]
    legend = json.loads(data)[0]["legend"]
    assert [(entry["label"], entry["role"], entry["marker"], entry["dash"]) for entry in legend] == [
        ("c", "series-2", "x", "solid"),
        ("a", "series-7", "pentagon", "dashdot"),
        ("b", "many", None, "dash"),
    ]
