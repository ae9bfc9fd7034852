"""The frame: verdicts, ages, what the address leads to, and what the header says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from dash_app.clock import age, kst
from dash_app.page import Page, Pages
from dash_app.pages import PAGES
from dash_app.runs import MAX_VALUES, Runs, TooMuchError
from dash_app.shell.verdict import Verdict, judge
from dash_app.words import words_of
from data.ledger import RunKey, RunRecord, RunState
from tests.dash_app.served import PASSWORD, Served
from tests.dash_app.sight import Sight
from twin.report_numbers import Lang

NOW = datetime(2026, 11, 22, 20, 40, tzinfo=UTC)  # 05:40 of the 23rd in Seoul
RUN = RunRecord(
    "r", RunKey("nightly", "Seoul", date(2026, 11, 23), "0" * 64), RunState.PUBLISHED,
    NOW - timedelta(hours=3), NOW - timedelta(hours=2), "", "optimal", "1" * 64,
)  # fmt: skip


def test_times_are_of_korea() -> None:
    assert kst(NOW) == "2026-11-23 05:40"


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "just now"), (300, "5 min ago"), (3 * 3600 + 5, "3 h ago"), (50 * 3600, "2 days ago")]
)
def test_ages(seconds: int, text: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW, words_of(Lang.ENGLISH)) == text


def test_verdicts() -> None:
    older, newer = replace(RUN, run_id="older"), replace(RUN, run_id="newer")
    failure = replace(RUN, run_id="f", state=RunState.FAILED, message="no space")
    degraded = replace(RUN, state=RunState.DEGRADED, message="2 garages fell back")
    late = datetime(2026, 11, 23, 19, 1, tzinfo=UTC)  # the planning day ended at 04:00 of the 24th, one minute ago
    assert judge(RUN, RUN, None, NOW).verdict is Verdict.OK
    assert judge(None, None, None, NOW).verdict is Verdict.NONE
    assert judge(degraded, degraded, None, NOW).message == "2 garages fell back"
    assert judge(degraded, degraded, None, NOW).verdict is Verdict.DEGRADED
    assert judge(RUN, RUN, failure, NOW).verdict is Verdict.FAILED
    assert judge(RUN, RUN, failure, NOW).message == "no space"
    assert judge(RUN, RUN, failure, late).verdict is Verdict.STALE
    assert judge(RUN, RUN, None, late - timedelta(minutes=2)).verdict is Verdict.OK
    assert judge(older, newer, failure, late).verdict is Verdict.OK, "an older run is looked at on purpose"
    for verdict in Verdict:
        for lang in Lang:
            assert words_of(lang)(f"verdict.{verdict}")
            assert words_of(lang)(f"verdict.why_{verdict}", message="x")


def test_paths_of_pages() -> None:
    page = Page("x", "/grid/feeder/<feeder>", PAGES[0].role, PAGES[0].layout, in_navigation=False)
    assert page.match("/grid/feeder/90010-F001") == {"feeder": "90010-F001"}
    assert page.match("/grid/feeder/%EA%B0%95%EB%82%A8/") == {"feeder": "강남"}
    for path in (
        "/grid",
        "/grid/feeder",
        "/grid/feeder/a/b",
        "/grid/feeder/..",
        "/grid/feeder/%2e%2e",
        "/grid/feeder/",
    ):
        assert page.match(path) is None, path
    for name in ("a b", "강남", "F/1?x=1#y"):
        href = page.href("run=r", feeder=name)
        assert href.startswith("/grid/feeder/")
        assert "?run=r" in href
    assert page.match(page.href(feeder="a&b")) == {"feeder": "a&b"}
    with pytest.raises(ValueError, match="names of their own"):
        Pages((page, page))
    assert Pages((page,)).at("/nowhere") is None


def test_runs_hand_out_small_pieces_only(demo: Served) -> None:
    runs = Runs(demo.settings.runs)
    latest = runs.latest()
    assert latest is not None
    assert runs.summary(latest.run_id) is runs.summary(latest.run_id)
    assert runs.get("../web") is None
    for name in ("../../ledger.sqlite", "nosuch.json", "grid.zarr/zarr.json", "manifest.json"):
        with pytest.raises(KeyError):
            runs.file(latest.run_id, name)
    with pytest.raises(KeyError):
        runs.file("nosuch", "summary.json")
    part = runs.select(latest.run_id, "grid", ["losses_kw"])
    assert part["losses_kw"].shape[-1] == 96
    assert sum(v.size for v in part.data_vars.values()) < MAX_VALUES
    with pytest.raises(KeyError):
        runs.select("nosuch", "grid", ["losses_kw"])


def test_more_than_a_page_may_load_is_refused(demo: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(demo.settings.runs)
    latest = runs.latest()
    assert latest is not None
    monkeypatch.setattr("dash_app.runs.MAX_VALUES", 10)
    with pytest.raises(TooMuchError, match="more than a page may load"):
        runs.select(latest.run_id, "grid", ["losses_kw"])
    monkeypatch.setattr("dash_app.runs.MAX_FILE_BYTES", 10)
    with pytest.raises(TooMuchError, match="larger than"):
        runs.file(latest.run_id, "summary.json")


@pytest.mark.browser
def test_language_theme_and_run_are_chosen_in_the_header(look: Callable[..., Sight], demo: Served) -> None:
    sight = look("/schedule", lang="en")
    sight.page.get_by_role("button", name="Language: KO").click()
    sight.page.locator("html[lang=ko]").wait_for(state="attached")
    sight.settle()
    assert sight.page.title().startswith(words_of(Lang.KOREAN)("title.schedule"))
    sight.page.get_by_role("button", name=words_of(Lang.KOREAN)("shell.to_dark")).click()
    sight.page.locator("html[data-theme=dark]").wait_for(state="attached")
    sight.settle()
    older = Runs(demo.settings.runs).shown()[-1].run_id
    sight.page.locator("#run-picker").click()
    sight.page.get_by_role("option", name=older).click()
    sight.page.wait_for_url(lambda address: f"run={older}" in address)
    sight.settle()
    assert sight.page.locator("[data-shown-run]").get_attribute("data-shown-run") == older
    assert sight.said == []


@pytest.mark.browser
def test_a_copied_link_opens_the_same_state_on_the_same_run(look: Callable[..., Sight]) -> None:
    sight = look("/grid", lang="en")
    run = sight.page.locator("[data-shown-run]").get_attribute("data-shown-run")
    sight.page.get_by_role("button", name="Copy link").click()
    sight.page.locator("#announcer", has_text="Link copied").wait_for(state="attached")
    link = sight.page.evaluate("navigator.clipboard.readText()")
    assert f"run={run}" in link
    other = look("/" + link.split("/", 3)[3], lang="en")
    assert other.answer == sight.answer
    assert other.page.url == link


@pytest.mark.browser
def test_a_table_opens_and_an_export_takes_the_state_along(look: Callable[..., Sight]) -> None:
    sight = look("/schedule", lang="en")
    button = sight.page.get_by_role("button", name="Show as table").first
    button.click()
    sight.page.wait_for_selector(".grid-table .ag-row")
    assert button.get_attribute("aria-expanded") == "true"
    assert sight.grave_findings() == []
    button.click()
    sight.page.wait_for_selector(".grid-table", state="detached")
    with sight.page.expect_download() as download:
        sight.page.locator("a[data-export]:visible", has_text="CSV").first.click()
    run = sight.page.locator("[data-shown-run]").get_attribute("data-shown-run")
    assert run in download.value.suggested_filename
    assert run in download.value.path().read_text(encoding="utf-8-sig")
    with sight.page.expect_download() as picture:
        sight.page.get_by_role("button", name="Save as PNG").first.click()
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")
    assert sight.said == []


@pytest.mark.browser
def test_what_is_not_there_says_so(look: Callable[..., Sight]) -> None:
    for address in ("/nowhere", "/schedule/depot/no-such-garage"):
        sight = look(address, lang="en")
        assert "first page" in sight.page.inner_text("body")
        assert sight.foreign == []


@pytest.mark.browser
def test_a_user_logs_in_changes_the_page_and_logs_out(chromium: object, guarded: Served) -> None:
    context = chromium.new_context(locale="en")  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(f"{guarded.address}/schedule?sort=x")
    assert page.url.startswith(f"{guarded.address}/login")
    page.get_by_label("Name").fill("the-viewer")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer-sentence")
    assert page.url == f"{guarded.address}/schedule?sort=x"
    assert "the-viewer" in page.inner_text(".header")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_selector("form[action='/login']")
    page.goto(f"{guarded.address}/schedule")
    assert "/login" in page.url
    context.close()
