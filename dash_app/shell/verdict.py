"""The verdict on what is shown: fine, degraded, overtaken by a failure, out of date, or nothing there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from dash_app.clock import SEOUL
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from data.ledger import RunRecord, RunState

DAY_STARTS_H = 4
"""Hour at which a planning day begins and ends."""


class Verdict(StrEnum):
    """What to think of the run on the page, the gravest first."""

    NONE = "none"
    STALE = "stale"
    FAILED = "failed"
    DEGRADED = "degraded"
    OK = "ok"

    @property
    def tone(self) -> Tone:
        """Whether it is as it should be."""
        return {Verdict.OK: Tone.CALM, Verdict.NONE: Tone.UNKNOWN}.get(self, Tone.ALERT)


@dataclass(frozen=True)
class Judgement:
    """A verdict and the message it rests on."""

    verdict: Verdict
    message: str = ""

    def why(self, words: Words) -> str:
        """Return the reason in one sentence."""
        return words(f"verdict.why_{self.verdict}", message=self.message)


def judge(run: RunRecord | None, latest: RunRecord | None, failure: RunRecord | None, now_utc: datetime) -> Judgement:
    """Judge a run.

    Parameters
    ----------
    run
        On the page.
    latest
        Newest published run; only when `run` is it can it be overtaken or out of date: an older run is looked at on
        purpose.
    failure
        Newest failed run after `run`, if any.
    now_utc
        Now.
    """
    if run is None:
        return Judgement(Verdict.NONE)
    newest = latest is not None and run.run_id == latest.run_id
    ended = datetime.combine(run.key.service_date + timedelta(days=1), datetime.min.time(), SEOUL)
    if newest and now_utc > (ended + timedelta(hours=DAY_STARTS_H)).astimezone(UTC):
        return Judgement(Verdict.STALE)
    if newest and failure is not None:
        return Judgement(Verdict.FAILED, failure.message)
    if run.state is RunState.DEGRADED:
        return Judgement(Verdict.DEGRADED, run.message)
    return Judgement(Verdict.OK, run.message)
