"""Journeys of a scheduler and an analyst, from question to answer, in the browser with a worker."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from dash_app.settings import Settings
from data.audit import AuditLog
from data.depot_folder_template import write_depot_template
from data.ledger import RunState
from data.store import RunStore
from optimizers.replay import sessions_of
from tests.dash_app.served import Served, serving
from tests.dash_app.sight import Sight
from twin.depot_replan import stored_record
from twin.inputs import stored_inputs

pytestmark = pytest.mark.browser
WORK_MS, PAGE_MS = 180_000, 30_000
"""How long the worker and a page may take on a machine that does other things too."""


@pytest.fixture(scope="module")
def own(runs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application on a copy of the runs, with a worker, so that new runs disturb nobody."""
    runs = tmp_path_factory.mktemp("journeys") / "runs"
    shutil.copytree(runs_folder, runs, ignore=shutil.ignore_patterns("web"))
    with serving(Settings(runs=runs, demo=True)) as served:
        command = [
            sys.executable,
            "-m",
            "twin",
            "worker",
            "--runs",
            str(runs),
            "--city",
            str(runs_folder.parent / "town"),
        ]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield served
        worker.terminate()
        worker.wait(30)


@pytest.fixture
def visit(chromium: Any, own: Served) -> Iterator[Callable[[str], Sight]]:
    """Return a function that opens an address of the application with a worker, in English."""
    opened: list[Sight] = []

    def open_page(path: str) -> Sight:
        opened.append(Sight.of(chromium, own.address, path))
        return opened[-1]

    yield open_page
    for sight in opened:
        assert sight.said == []
        sight.close()


def test_find_the_bus_that_is_at_risk(visit: Callable[[str], Sight]) -> None:
    """From the city's answer to the garage, where the same bus stands first with its last moment to act."""
    page = visit("/schedule").page
    link = page.locator("#schedule-risk tbody a").first
    bus = link.inner_text()
    link.click()
    page.wait_for_url("**/schedule/depot/*")
    expect(page.locator("#depot-late tbody tr").first).to_contain_text(bus, timeout=PAGE_MS)
    expect(page.locator(".answer-sentence")).to_contain_text("it must be charging by", timeout=PAGE_MS)


def movable(own: Served) -> tuple[str, str]:
    """Return a run and one of its sessions in the garage "west" that may begin a step earlier."""
    store = RunStore(own.settings.runs)
    run_id = store.ledger.runs(states=(RunState.PUBLISHED,))[0].run_id
    record = stored_record(store, run_id, "west")
    sessions = sessions_of(record.problem, record.plan)
    for session in sessions:
        before = session.start - 1
        if before > 0 and record.problem.present[session.bus, before - 1 : session.stop].all():
            taken = any(s.bus == session.bus and s.stop == session.start for s in sessions)
            if not taken:
                return run_id, f"{record.problem.buses.id[session.bus]}@{session.start}"
    raise AssertionError("no session can begin earlier")


def test_move_a_session_read_its_price_keep_it_and_plan_around_it(visit: Callable[[str], Sight], own: Served) -> None:
    run_id, session = movable(own)
    page = visit(f"/schedule/depot/west?run={run_id}&session={session}").page
    page.get_by_label("Later by steps").fill("-1")
    sentence = page.locator("#depot-outcome .verdict-sentence")
    expect(sentence).to_contain_text("the day", timeout=PAGE_MS)
    said = sentence.inner_text()
    page.wait_for_url("**shift=-1*")
    page.reload()
    expect(page.locator("#depot-outcome .verdict-sentence")).to_have_text(said, timeout=PAGE_MS)
    page.get_by_role("button", name="Keep in the log").click()
    expect(page.locator("#depot-note")).to_contain_text("Kept as entry", timeout=PAGE_MS)
    (entry,) = AuditLog(own.settings.state_folder).entries(action="schedule.change")
    assert entry.user == "demo"
    assert len(entry.detail["moves"]) == 1
    expect(page.locator("#depot-kept li")).to_contain_text("1 changes", timeout=PAGE_MS)
    page.get_by_role("button", name="Plan the rest around it").click()
    page.wait_for_url("**job=*")
    page.reload()
    expect(page.locator("#depot-job")).to_contain_text("Planned anew around the fixed sessions", timeout=WORK_MS)


def test_start_a_district_and_watch_it_finish_after_a_reload(visit: Callable[[str], Sight]) -> None:
    page = visit("/jobs?date=2026-11-25&limit=3").page
    page.get_by_role("textbox", name="District").click()
    page.get_by_role("option").first.click()
    page.wait_for_url("**district=*")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**job=*")
    page.reload()
    watched = page.locator("#jobs-job .verdict-sentence")
    expect(watched).to_contain_text("is done", timeout=WORK_MS)
    expect(page.locator(".answer-sentence")).to_contain_text("Wed 25 Nov 2026", timeout=PAGE_MS)
    page.locator("#jobs-job a").click()
    page.wait_for_url("**/schedule?run=2026-11-25*")
    expect(page.locator(".answer-sentence")).to_contain_text("leave charged", timeout=PAGE_MS)


def test_compare_two_runs(visit: Callable[[str], Sight]) -> None:
    page = visit("/policy/compare").page
    expect(page.locator("#policy-answer")).to_contain_text("Baseline: today", timeout=PAGE_MS)
    expect(page.locator("#policy-measures tbody tr")).to_have_count(6, timeout=PAGE_MS)
    page.locator(".mantine-SegmentedControl-label", has_text="peak").click()
    page.wait_for_url("**measure=peak*")
    expect(page.locator("#policy-districts thead")).to_contain_text("MW", timeout=PAGE_MS)
    before = page.locator("#policy-districts").inner_text()
    page.reload()
    expect(page.locator("#policy-districts thead")).to_contain_text("MW", timeout=PAGE_MS)
    assert page.locator("#policy-districts").inner_text() == before


def test_fix_a_depot_folder_from_the_messages_alone(visit: Callable[[str], Sight], own: Served, tmp_path: Path) -> None:
    depot = tmp_path / "depot"
    write_depot_template(depot, "garage")
    table = depot / "duties.csv"
    good = table.read_text()
    lines = good.splitlines()
    head = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    at = lines[head].split(",").index("energy_kwh")
    cells = lines[head + 1].split(",")
    right, cells[at] = cells[at], "many"
    lines[head + 1] = ",".join(cells)
    table.write_text("\n".join(lines) + "\n")
    page = visit("/data").page
    chosen = page.locator("#data-file-depot input[type=file]")
    chosen.set_input_files(shutil.make_archive(str(tmp_path / "garage"), "zip", depot))
    expect(page.locator("#data-answer")).to_contain_text("has one problem", timeout=WORK_MS)
    row = page.locator("#data-problems tbody tr").first.locator("td").all_inner_texts()
    assert stored_inputs(own.settings.state_folder) == ()
    # the message alone says which cell of which row of which file to correct
    file, number, column = row[0], int(row[1]), row[2]
    broken = (depot / file).read_text().splitlines()
    place = lines[head].split(",").index(column)
    fixed = broken[number - 1].split(",")
    fixed[place] = right
    broken[number - 1] = ",".join(fixed)
    (depot / file).write_text("\n".join(broken) + "\n")
    page.locator("#data-file-depot input[type=file]").set_input_files(
        shutil.make_archive(str(tmp_path / "garage2"), "zip", depot)
    )
    expect(page.locator("#data-answer")).to_contain_text("has no problems and is stored", timeout=WORK_MS)
    (stored,) = stored_inputs(own.settings.state_folder)
    assert stored.facts["buses"] == 12.0
