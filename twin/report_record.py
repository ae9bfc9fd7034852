"""What a report rests on: certificate, run, inputs, assumptions and conventions."""

from __future__ import annotations

from optimizers.plan import PlanStatus
from twin.grid_check import LOADING_TOLERANCE, VOLTAGE_TOLERANCE_PU
from twin.report_answers import SYNTHETIC
from twin.report_costs import gap_text
from twin.report_html import Html, element, join
from twin.report_numbers import day, known, money, percent, plain, zone
from twin.report_table import Column, Kind, abnormal, facts, folded, table
from twin.report_text import Words
from twin.summary_types import Summary


def certificate_table(summary: Summary, words: Words) -> Html:
    """Return the certificate of the plan, with every rule that the replay found broken."""
    checked, lang = summary.certificate, words.lang
    status = PlanStatus(checked.status)
    unusual = status not in {PlanStatus.OPTIMAL, PlanStatus.FEASIBLE}
    bound = money(checked.lower_bound_krw, lang) if known(checked.lower_bound_krw) else words("value.unproved")
    voltage_bad = checked.max_voltage_violation_pu > VOLTAGE_TOLERANCE_PU
    loading_bad = checked.max_loading_violation > LOADING_TOLERANCE
    steps = f"{checked.converged_steps} / {checked.steps}"
    replay_key = "replay.ok" if checked.replay_ok else "replay.bad"
    rows: list[tuple[str, str]] = [
        (words("column.status"), abnormal(words(f"status.{status.value}"), when=unusual)),
        (words("certificate.objective"), money(checked.objective_krw, lang)),
        (words("certificate.bound"), bound),
        (words("column.gap"), gap_text(checked.gap, words)),
        (words("certificate.bound_for"), words.foreign(checked.bound_for)),
        (
            words("certificate.voltage"),
            abnormal(f"{plain(checked.max_voltage_violation_pu, 4)} pu", when=voltage_bad),
        ),
        (words("certificate.loading"), abnormal(percent(checked.max_loading_violation, lang, 2), when=loading_bad)),
        (words("certificate.residual"), f"{checked.max_power_residual_kva:.2g} kVA"),
        (words("certificate.steps"), abnormal(steps, when=checked.converged_steps != checked.steps)),
        (
            words("certificate.replay"),
            abnormal(words(replay_key, count=len(checked.replay_violations)), when=not checked.replay_ok),
        ),
        (words("certificate.input"), element("code", checked.input_sha256)),
        (words("certificate.code"), element("code", checked.code_version)),
        (words("certificate.solver"), checked.solver_version),
        (words("certificate.seed"), str(checked.seed)),
        (words("certificate.wall"), f"{plain(checked.wall_s, 1)} s"),
    ]
    violations = [element("li", words.foreign(text)) for text in checked.replay_violations]
    listed = element("ul", *violations) if violations else Html("")
    return join([facts(words("table.certificate"), rows), listed])


def run_table(summary: Summary, words: Words) -> Html:
    """Return which run it is and what it was made from."""
    run, lang = summary.run, words.lang
    low, mean, high = run.temperature_c
    scenario = join([run.scenario, ": ", words.foreign(run.scenario_meaning)])
    kind = abnormal(words.label("weather", run.weather_kind), when=run.weather_kind == SYNTHETIC)
    temperature = " / ".join(f"{plain(value, 1)} °C" for value in (low, mean, high))
    rows: list[tuple[str, str]] = [
        (words("badge.run"), element("code", run.run_id)),
        (words("run.date"), day(run.service_date, lang)),
        (words("run.extent"), words("value.whole_city") if run.district is None else words.place(summary)),
        (words("run.scenario"), scenario),
        (words("run.weather"), join([kind, " · ", words.foreign(run.weather)])),
        *((words("run.weather_notes"), words.foreign(note)) for note in run.weather_notes),
        (words("run.temperature"), temperature),
        (words("run.made"), run.made_utc),
    ]
    return facts(words("table.run"), rows)


def conventions(summary: Summary, words: Words) -> Html:
    """Return how signs, times and energies are to be read."""
    run = summary.run
    hours = plain(len(run.clock) * run.step_h)
    return element("p", words("conventions", zone=zone(run.timezone), first=run.clock[0], hours=hours))


def assumption_table(summary: Summary, words: Words) -> Html:
    """Return how many rows of each table are assumptions, those with most of them first."""
    run = summary.run
    names = sorted({*run.assumed_rows, *run.stated_rows}, key=lambda name: (-run.assumed_rows.get(name, 0), name))
    columns = [
        Column(words("column.table"), Kind.NAMES),
        Column(words("column.assumed")),
        Column(words("column.stated")),
    ]
    rows = [
        [element("code", name), plain(run.assumed_rows.get(name, 0)), plain(run.stated_rows.get(name, 0))]
        for name in names
    ]
    assumed, stated = plain(sum(run.assumed_rows.values())), plain(sum(run.stated_rows.values()))
    return table(words("table.assumptions"), columns, rows, [words("row.total"), assumed, stated])


def folded_records(summary: Summary, words: Words) -> Html:
    """Return fingerprints of the inputs, further totals and times of computation, each behind its title."""
    inputs = [[name, element("code", value)] for name, value in summary.run.inputs.items()]
    totals = [[element("code", name), f"{value:,.6g}"] for name, value in summary.totals.items()]
    phases = [[name, plain(value, 1)] for name, value in summary.phases_s.items()]
    parts = (
        ("table.inputs", ("column.input", "column.fingerprint"), inputs),
        ("table.totals", ("column.quantity", "column.figure"), totals),
        ("table.phases", ("column.phase", "column.seconds"), phases),
    )
    return join(
        folded(words(title), table(words(title), [Column(words(first), Kind.NAMES), Column(words(second))], rows))
        for title, (first, second), rows in parts
        if rows
    )
