"""The page in a browser: it asks nothing of the network, fits every width, and folds out on paper."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.twin.report_builders import depot, summary
from tests.twin.report_builders import squares as outlines
from twin.report import render_report

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    lost = depot(99, status="fallback", reason="a long reason why there is no plan " * 4, bound_kkrw=0.0, gap=1.0)
    whole = summary(depots=(*summary().depots, lost))
    paths = {}
    for lang in ("ko", "en"):
        paths[lang] = folder / f"report.{lang}.html"
        paths[lang].write_text(render_report(whole, outlines(), lang), encoding="utf-8")
    return paths


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1366])
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_it_fits_and_asks_for_nothing(browser: Any, files: dict[str, Path], lang: str, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(files[lang].as_uri())
    page.wait_for_load_state("networkidle")
    assert asked == [files[lang].as_uri()]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    charts = page.evaluate(
        "[...document.querySelectorAll('.chart')].filter(c => c.getBoundingClientRect().width).length"
    )
    assert charts == 3
    page.close()


def test_dark_and_light_differ_and_can_be_read(browser: Any, files: dict[str, Path]) -> None:
    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour[4:-1].split(",")]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    grounds = []
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto(files["en"].as_uri())
        ground = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        grounds.append(ground)
        for selector in ("body", "figcaption", ".alert", ".badges li.unusual", "thead th"):
            ink = luminance(page.evaluate(f"getComputedStyle(document.querySelector('{selector}')).color"))
            contrast = (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05)
            assert contrast >= 4.5, (scheme, selector)
        page.close()
    assert grounds[0] > 0.9
    assert grounds[1] < 0.1


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_on_paper_nothing_is_cut_or_folded(browser: Any, files: dict[str, Path], lang: str) -> None:
    page = browser.new_page(viewport={"width": 703, "height": 1000})
    page.goto(files[lang].as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    folded = "[...document.querySelectorAll('details table')].filter(t => !t.getBoundingClientRect().height).length"
    assert page.evaluate(folded) == 0
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()
