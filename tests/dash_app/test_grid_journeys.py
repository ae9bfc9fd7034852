"""Journeys through the pages about the grid in the browser, from the question to the answer."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from dash_app.runs import Runs
from data.jobs import JobKind, JobLedger, JobState, Lane
from data.store import RunStore
from tests.dash_app.served import Served
from tests.dash_app.sight import Sight
from twin.whatif_run import run_job

pytestmark = pytest.mark.browser

ANSWER = ".answer-sentence"
WAIT_MS = 20_000


def text_comes(sight: Sight, selector: str, wanted: str) -> str:
    """Wait until an element says what is wanted."""
    place = sight.page.locator(selector).filter(has_text=re.compile(wanted)).first
    place.wait_for(timeout=WAIT_MS)
    return str(place.inner_text())


def figure(sight: Sight, chart: str) -> Any:
    """Return data of a chart as the browser holds it, once it is drawn."""
    graph = sight.page.locator(f'[id*=\'"chart":"{chart}"\'] .js-plotly-plot').first
    graph.wait_for(timeout=WAIT_MS)
    return graph.evaluate(
        "g => g.data.map(t => ({z: t.z, colour: t.marker && t.marker.color, n: (t.lon || t.x || []).length}))"
    )


class Worker:
    """Answers one queued what-if, as the worker process does."""

    def __init__(self, served: Served) -> None:
        self.store = RunStore(served.settings.runs)
        self.jobs = JobLedger(served.settings.state_folder)

    def note(self, share: float, phase: str) -> None:
        """Hear how far the job is."""

    def answer_one(self) -> None:
        """Take the next job and finish it."""
        job = self.jobs.claim(Lane.QUICK, os.getpid())
        assert job is not None
        assert job.kind is JobKind.WHAT_IF
        self.jobs.finish(job.job_id, JobState.DONE, result=run_job(job.parameters, self))


def test_find_the_worst_feeder_of_tomorrow_and_its_cause(look: Callable[..., Sight], demo: Served) -> None:
    sight = look("/grid")
    link = sight.page.locator("#grid-worst a").first
    link.wait_for(timeout=WAIT_MS)
    name = str(link.get_attribute("href")).split("/grid/feeder/")[1].split("?")[0]
    runs = Runs(demo.settings.runs)
    latest = runs.latest()
    assert latest is not None
    assert name == runs.summary(latest.run_id).feeders[0].feeder
    link.click()
    assert name in text_comes(sight, ANSWER, f"Feeder {name}")
    assert "kVA" in text_comes(sight, "#feeder-limits", "Rating of the feeder")
    assert "kW" in text_comes(sight, "#feeder-day-sentence", "mostly: ")
    assert sight.said == []


def test_add_two_megawatts_of_chargers_there_and_see_the_effect(look: Callable[..., Sight], demo: Served) -> None:
    runs = Runs(demo.settings.runs)
    latest = runs.latest()
    assert latest is not None
    feeder = runs.summary(latest.run_id).feeders[0]
    sight = look(f"/grid/feeder/{feeder.feeder}")
    sight.page.locator(".page-feeder a.button").click()
    sight.page.locator("#whatif-ask").wait_for(timeout=WAIT_MS)
    sight.settle()
    assert f"feeder={feeder.feeder}" in sight.page.url
    sight.page.locator("#whatif-ask").click()
    text_comes(sight, ANSWER, "Calculating")
    assert "job=" in sight.page.url
    sight.page.reload()  # the job outlives the page
    text_comes(sight, ANSWER, "Calculating")
    Worker(demo).answer_one()
    answer = text_comes(sight, ANSWER, "of its rating")
    before = f"{feeder.loading_plan * 100:.0f} %"
    assert f"feeder {feeder.feeder} goes from {before} to" in answer
    found = re.search(r"from (\d+) % to (\d+) %", answer)
    assert found
    assert int(found[2]) > int(found[1])
    assert feeder.feeder in text_comes(sight, "#whatif-totals", "Highest loading of")
    assert figure(sight, "map")
    assert sight.said == []


def test_a_shared_link_opens_the_same_state(look: Callable[..., Sight], demo: Served) -> None:
    sight = look("/grid")
    sight.page.get_by_text("Voltage", exact=True).first.click()
    thumb = sight.page.get_by_role("slider").first
    thumb.focus()
    for _ in range(6):
        thumb.press("ArrowRight")
    text_comes(sight, "#grid-step-text", "KST")
    sight.page.wait_for_url(re.compile(r"layer=voltage"))
    sight.page.wait_for_url(re.compile(r"step=5"))
    sight.settle()
    shown, drawn = sight.page.locator("#grid-step-text").inner_text(), figure(sight, "map")
    other = look(sight.page.url.removeprefix(demo.address))
    assert text_comes(other, "#grid-step-text", "KST") == shown
    assert other.page.url == sight.page.url
    assert other.answer == sight.answer
    assert figure(other, "map") == drawn
    checked = other.page.locator("input[type=radio]:checked").evaluate_all("all => all.map(e => e.value)")
    assert "voltage" in checked


def test_a_feeder_that_is_not_there_is_said_so(look: Callable[..., Sight]) -> None:
    sight = look("/grid/feeder/nowhere")
    assert "no feeder nowhere" in text_comes(sight, ".empty", "nowhere")
