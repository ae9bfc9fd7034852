"""What a browser sees of the web app: seconds to the answer, bytes that travel, and the requests its pages make."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]  # fmt: skip
ANSWER = "() => { const e = document.querySelector('.answer-sentence'); return !!e && e.textContent.length > 10 }"
CALLBACK = "/_dash-update-component"


@dataclass
class Visit:
    """One page opened: seconds until its answer stood there, bytes received, and the callbacks it asked for."""

    answer_s: float
    received_bytes: int
    largest_callback_bytes: int
    callbacks: list[str] = field(default_factory=list)


def visit(browser_context: Any, address: str) -> Visit:
    """Open an address in a new tab and wait for the answer, then for everything else."""
    page = browser_context.new_page()
    wire = browser_context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: dict[str, int] = {}
    asked: dict[str, str] = {}
    bodies: list[str] = []

    def sent(event: dict[str, Any]) -> None:
        asked[event["requestId"]] = event["request"]["url"]
        if CALLBACK in event["request"]["url"]:
            bodies.append(event["request"].get("postData", ""))

    wire.on("Network.requestWillBeSent", sent)
    wire.on("Network.loadingFinished", lambda e: sizes.update({e["requestId"]: int(e["encodedDataLength"])}))
    begin = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(ANSWER, timeout=60_000)
    answer_s = time.perf_counter() - begin
    page.wait_for_load_state("networkidle")
    callbacks = [size for request, size in sizes.items() if CALLBACK in asked.get(request, "")]
    page.close()
    return Visit(answer_s, sum(sizes.values()), max(callbacks, default=0), [body for body in bodies if body])
