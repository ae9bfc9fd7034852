"""The report of a planned scenario: one HTML page that stands alone."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from optimizers.frontier import Frontier
from optimizers.shared_limits_master import supplied_kw
from twin.report import CONTENT_POLICY
from twin.report_html import Html, element, join
from twin.report_numbers import Lang, power
from twin.report_style import STYLE_SHEET
from twin.report_svg import DRAWING, PAGE_COLOURS, inline_svg, token
from twin.schedule_answers import schedule_sentences
from twin.schedule_scenario import PlannedScenario
from twin.schedule_words import binding_sentences, place_sentences, say, shortfall_sentences


def schedule_page(planned: PlannedScenario, lang: str, frontier: Frontier | None = None, unit: str = "") -> str:
    """Return the report; the same plan gives the same bytes.

    Parameters
    ----------
    planned
        The plan and its reasons.
    lang
        "ko" or "en".
    frontier, unit
        A trade-off to be drawn, and what its quantity is: "MW" of peak or "t" of emissions.
    """
    tongue = Lang(lang)
    day = planned.day
    title = (
        f"{day.city.folder.settings.name} · {day.planning.service_date.isoformat()} · {', '.join(planned.aims.words())}"
    )
    why = planned.why
    lists = {
        "shortfalls": shortfall_sentences(why, lang),
        "bindings": binding_sentences(why, lang),
        "places": place_sentences(why, lang),
    }
    sections = [element("section", _load_figure(planned, tongue))]
    if frontier is not None:
        sections.append(element("section", frontier_figure(frontier, unit, tongue)))
    sections += [
        element("section", element("h2", say(tongue, f"section.{name}")), _list(sentences))
        for name, sentences in lists.items()
        if sentences
    ]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Html(STYLE_SHEET)),
    )
    answers = element("section", *(element("p", line) for line in schedule_sentences(planned, lang)))
    body = element("body", element("header", element("h1", title)), element("main", answers, *sections))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang=tongue.value)}\n"


def _list(sentences: Sequence[str]) -> Html:
    return element("ul", join(element("li", line) for line in sentences))


def _load_figure(planned: PlannedScenario, lang: Lang) -> Html:
    """Draw what is supplied beside the load that nobody plans."""
    found = planned.found
    base = found.problem.base_kw.sum(axis=1) / 1e3
    supplied = supplied_kw(found.plan.flow) / 1e3
    edges = np.arange(len(base) + 1) * found.problem.step_h
    with matplotlib.rc_context(DRAWING):
        figure = Figure(figsize=(760 / 72, 240 / 72))
        axes = figure.subplots()
        axes.stairs(base, edges, color=PAGE_COLOURS["before"], linewidth=1.3, ls=(0, (4, 2)))
        axes.stairs(supplied, edges, color=PAGE_COLOURS["plan"], linewidth=1.8)
        labels = planned.day.planning.labels
        ticks = np.arange(0, len(base), max(len(base) // 8, 1))
        axes.set_xticks(ticks * found.problem.step_h, [labels[k] for k in ticks])
        axes.set_ylabel(token("axis"), color=PAGE_COLOURS["muted"])
        axes.set_ylim(min(0.0, base.min(), supplied.min()), max(base.max(), supplied.max()) * 1.06)
    caption = say(lang, "figure.load", peak=power(found.peak_kw))
    drawing = inline_svg(figure, "schedule-load", caption, {"axis": "MW"}, "chart")
    return element("figure", drawing, element("figcaption", caption))


def frontier_figure(frontier: Frontier, unit: str, lang: Lang) -> Html:
    """Draw plans, the chords that mixtures of them reach, and the proved bound below.

    Quantities are told in MW or t: thousandths of the frontier's kW or kg.
    """
    x = np.array([point.quantity for point in frontier.points]) / 1e3
    cost = np.array([point.cost_krw for point in frontier.points]) / 1e6
    fine = np.linspace(x[0], x[-1], 80)
    bound = np.array([frontier.cost_at_least_krw(value * 1e3) for value in fine]) / 1e6
    with matplotlib.rc_context(DRAWING):
        figure = Figure(figsize=(560 / 72, 260 / 72))
        axes = figure.subplots()
        axes.plot(fine, bound, color=PAGE_COLOURS["before"], linewidth=1.0, ls=(0, (4, 2)))
        axes.plot(x, cost, color=PAGE_COLOURS["plan"], linewidth=1.6, marker="o", markersize=4)
        axes.set_xlabel(token("quantity"), color=PAGE_COLOURS["muted"])
        axes.set_ylabel(token("cost"), color=PAGE_COLOURS["muted"])
    caption = say(lang, f"frontier.{unit.lower()}", points=str(len(x)))
    words = {"quantity": unit, "cost": say(lang, "frontier.cost")}
    drawing = inline_svg(figure, "schedule-frontier", caption, words, "chart")
    return element("figure", drawing, element("figcaption", caption))
