"""The pages of a planned depot: charts with the certificate, and why the plan is as it is. Each stands alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from twin.depot_gantt import bus_chart, charger_chart, legend_of_bars, power_chart
from twin.depot_planning import PlannedDepot, certificate_lines
from twin.depot_tables import clock
from twin.depot_why import DepotReasons, binding_sentences, extension_sentence, wait_sentences, waiting_h
from twin.depot_wishes import goal_in_words, goal_name, parts_in_words, price_in_words
from twin.ocpp_profiles import fed_back_lines
from twin.report_html import Html, element, join

CHARGING = ("#dbe9f6", "#9ecae1", "#4f9fce", "#2171b5", "#08306b")

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Noto Sans KR", sans-serif; margin: 2rem auto; max-width: 1160px; padding: 0 1rem;
  color: #1c2430; background: #fff; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .4rem; }
p, li { max-width: 60rem; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top; }
th { font-weight: 500; color: #566270; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
svg text { font-size: 11px; fill: #3d4854; } svg text.inside { fill: #000; paint-order: stroke; stroke: #fff;
  stroke-width: 3px; }
.rule { stroke: #e3e7ec; } .duty { fill: #c8ccd2; } .wait { fill: #f4e6c3; } .feed { fill: #c2571a; }
.curve { fill: none; stroke-width: 1.6; } .grid { stroke: #10151c; } .buses { stroke: #2171b5; }
.base { stroke: #8a94a0; }
.pv { stroke: #c99400; } .sunk { stroke: #7a3e9d; stroke-dasharray: 5 4; } .limit { stroke: #b3261e; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .85rem; }
.key { display: inline-block; width: 1.4em; height: .8em; margin-right: .4em; }
.key.parked { border: 1px solid #c8ccd2; box-sizing: border-box; }
.key.duty { background: #c8ccd2; } .key.wait { background: #f4e6c3; } .key.feed { background: #c2571a; }
.line-grid { background: #10151c; } .line-buses { background: #2171b5; } .line-base { background: #8a94a0; }
.line-pv { background: #c99400; } .line-sunk { background: #7a3e9d; } .line-limit { background: #b3261e; }
""" + "".join(f".c{n} {{ fill: {c}; }} .key.c{n} {{ background: {c}; }}\n" for n, c in enumerate(CHARGING))


def plan_page(planned: PlannedDepot) -> str:
    """Return the page of charts and certificate."""
    name = planned.case.folder.name
    return _page(
        f"{name}: charging plan",
        _head(planned, "Charging plan"),
        element("h2", "Certificate"),
        _certificate(planned),
        element("h2", "Power of the site"),
        power_chart(planned),
        element("h2", "Buses"),
        bus_chart(planned),
        legend_of_bars(),
        element("h2", "Outlets"),
        charger_chart(planned),
        element("h2", "Cost"),
        _cost(planned),
        *_protection(planned),
        *_goals(planned),
        *_not_in_ocpp(planned),
    )


def why_page(planned: PlannedDepot, reasons: DepotReasons) -> str:
    """Return the page of reasons."""
    problem = planned.case.problem
    hours = [(reason.value, f"{h:,.1f} h") for reason, h in waiting_h(problem, reasons.waits).items() if h > 0]
    return _page(
        f"{planned.case.folder.name}: why this plan",
        _head(planned, "Why this plan"),
        element("h2", "What binds"),
        _list(binding_sentences(problem, reasons.bindings), "Nothing binds: the plan has room everywhere."),
        element("h2", "What more would be worth"),
        element("p", "Each figure is the cost of this day planned anew with the extension, against the plan at hand."),
        _list([extension_sentence(extension) for extension in reasons.extensions], "Nothing was tried."),
        element("h2", "What the buses wait for, all together"),
        _table(hours, amounts=True),
        element("h2", "What each bus waits for"),
        _list(wait_sentences(problem, reasons.waits), "Every bus charges from its arrival on."),
        element("h2", "Certificate of the plan"),
        _certificate(planned),
    )


def _head(planned: PlannedDepot, title: str) -> Html:
    case = planned.case
    first, last = (clock(case, edge)[:16].replace("T", " ") for edge in (0, case.problem.step_count))
    span = f"{first} to {last}, {case.folder.settings.zone.key}"
    return join([element("h1", f"{case.folder.name}: {title}"), element("p", span)])


def _certificate(planned: PlannedDepot) -> Html:
    rows = [(line[:14].strip(), line[14:]) for line in certificate_lines(planned)]
    rows += [("broken rule", what) for what in planned.violations]
    return _table(rows)


def _cost(planned: PlannedDepot) -> Html:
    cost = planned.plan.cost
    rows = [
        (term.name.removesuffix("_krw").replace("_", " "), f"{getattr(cost, term.name):,.0f} KRW")
        for term in fields(cost)
        if abs(getattr(cost, term.name)) >= 0.5
    ]
    rows.append(("total", f"{cost.total_krw:,.0f} KRW"))
    rows += [(f"plain rule: {name}", f"{krw:,.0f} KRW") for name, krw in planned.baselines_krw.items()]
    return _table(rows, amounts=True)


def _protection(planned: PlannedDepot) -> list[Html]:
    """Return what each protection costs; nothing when none was asked for."""
    if not planned.protections:
        return []
    step_min = planned.case.folder.settings.step_min
    rows = [(parts_in_words(part.protection, step_min), price_in_words(part)) for part in planned.protections]
    said = "Each is the cost of a plan that survives it, above that of the cheapest plan; the last line is this plan."
    return [element("h2", "What protection costs"), element("p", said), _table(rows)]


def _goals(planned: PlannedDepot) -> list[Html]:
    """Return what was reached for the goals besides the cost; nothing when none was asked for."""
    if not planned.goals:
        return []
    rows = [(goal_name(goal), goal_in_words(goal)) for goal in planned.goals]
    said = "In order of importance, each as far as it goes without giving up what stands above it."
    return [element("h2", "Goals besides the cost"), element("p", said), _table(rows)]


def _not_in_ocpp(planned: PlannedDepot) -> list[Html]:
    """Return what charging profiles cannot say; nothing when they say everything."""
    lines = fed_back_lines(planned)
    return [element("h2", "What the charging profiles leave out"), _list(lines, "")] if lines else []


def _table(rows: Sequence[tuple[str, str]], *, amounts: bool = False) -> Html:
    kind = {"class_": "number"} if amounts else {}
    return element("table", *(element("tr", element("th", name), element("td", value, **kind)) for name, value in rows))


def _list(sentences: Sequence[str], otherwise: str) -> Html:
    if not sentences:
        return element("p", otherwise)
    return element("ul", *(element("li", sentence) for sentence in sentences))


def _page(title: str, *body: Html) -> str:
    head = join(
        [
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", title),
            element("style", Html(STYLE)),
        ]
    )
    page = element("html", element("head", head), element("body", *body), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"
