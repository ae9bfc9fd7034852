"""What tests of the web app share: published runs, servers on the loopback, a browser, and what it saw."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from dash_app.settings import Settings
from data.users import Role, UserStore
from tests.dash_app.published import published_town
from tests.dash_app.served import PASSWORD, Served, serving
from tests.dash_app.sight import ARGUMENTS, Sight

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with two published runs of a small town, made once for all processes of a test session."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return published_town(shared / "web-town")


@pytest.fixture(scope="session")
def demo(runs_folder: Path) -> Iterator[Served]:
    """The application without log-in, served on a free port of the loopback."""
    with serving(Settings(runs=runs_folder, demo=True)) as served:
        yield served


@pytest.fixture(scope="session")
def guarded(runs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application with log-in and one user a role, on the same runs with users, jobs and audit of its own."""
    own = tmp_path_factory.mktemp("guarded")
    for name in ("published", "ledger.sqlite"):
        (own / name).symlink_to(runs_folder / name)
    settings = Settings(runs=own)
    users = UserStore(settings.state_folder)
    for role in Role:
        users.add(f"the-{role.value}", role, PASSWORD)
    with serving(settings) as served:
        yield served


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The system's browser; of a module, because two of them in one thread quarrel."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def look(chromium: Any, demo: Served) -> Iterator[Callable[..., Sight]]:
    """Return a function that opens an address of the demo: `look("/grid", lang="ko", theme="dark", width=360)`."""
    opened: list[Sight] = []

    def open_page(path: str, **how: Any) -> Sight:
        sight = Sight.of(chromium, demo.address, path, **how)
        opened.append(sight)
        return sight

    yield open_page
    for sight in opened:
        sight.close()
