"""A page in the browser and everything worth knowing about it: what it said, asked, cut off, and axe's findings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

ARGUMENTS = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]  # fmt: skip

GRAVE = ("critical", "serious")

HARMLESS = (
    "GPU stall due to ReadPixels", "WebGL-", "[.WebGL", "Automatic fallback to software WebGL",
    "You have set a custom wheel sensitivity",
)  # fmt: skip
"""What Chromium says about drawing without a graphics card, and diagrams about a setting their wrapper always gives."""

CUT = """() => [...document.querySelectorAll('#content *, .header *, .footer *')].filter(e => {
  const style = getComputedStyle(e);
  const clips = style.overflowX === 'hidden' || style.overflowX === 'clip' || style.textOverflow === 'ellipsis';
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const exempt = e.closest('.ag-root-wrapper, .js-plotly-plot, input, .hidden, [aria-hidden=true]');
  return clips && own && !exempt && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1;
}).map(e => e.outerHTML.slice(0, 160))"""

TEXT = """() => { const copy = document.body.cloneNode(true);
  copy.querySelectorAll('[lang=ko], script, style, svg').forEach(e => e.remove()); return copy.textContent }"""

WIDER = """(width) => [...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  if (!box.width || box.right <= width + 1) return false;
  for (let p = e.parentElement; p; p = p.parentElement) {
    if (/auto|scroll|hidden/.test(getComputedStyle(p).overflowX)) return false;
  }
  return true;
}).slice(0, 5).map(e => e.outerHTML.slice(0, 140))"""


@dataclass(eq=False)
class Sight:
    """One open page."""

    page: Any
    context: Any
    said: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    received_bytes: int = 0

    @classmethod
    def of(
        cls, browser: Any, base: str, path: str, *, lang: str = "en", theme: str = "light", width: int = 1366,
        height: int = 768,
    ) -> Sight:  # fmt: skip
        """Open an address and wait until nothing more comes."""
        context = browser.new_context(viewport={"width": width, "height": height}, locale=lang)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
        context.add_cookies(
            [{"name": "language", "value": lang, "url": base}, {"name": "theme", "value": theme, "url": base}]
        )
        sight = cls(context.new_page(), context)
        sight._listen(urlsplit(base).netloc)
        sight.page.goto(base + path)
        sight.settle()
        return sight

    def _listen(self, host: str) -> None:
        def heard(message: Any) -> None:
            if message.type in {"error", "warning"} and not any(text in message.text for text in HARMLESS):
                self.said.append(f"{message.type}: {message.text[:300]}")

        def asked(request: Any) -> None:
            if not request.url.startswith(("data:", "blob:")) and urlsplit(request.url).netloc != host:
                self.foreign.append(request.url)

        def answered(response: Any) -> None:
            if response.status >= 400:
                self.refused.append(f"{response.status} {response.url}")

        self.page.on("console", heard)
        self.page.on("pageerror", lambda error: self.said.append(f"error: {str(error)[:300]}"))
        self.page.on("request", asked)
        self.page.on("response", answered)

    def settle(self) -> None:
        """Wait until the page is there and the network is quiet."""
        self.page.wait_for_selector(".page h1, .empty, .form-page", timeout=30_000)
        self.page.wait_for_load_state("networkidle")

    @property
    def answer(self) -> str:
        """The sentence that answers the page's question."""
        return str(self.page.locator(".answer-sentence").first.inner_text())

    def grave_findings(self) -> list[str]:
        """Return axe's critical and serious findings."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{finding['id']} ({finding['impact']}): {node['html'][:140]} {node.get('failureSummary', '')[:160]}"
            for finding in found
            if finding["impact"] in GRAVE
            for node in finding["nodes"][:3]
        ]

    def cut_texts(self) -> list[str]:
        """Return elements whose text is cut off."""
        return list(self.page.evaluate(CUT))

    def wider_than(self, width: int) -> list[str]:
        """Return elements that stick out to the right."""
        if self.page.evaluate("document.documentElement.scrollWidth") <= width:
            return []
        return list(self.page.evaluate(WIDER, width)) or ["the document itself"]

    def repeated_ids(self) -> list[str]:
        """Return ids that stand on the page more than once: callbacks of such components do nothing."""
        ids = self.page.evaluate("[...document.querySelectorAll('#content [id]')].map(e => e.id)")
        return sorted({one for one in ids if ids.count(one) > 1})

    def text(self) -> str:
        """Return everything a reader of the page's language reads."""
        return re.sub(r"\s+", " ", str(self.page.evaluate(TEXT)))

    def close(self) -> None:
        """Close the page."""
        self.context.close()
