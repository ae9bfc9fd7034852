"""Badges of plans: how a plan came to be, how near it is to the best, and what it costs against charging on arrival."""

from __future__ import annotations

import math

from dash.development.base_component import Component

from dash_app.view import View
from dash_app.widgets.text import badge
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from optimizers.plan import PlanStatus
from twin.depot_record import DepotRecord
from twin.report_answers import charging_cost_krw
from twin.report_numbers import Lang, money, percent, plain, power
from twin.schedule_pages import ChargingOverview
from twin.summary_types import Summary

NEAR_KW = 0.5
SAME = 5e-4

GOOD = {PlanStatus.OPTIMAL.value, PlanStatus.FEASIBLE.value}


def status_tone(status: str) -> Tone:
    """Return how unusual a status is: anything but a plan that keeps every rule."""
    return Tone.CALM if status in GOOD else Tone.ALERT


def gap_words(gap: float, words: Words) -> str:
    """Return a gap, or that there is no bound to measure it by."""
    return percent(gap, words.lang, 2) if math.isfinite(gap) else words("badge.no_bound")


def saved_words(before_krw: float, after_krw: float, words: Words) -> str:
    """Say what a plan costs, and its difference to charging on arrival."""
    difference = after_krw - before_krw
    if abs(difference) <= SAME * abs(before_krw):
        return words("badge.cost_same", cost=money(after_krw, words.lang))
    share = percent(abs(difference) / abs(before_krw), words.lang) if before_krw else "–"
    key = "badge.cost_less" if difference <= 0 else "badge.cost_more"
    return words(key, cost=money(after_krw, words.lang), difference=money(abs(difference), words.lang), share=share)


def schedule_badges(summary: Summary, charging: ChargingOverview | None, view: View) -> list[Component]:
    """Return the badges of a city's plan: status, gap, peak against capacity, cost, departures at risk."""
    words, certificate = view.words, summary.certificate
    before, after = charging_cost_krw(summary)
    peak, capacity = max(summary.curves.supplied_plan_mw) * 1e3, summary.curves.capacity_mw * 1e3
    share = peak / capacity if capacity else 0.0
    found = [
        badge(words("badge.status"), words(f"plan_status.{certificate.status}"), status_tone(certificate.status)),
        badge(words("badge.gap"), gap_words(certificate.gap, words)),
        badge(
            words("badge.peak"),
            words("badge.peak_of", peak=power(peak), limit=power(capacity), share=percent(share, words.lang, 0)),
            Tone.ALERT if share > 1 else Tone.CALM,
        ),
        badge(words("badge.cost"), saved_words(before, after, words)),
    ]
    if charging is not None:
        short, tight = (sum(getattr(g, name) for g in charging.garages) for name in ("short", "tight"))
        short += sum(cohort.short for cohort in charging.cohorts)
        found.append(badge(words("badge.short"), plain(short), Tone.ALERT if short else Tone.CALM))
        found.append(badge(words("badge.tight"), plain(tight)))
    return found


def depot_badges(record: DepotRecord, view: View) -> list[Component]:
    """Return the badges of a garage's plan."""
    words, plan = view.words, record.plan
    status = "fallback" if record.fallback else plan.status.value
    peak, limit = float(plan.grid_kw.max()), float(record.problem.site.import_limit_kw.max())
    return [
        badge(words("badge.status"), words(f"plan_status.{status}"), status_tone(status)),
        badge(words("badge.gap"), gap_words(plan.gap, words)),
        badge(
            words("badge.peak"),
            words("badge.peak_of", peak=power(peak), limit=power(limit), share=percent(peak / limit, words.lang, 0)),
            Tone.ALERT if peak > limit + NEAR_KW else Tone.CALM,
        ),
        badge(words("badge.cost"), saved_words(record.on_arrival_krw, plan.objective_krw, words)),
    ]


def name_of_lang(local: str, english: str, lang: Lang) -> str:
    """Return the name in the language of the page."""
    return local if lang is Lang.KOREAN else english
