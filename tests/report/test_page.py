import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from modescape.report import FIGURES, ReportContents, drawn, pictures, summarise
from modescape.report.page import page
from report.samples import HOSTILE, ensemble, sample_contents, training


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
    assert len(run) == 4
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
    assert line.count("; ") == 5


def test_a_page_with_no_results_still_says_so():
    text = small()
    assert "Not measured: this run has no `solutions` results." in text
    assert "<figure" not in text
