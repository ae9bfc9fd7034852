"""The report of a run: one HTML page that stands alone, asks nothing of the network and runs no script."""

from __future__ import annotations

from collections.abc import Mapping

from shapely.geometry.base import BaseGeometry

from optimizers.plan import PlanStatus
from twin.report_answers import MISSING_KWH, SYNTHETIC, answer_sentences, fallback_depots, missing_kwh, within_limits
from twin.report_costs import carbon_tables, cost_table, depot_tables
from twin.report_figures import charging_figure, demand_figure, load_figure
from twin.report_html import Html, element, join
from twin.report_map import map_figure
from twin.report_numbers import Lang, day
from twin.report_record import assumption_table, certificate_table, conventions, folded_records, run_table
from twin.report_style import STYLE_SHEET
from twin.report_table import folded
from twin.report_tables import district_table, feeder_table, hour_table, limit_table
from twin.report_text import Words
from twin.report_why import why_section
from twin.summary_types import Summary

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load for the page: nothing but what is inside it."""

SETTLED = frozenset({PlanStatus.OPTIMAL, PlanStatus.FEASIBLE})
"""States of a plan that keeps every rule of the problem as it was stated."""


def render_report(summary: Summary, boundaries: Mapping[str, BaseGeometry], lang: str) -> str:
    """Return the report of a run as one HTML page; the same summary gives the same bytes.

    Parameters
    ----------
    summary
        What the run says in brief.
    boundaries
        Outline of each district of the city (degrees, WGS 84) by code; those that are not in the summary are hatched.
    lang
        "ko" or "en".

    Raises
    ------
    ValueError
        When the language is unknown, or a status of the summary is.
    """
    words = Words(Lang(lang))
    title = words("title", date=day(summary.run.service_date, words.lang), place=words.place(summary))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Html(STYLE_SHEET)),
    )
    body = element(
        "body",
        _header(title, summary, words),
        element("main", _answers(summary, words), *_sections(summary, boundaries, words)),
        _footer(summary, words),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang=words.lang.value)}\n"


def _footer(summary: Summary, words: Words) -> Html:
    run = summary.run
    made = run.made_utc.replace("T", " ").removesuffix("+00:00")
    return element(
        "footer",
        *([element("div", run.credits)] if run.credits else []),
        f"{words('product')} · {run.run_id} · {made} UTC",
    )


def _header(title: str, summary: Summary, words: Words) -> Html:
    run, status = summary.run, PlanStatus(summary.certificate.status)
    badges = (
        ("badge.status", words(f"status.{status.value}"), status not in SETTLED),
        ("badge.weather", words.label("weather", run.weather_kind), run.weather_kind == SYNTHETIC),
        ("badge.scenario", run.scenario, False),
        ("badge.run", run.run_id, False),
    )
    listed = (
        element("li", element("b", words(key)), f"▲ {text}" if unusual else text, class_="unusual" if unusual else None)
        for key, text, unusual in badges
    )
    product = element("p", words("product"), class_="product")
    return element("header", product, element("h1", title), element("ul", join(listed), class_="badges"))


def _answers(summary: Summary, words: Words) -> Html:
    checked = summary.certificate
    charged = missing_kwh(summary) < MISSING_KWH and checked.replay_ok and not fallback_depots(summary)
    fine = (within_limits(summary), charged and PlanStatus(checked.status) in SETTLED, True)
    headings = ("heading.grid", "heading.charging", "heading.trust")
    parts = (
        element(
            "li",
            element("h2", words(heading) if well else f"▲ {words(heading)}"),
            element("p", sentence),
            class_=None if well else "unusual",
        )
        for heading, sentence, well in zip(headings, answer_sentences(summary, words.lang), fine, strict=True)
    )
    return element("ol", join(parts), class_="answers", aria_label=words("section.answers"))


def _sections(summary: Summary, boundaries: Mapping[str, BaseGeometry], words: Words) -> tuple[Html, ...]:
    values = folded(words("figure.values"), hour_table(summary, words))
    figures = (load_figure(summary, words), charging_figure(summary, words), demand_figure(summary, words), values)
    contents = {
        "map": (map_figure(summary, boundaries, words), district_table(summary, words)),
        "load": figures,
        "feeders": (feeder_table(summary, words),),
        "depots": (depot_tables(summary, words),),
        "limits": (limit_table(summary, words),),
        **why_section(summary, words),
        "money": (cost_table(summary, words), carbon_tables(summary, words)),
        "certificate": (certificate_table(summary, words),),
        "inputs": (
            run_table(summary, words),
            conventions(summary, words),
            assumption_table(summary, words),
            folded_records(summary, words),
        ),
    }
    return tuple(
        element("section", element("h2", words(f"section.{name}"), id=name), *parts, aria_labelledby=name)
        for name, parts in contents.items()
    )
