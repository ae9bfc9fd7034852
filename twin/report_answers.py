"""The three sentences a report opens with: is the grid within limits, does everything leave charged, what to trust."""

from __future__ import annotations

from collections.abc import Sequence

from optimizers.plan import PlanStatus
from twin.grid_check import LOADING_TOLERANCE, VOLTAGE_TOLERANCE_PU
from twin.kpi_violations import ViolationKind
from twin.report_numbers import KRW_PER_MKRW, Lang, day, energy, known, mass, minutes, money, percent, plain, power
from twin.report_text import Words
from twin.summary_types import DepotFacts, DistrictFacts, FeederFacts, Summary

SYNTHETIC = "synthetic"
"""Weather kind of a made-up year."""

MISSING_KWH = 1.0
"""Energy below which nothing is said to be missing: rounding over a million sessions."""

SAME_COST = 5e-4
"""Relative difference below which two costs are called the same: the figures shown have three digits."""


def answer_sentences(summary: Summary, lang: str) -> tuple[str, str, str]:
    """Answer what a reader asks first, one sentence each (a Korean answer may be several short ones).

    Parameters
    ----------
    summary
        What the run says in brief.
    lang
        "ko" or "en".

    Returns
    -------
    tuple of str
        Whether the grid stays within its limits and what is worst; whether everything leaves charged, at which cost and
        peak, and what of it is proved; energy and carbon, and what the answer rests on.

    Raises
    ------
    ValueError
        When the language is unknown, or a status of the summary is.
    """
    words = Words(Lang(lang))
    return _grid_answer(summary, words), _charging_answer(summary, words), _trust_answer(summary, words)


def within_limits(summary: Summary) -> bool:
    """Whether the power flow solved every step and found nothing outside its limits."""
    checked = summary.certificate
    return checked.converged_steps == checked.steps and not (_loading_broken(summary) or _voltage_broken(summary))


def fallback_depots(summary: Summary) -> tuple[DepotFacts, ...]:
    """Garages without an optimised plan of their own."""
    return tuple(depot for depot in summary.depots if without_plan(depot))


def without_plan(depot: DepotFacts) -> bool:
    """Whether a garage follows something else than an optimised plan that keeps every rule."""
    return bool(depot.reason) or PlanStatus(depot.status) not in {PlanStatus.OPTIMAL, PlanStatus.FEASIBLE}


def broken_minutes(districts: Sequence[DistrictFacts], *, plan: bool) -> float:
    """Minutes outside limits, summed over kinds and districts."""
    return sum(
        sum((district.violation_minutes_plan if plan else district.violation_minutes_unmanaged).values())
        for district in districts
    )


def charging_cost_krw(summary: Summary) -> tuple[float, float]:
    """Cost of charging when everything plugs in on arrival, and with the plan."""
    before = sum(district.charging_cost_unmanaged_mkrw for district in summary.districts)
    after = sum(district.charging_cost_plan_mkrw for district in summary.districts)
    return before * KRW_PER_MKRW, after * KRW_PER_MKRW


def missing_kwh(summary: Summary) -> float:
    """Charging energy that is missing at departure."""
    return max(summary.certificate.shortfall_kwh, sum(district.unserved_kwh for district in summary.districts))


def used_mwh(summary: Summary) -> float:
    """Electricity used over the day: customers, vehicles and buses."""
    return sum(d.demand_mwh + d.vehicles_mwh + d.buses_mwh for d in summary.districts)


def _loading_broken(summary: Summary) -> bool:
    return summary.certificate.max_loading_violation > LOADING_TOLERANCE


def _voltage_broken(summary: Summary) -> bool:
    return summary.certificate.max_voltage_violation_pu > VOLTAGE_TOLERANCE_PU


def _worst_feeder(summary: Summary) -> FeederFacts | None:
    return max(summary.feeders, key=lambda feeder: feeder.loading_plan, default=None)


def _district_name(summary: Summary, code: str, words: Words) -> str:
    return next((words.name(district) for district in summary.districts if district.code == code), code)


def _grid_answer(summary: Summary, words: Words) -> str:
    checked, lang = summary.certificate, words.lang
    where = {"date": day(summary.run.service_date, lang), "place": words.place(summary)}
    before = broken_minutes(summary.districts, plan=False)
    if checked.converged_steps != checked.steps:
        failed = checked.steps - checked.converged_steps
        return words("answer.unsolved", **where, failed=failed, steps=checked.steps)
    if within_limits(summary):
        avoided = words("answer.before", minutes=minutes(before, lang)) if before > 0 else ""
        low, high = _voltage_range(summary)
        voltage = words("answer.voltage", low=low, high=high)
        return words("answer.within", **where, worst=_highest_loading(summary, words), voltage=voltage, before=avoided)
    after = broken_minutes(summary.districts, plan=True)
    spent = {"minutes": minutes(after, lang), "minutes_before": minutes(before, lang)}
    lasting = words("answer.lasting", **spent) if after > 0 else ""
    return words("answer.outside", **where, findings=_findings(summary, words), lasting=lasting)


def _highest_loading(summary: Summary, words: Words) -> str:
    feeder = _worst_feeder(summary)
    if feeder is None:
        return ""
    return words(
        "answer.within_worst",
        **_place_of(feeder, summary, words),
        headroom=power(feeder.headroom_kw),
    )


def _place_of(feeder: FeederFacts, summary: Summary, words: Words) -> dict[str, str]:
    return {
        "feeder": feeder.feeder,
        "district": _district_name(summary, feeder.district, words),
        "substation": feeder.substation,
        "loading": percent(feeder.loading_plan, words.lang, 0),
        "clock": words.clock(feeder.clock, summary.run),
    }


def _findings(summary: Summary, words: Words) -> str:
    found, lang, feeder = [], words.lang, _worst_feeder(summary)
    if _loading_broken(summary):
        if feeder is not None and feeder.loading_plan > 1.0 + LOADING_TOLERANCE:
            share = percent(feeder.loading_plan - 1.0, lang)
            excess_kw = feeder.head_kw - feeder.rating_kw
            excess = f"{share} ({power(excess_kw)})" if excess_kw > 0 else share
            lasting = minutes(feeder.minutes_over, lang)
            found.append(
                words("answer.feeder_over", **_place_of(feeder, summary, words), excess=excess, minutes=lasting)
            )
        if feeder is None or summary.certificate.max_loading_violation > feeder.loading_plan - 1.0 + LOADING_TOLERANCE:
            excess = percent(summary.certificate.max_loading_violation, lang)
            found.append(words("answer.branch_over", excess=excess))
    if _voltage_broken(summary):
        low, high = _voltage_range(summary)
        excess = plain(summary.certificate.max_voltage_violation_pu, 4)
        district = words.name(_worst_voltage(summary))
        found.append(words("answer.voltage_out", excess=excess, low=low, high=high, district=district))
    return (", " if lang is Lang.KOREAN else "; ").join(found)


def _worst_voltage(summary: Summary) -> DistrictFacts:
    """Return the district with the lowest voltage, or with the highest when more time is spent above the limits."""
    spent = {
        kind: sum(d.violation_minutes_plan.get(kind.value, 0.0) for d in summary.districts)
        for kind in (ViolationKind.UNDERVOLTAGE, ViolationKind.OVERVOLTAGE)
    }
    if spent[ViolationKind.OVERVOLTAGE] > spent[ViolationKind.UNDERVOLTAGE]:
        return max(summary.districts, key=lambda d: d.highest_voltage_pu)
    return min(summary.districts, key=lambda d: d.lowest_voltage_pu)


def _voltage_range(summary: Summary) -> tuple[str, str]:
    low = min(district.lowest_voltage_pu for district in summary.districts)
    high = max(district.highest_voltage_pu for district in summary.districts)
    return plain(low, 3), plain(high, 3)


def _charging_answer(summary: Summary, words: Words) -> str:
    return _charged(summary, words) + _cost(summary, words) + _peak(summary, words) + _proof(summary, words) + "."


def _charged(summary: Summary, words: Words) -> str:
    missing, unplanned = missing_kwh(summary), fallback_depots(summary)
    planned = [depot for depot in summary.depots if not without_plan(depot)]
    if missing >= MISSING_KWH:
        text = words("answer.short", energy=energy(missing / 1e3))
    elif not summary.certificate.replay_ok:
        text = words("answer.replay_broken", count=len(summary.certificate.replay_violations))
    elif not summary.depots:
        text = words("answer.charged_vehicles")
    elif not planned:
        text = words("answer.charged_others")
    else:
        key = "answer.charged_partly" if unplanned else "answer.charged"
        text = words(key, buses=_buses(planned), depots=len(planned))
    if not unplanned:
        return text
    count, depots = len(unplanned), len(summary.depots)
    return text + words("answer.fallbacks", count=count, depots=depots, buses=_buses(unplanned))


def _buses(depots: Sequence[DepotFacts]) -> str:
    return plain(sum(depot.buses for depot in depots))


def _cost(summary: Summary, words: Words) -> str:
    before, after = charging_cost_krw(summary)
    saved = before - after
    share = abs(saved) / abs(before) if before else 0.0
    key = "answer.cost_same" if share < SAME_COST else "answer.cost_less" if saved > 0 else "answer.cost_more"
    return words(
        key,
        plan=money(after, words.lang),
        before=money(before, words.lang),
        saved=money(abs(saved), words.lang),
        share=percent(share, words.lang),
    )


def _peak(summary: Summary, words: Words) -> str:
    before, after = max(summary.curves.supplied_unmanaged_mw), max(summary.curves.supplied_plan_mw)
    return words("answer.peak", before=power(before * 1e3), plan=power(after * 1e3))


def _proof(summary: Summary, words: Words) -> str:
    status, gap = PlanStatus(summary.certificate.status), summary.certificate.gap
    if status in {PlanStatus.INFEASIBLE, PlanStatus.FAILED}:
        return words("answer.no_plan", status=words(f"status.{status.value}"))
    proved = words("answer.proved", gap=percent(gap, words.lang, 2)) if known(gap) else words("answer.unproved")
    bent = {PlanStatus.RELAXED: "answer.relaxed", PlanStatus.FALLBACK: "answer.fallback"}
    return proved + (words(bent[status]) if status in bent else "")


def _trust_answer(summary: Summary, words: Words) -> str:
    run = summary.run
    assumed = sum(run.assumed_rows.values())
    synthetic = run.weather_kind == SYNTHETIC
    weather = "answer.weather_synthetic" if synthetic else "answer.weather_other"
    return words(
        "answer.carbon",
        energy=energy(used_mwh(summary)),
        co2=mass(sum(district.co2_t for district in summary.districts) * 1e3),
        avoided=_avoided(summary, words),
        weather=words(weather, kind=words.label("weather", run.weather_kind)),
        assumed=words("answer.assumed", assumed=plain(assumed), rows=plain(assumed + sum(run.stated_rows.values()))),
        status=words(f"status.{PlanStatus(summary.certificate.status).value}"),
    )


def _avoided(summary: Summary, words: Words) -> str:
    if not any(district.bus_km > 0 for district in summary.districts):
        return ""
    co2 = sum(district.avoided_cng_co2_kg for district in summary.districts)
    nox = sum(district.avoided_cng_nox_kg for district in summary.districts)
    return words("answer.avoided" if co2 >= 0 else "answer.not_avoided", co2=mass(abs(co2)), nox=mass(nox))
