"""The web app on a published run: time to the answer, what travels, and fifty users at once.

The run is the newest of the folder in `TWIN_BENCH_RUNS`; without it a night of the whole city (of one district with
``--quick``) is planned first. Everything stays on the loopback.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

from benchmarks.claims import Claim
from benchmarks.web_browser import ARGUMENTS, CHROMIUM, Visit, visit
from benchmarks.web_users import crowd
from dash_app.page import Page
from dash_app.pages import PAGES
from dash_app.runs import Runs

RUNS = "TWIN_BENCH_RUNS"
COLD_BAR_S, WARM_BAR_S = 3.0, 1.5
FIRST_LOAD_BAR_MB, CALLBACK_BAR_KB = 3.0, 150.0
P95_BAR_S, GROWTH_BAR = 0.3, 0.05
USERS, LOAD_S, QUICK_LOAD_S = 50, 300.0, 15.0
MB, KB = 1e6, 1e3


def run(*, quick: bool) -> Iterator[Claim]:
    """Measure; with `quick` fewer visits and a short crowd."""
    with tempfile.TemporaryDirectory(prefix="twin-web-") as folder:
        runs = Path(os.environ[RUNS]) if RUNS in os.environ else _plan(Path(folder) / "runs", quick=quick)
        with _served(runs) as (address, server):
            visits: dict[str, list[Visit]] = {}
            yield from _visits(address, runs, visits, quick=quick)
            yield from _crowd(address, server, visits, quick=quick)


def _plan(runs: Path, *, quick: bool) -> Path:
    command = [sys.executable, "-m", "twin", "nightly", "--runs", str(runs)] + (
        ["--district", "Dobong"] if quick else []
    )
    subprocess.run(command, check=True, capture_output=True)
    return runs


@contextmanager
def _served(runs: Path) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "twin", "serve", "--demo", "--no-worker", "--runs", str(runs), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int) -> None:
    for _ in range(240):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError("the web app did not start")


def _address(page: Page, runs: Runs) -> str | None:
    """Return the address of a page; of one element's page that of the worst feeder, or of the first garage."""
    latest = runs.latest()
    assert latest is not None
    summary = runs.summary(latest.run_id)
    garage = summary.depots[0].garage if summary.depots else ""
    known = {"feeder": summary.feeders[0].feeder, "depot": garage, "garage": garage, "id": garage, "run": latest.run_id}
    names = [part[1:-1] for part in page.path.split("/") if part.startswith("<")]
    return page.href(**{name: known[name] for name in names}) if all(known.get(name) for name in names) else None


def _visits(address: str, folder: Path, visits: dict[str, list[Visit]], *, quick: bool) -> Iterator[Claim]:
    paths = {page.name: path for page in PAGES if (path := _address(page, Runs(folder))) is not None}
    with sync_playwright() as play:
        cold = []
        for _ in range(1 if quick else 3):
            browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            context = browser.new_context(locale="en")
            cold.append(visit(context, address + paths["grid"]))
            if len(cold) == (1 if quick else 3):
                for name, path in paths.items():
                    visits[name] = [visit(context, address + path) for _ in range(2 if quick else 4)][1:]
            browser.close()
    first = statistics.median(one.answer_s for one in cold)
    yield Claim("answer of /grid, new browser", f"{first:.2f} s", f"bar {COLD_BAR_S:g} s", met=first <= COLD_BAR_S)
    size = max(one.received_bytes for one in cold) / MB
    yield Claim(
        "first load, compressed", f"{size:.2f} MB", f"bar {FIRST_LOAD_BAR_MB:g} MB", met=size <= FIRST_LOAD_BAR_MB
    )
    for name, seen in visits.items():
        warm = statistics.median(one.answer_s for one in seen)
        yield Claim(f"answer of {name}, warm", f"{warm:.2f} s", f"bar {WARM_BAR_S:g} s", met=warm <= WARM_BAR_S)
    name, largest = max(
        ((n, max(v.largest_callback_bytes for v in seen)) for n, seen in visits.items()), key=lambda x: x[1]
    )
    met = largest / KB <= CALLBACK_BAR_KB
    yield Claim(f"largest callback ({name})", f"{largest / KB:.0f} kB", f"bar {CALLBACK_BAR_KB:g} kB", met=met)


def _crowd(address: str, server: psutil.Process, visits: dict[str, list[Visit]], *, quick: bool) -> Iterator[Claim]:
    callbacks = [body for seen in visits.values() for body in seen[-1].callbacks]
    token, seconds = _token(address), QUICK_LOAD_S if quick else LOAD_S
    crowd(address, callbacks, token, USERS, 10.0)  # every process has read what it keeps
    before = _memory_mb(server)
    met = crowd(address, callbacks, token, USERS, seconds)
    after = _memory_mb(server)
    p95, p99 = met.share_s(0.95), met.share_s(0.99)
    case = f"{USERS} users, mixed pages, {seconds:.0f} s, {len(met.answers_s)} callbacks"
    figures = f"p95 {p95 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms"
    yield Claim(case, figures, f"bar {P95_BAR_S * 1e3:.0f} ms", met=p95 <= P95_BAR_S)
    yield Claim(
        "answers that failed", str(len(met.failures)), ", ".join(sorted(set(met.failures)))[:80], met=not met.failures
    )
    growth = after / before - 1.0
    told = f"{before:.0f} → {after:.0f} MB ({growth:+.1%})"
    yield Claim("memory of the web processes", told, f"bar {GROWTH_BAR:.0%}", met=growth <= GROWTH_BAR)


def _token(address: str) -> str:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
    connection.request("GET", PAGES[0].path, headers={"Accept": "text/html"})
    cookies = connection.getresponse().headers.get_all("Set-Cookie") or []
    return next(text for text in cookies if text.startswith("_csrf_token=")).split("=", 1)[1].split(";")[0]


def _memory_mb(server: psutil.Process) -> float:
    """Return the memory of all processes, shared pages counted once."""
    processes = [server, *server.children(recursive=True)]
    return float(sum(process.memory_full_info().pss for process in processes)) / MB
