"""What the benchmarks share."""

import doctest
import importlib

import pytest

from common import SECTIONS, alternate, page, publish, ratios, sections


@pytest.mark.parametrize("name", ["common", "flops", "memory", "accuracy"])
def test_the_examples_in_docstrings_hold(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0


def test_the_order_is_reversed_from_round_to_round_after_a_round_that_does_not_count():
    called = []
    runs = {name: (lambda name=name: called.append(name) or len(called)) for name in "ab"}
    seconds, results = alternate(runs, 2)
    assert called == ["b", "a", "a", "b", "b", "a"]
    assert {name: len(own) for name, own in seconds.items()} == {"a": 2, "b": 2}
    assert results == {"a": 6, "b": 5}


def test_ratios_need_as_many_rounds_of_both():
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_a_section_replaces_only_its_own_text(tmp_path, capsys):
    output = tmp_path / "page.md"
    publish("flops", ["## Old", "text"], output)
    publish("training", ["## Training"], output)
    publish("flops", ["## New", "a|b"], output)
    text = output.read_text(encoding="utf-8")
    assert sections(text) == {"training": "## Training", "flops": "## New\n\na|b"}
    assert text.index("## Training") < text.index("## New")
    assert "## Old" not in text
    assert text.startswith("# Benchmarks")
    assert "## New" in capsys.readouterr().out


def test_a_page_without_sections_is_begun_anew(tmp_path):
    output = tmp_path / "page.md"
    output.write_text("# Something older\n", encoding="utf-8")
    publish("gpu", ["## GPU"], output)
    assert output.read_text(encoding="utf-8") == page({"gpu": "## GPU"})


def test_every_section_has_its_script():
    for name in SECTIONS:
        assert importlib.util.find_spec(name) is not None
