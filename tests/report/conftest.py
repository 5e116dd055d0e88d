"""Fixtures of the report: a written report, and pages of a headless Chromium that note what goes wrong."""

import shutil
from dataclasses import dataclass, field

import numpy as np
import pytest

from modescape.report import Drawing, Line, Lines, Table, pictures, write_report
from report.samples import sample_contents

NAMES = ("chromium", "chromium-browser", "google-chrome")
DRAWN_WITHIN = 180_000
"""Milliseconds after which a page that is not drawn is broken: that of a whole study has over a hundred panels, and the
machine may be busy."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@dataclass
class Opened:
    """A page in the browser, and what it said and asked for while it was open."""

    page: object
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium for one file of tests; they are skipped where there is none.

    It does not live longer, because Playwright keeps an event loop running in the thread of the tests meanwhile.
    """
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="no browser: playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """A function that opens a report file and waits until all figures are drawn."""
    contexts = []

    def open_file(path, **options):
        context, opened = opened_page(browser, path, **options)
        contexts.append(context)
        return opened

    yield open_file
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def shown(browser, written):
    """The whole report in one page, for tests that leave it as it was."""
    context, opened = opened_page(browser, written)
    yield opened
    context.close()


def opened_page(browser, path, width=1200, height=900, **options):
    """Open a report file in a context of its own, and wait until all figures are drawn."""
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **options)
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: opened.messages.append(f"{message.type}: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.messages.append(f"error: {error}"))
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.goto(path.as_uri(), timeout=DRAWN_WITHIN)
    if options.get("java_script_enabled", True):
        opened.page.wait_for_selector("html[data-drawn]", timeout=DRAWN_WITHIN)
    return context, opened


@pytest.fixture
def one_picture(monkeypatch):
    """Give every figure the same picture, for tests that look at the interactive page: others take a second each."""
    line = np.array([1.0, 2.0])
    panel = Lines("", "", (Line("", line, line),), "", "")
    picture = pictures(Drawing("same", "", "", "", (panel,), Table({})))
    monkeypatch.setattr("modescape.report.writing.pictures", lambda _: picture)


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """The path of a whole report, written once."""
    return write_report(sample_contents(), tmp_path_factory.mktemp("report"))
