"""The page of a feeder: its limits worked out again from its arrays, its diagram, its tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dash_app.answers.grid_feeder import causes_of, feeder_answer, feeder_tone, limits_of
from dash_app.answers.grid_feeder_tables import (
    buses_table,
    day_table,
    duration_table,
    feeder_limits_table,
    sections_table,
    ties_table,
)
from dash_app.answers.grid_layers import WHOLE_DAY
from dash_app.figures.grid_feeder import (
    day_figure,
    day_sentence,
    duration_figure,
    duration_sentence,
    voltage_figure,
    voltage_sentence,
)
from dash_app.figures.grid_one_line import one_line, positions, stylesheet
from dash_app.view import Theme
from dash_app.widgets.tone import Tone
from dash_app.words import words_of
from tests.dash_app.grid_builders import CLOCK, feeder_slice, town
from twin.report_numbers import Lang
from twin.summary_grid_types import LimitKind, PlanIndex

EN = words_of(Lang.ENGLISH)
PLAN = PlanIndex.PLAN


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("number", [0, 3, 7])
@pytest.mark.parametrize("highest", [0.8, 1.6, 3.4])
def test_the_sentence_says_what_limits_the_feeder(number: int, highest: float, lang: Lang) -> None:
    feeder, made = feeder_slice(number, highest, number)
    state, words = made.states[PLAN], words_of(lang)
    grid = state.grid
    head = np.abs(state.feeder_kw[:, number]) / grid.feeders.rating_kw[number]
    sections = np.flatnonzero(grid.lines.feeder == number)
    volts = state.v_pu[:, grid.buses.feeder == number]
    uses = {
        LimitKind.FEEDER: head,
        LimitKind.LINE: state.loading[:, sections].max(axis=1),
        LimitKind.UNDERVOLTAGE: (1 - volts.min(axis=1)) / (1 - feeder.v_min_pu),
        LimitKind.OVERVOLTAGE: (volts.max(axis=1) - 1) / (feeder.v_max_pu - 1),
    }
    worst = max(uses, key=lambda kind: float(uses[kind].max()))
    limit = limits_of(feeder, made.facts, PLAN)[0]
    assert limit.kind is worst
    assert limit.use == pytest.approx(float(uses[worst].max()), rel=1e-4)
    sentence = feeder_answer(feeder, made.facts, words)
    assert feeder.id in sentence
    assert limit.element in sentence
    assert f"{CLOCK[int(uses[worst].argmax())]} KST" in sentence
    assert f"{abs(1 - limit.use) * 100:.0f} %" in sentence
    outside = float(uses[worst].max()) > 1.001
    assert feeder_tone(feeder, made.facts) is (Tone.ALERT if outside else Tone.CALM)
    if limit.kind is LimitKind.FEEDER:
        assert "kVA" in sentence
        spare = grid.feeders.rating_kw[number] - np.abs(state.feeder_kw[limit.step, number])
        assert np.sign(limit.margin_kva) == np.sign(spare)
        assert abs(limit.margin_kva) >= abs(spare)


def test_a_section_has_the_margin_of_its_free_current() -> None:
    feeder, made = feeder_slice(1, 1.6, 3)
    limit = next(limit for limit in limits_of(feeder, made.facts, PLAN) if limit.kind is LimitKind.LINE)
    free_a = limit.limit - limit.value
    assert limit.margin_kva == pytest.approx(np.sqrt(3) * feeder.base_kv * free_a, rel=1e-6)


def test_without_a_solution_the_margin_is_not_promised() -> None:
    feeder, made = feeder_slice(0, 0.8, 0)
    made.facts.overview.series.converged.flags.writeable = True
    made.facts.overview.series.converged[PLAN, 0] = False
    try:
        assert "not known" in feeder_answer(feeder, made.facts, EN)
        assert feeder_tone(feeder, made.facts) is Tone.UNKNOWN
    finally:
        made.facts.overview.series.converged[PLAN, 0] = True


def test_the_diagram_draws_every_bus_section_and_tie_apart() -> None:
    feeder, _ = feeder_slice(2, 1.6, 3)
    elements = one_line(feeder, PLAN, WHOLE_DAY, EN)
    nodes = [e for e in elements if "position" in e]
    edges = [e for e in elements if "source" in e["data"]]
    assert len(nodes) == len(feeder.buses.id) + len(feeder.ties)
    assert len(edges) == len(feeder.lines.id) + len(feeder.ties)
    places = positions(feeder)
    assert len(set(places)) == len(places), "no two buses on one spot"
    for bus in range(1, len(places)):
        assert places[bus][0] > places[int(feeder.buses.parent[bus])][0], "away from the busbar is to the right"
    assert all(e["data"]["told"] for e in elements)
    assert {style["selector"] for style in stylesheet(Theme.DARK)} >= {"node", ".band-4", ".outside", ".tie"}


def test_buses_outside_their_band_carry_a_sign() -> None:
    feeder, _ = feeder_slice(0, 6.0, 3)
    volts = feeder.day.v_pu[PLAN].min(axis=0)
    outside = {f"b{n}" for n in np.flatnonzero(volts < feeder.v_min_pu)}
    assert outside
    marked = {e["data"]["id"] for e in one_line(feeder, PLAN, WHOLE_DAY, EN) if "outside" in e.get("classes", "")}
    assert outside <= marked


@pytest.mark.parametrize("step", [WHOLE_DAY, 5])
def test_figures_show_the_feeder_and_its_limits(step: int) -> None:
    feeder, made = feeder_slice(1, 1.6, 2)
    figure = voltage_figure(feeder, made.facts, PLAN, step, EN, Theme.LIGHT)
    volts = feeder.day.v_pu[PLAN]
    expected = volts.min(axis=0) if step == WHOLE_DAY else volts[step]
    np.testing.assert_allclose(figure.data[-1].y, expected, atol=1e-5)
    assert sorted(shape.y0 for shape in figure.layout.shapes) == [feeder.v_min_pu, feeder.v_max_pu]
    day = day_figure(feeder, made.facts, PLAN, step, EN, Theme.DARK)
    np.testing.assert_allclose(day.data[1].y, made.states[PLAN].feeder_kw[:, 2], atol=0.06)
    assert "consumption +" in day.layout.yaxis.title.text
    duration = duration_figure(feeder, made.facts, PLAN, EN, Theme.LIGHT)
    for trace in duration.data:
        assert list(trace.y) == sorted(trace.y, reverse=True)


def test_sentences_of_the_charts() -> None:
    feeder, made = feeder_slice(1, 1.6, 2)
    volts = feeder.day.v_pu[PLAN]
    assert f"{volts.min():.3f}" in voltage_sentence(feeder, made.facts, PLAN, EN)
    kw = made.states[PLAN].feeder_kw[:, 2]
    assert f"{np.abs(kw).max():,.0f} kW at {CLOCK[int(np.abs(kw).argmax())]} KST" in day_sentence(
        feeder, made.facts, PLAN, EN
    )
    hours = int((np.abs(kw) / feeder.rating_kw > 0.8).sum())
    assert f"{hours} h" in duration_sentence(feeder, made.facts, PLAN, EN)


def test_tables_hold_everything() -> None:
    feeder, made = feeder_slice(1, 1.6, 3)
    tables = [
        feeder_limits_table(feeder, made.facts, PLAN, EN),
        buses_table(feeder, made.facts, PLAN, WHOLE_DAY, EN),
        sections_table(feeder, made.facts, PLAN, EN),
        ties_table(feeder, made.facts, PLAN, EN),
        day_table(feeder, made.facts, PLAN, EN),
        duration_table(feeder, made.facts, PLAN, EN),
    ]
    counts = [5, len(feeder.buses.id), len(feeder.lines.id) + len(feeder.ties), len(feeder.ties), 24, 24]
    assert [len(table.rows) for table in tables] == counts
    for table in tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
    spare = {row[0]: row[-1] for row in tables[3].rows}
    for name, kw in spare.items():
        number = made.facts.feeder_number(str(name))
        rating = made.facts.overview.feeders.rating_kw[number]
        assert kw == pytest.approx(rating - np.abs(made.states[PLAN].feeder_kw[:, number]).max(), abs=0.2)


def test_ties_lead_to_the_feeders_behind_them() -> None:
    grid = town(0, 0.8).states[0].grid
    for number in range(len(grid.feeders.id)):
        feeder, _ = feeder_slice(0, 0.8, number)
        expected = {
            str(grid.network.lines.id[grid.ties.line[n]])
            for n in range(len(grid.ties.line))
            if number in (grid.ties.feeder_a[n], grid.ties.feeder_b[n])
        }
        assert {tie.id for tie in feeder.ties} == expected
        for tie in feeder.ties:
            assert tie.other_feeder != feeder.id
            assert str(feeder.buses.id[tie.bus]).startswith(feeder.id)


def test_the_cause_names_what_draws_the_load() -> None:
    feeder, made = feeder_slice(1, 1.6, 2)
    step = int(np.abs(made.states[PLAN].feeder_kw[:, 2]).argmax())
    causes = causes_of(feeder, made.facts, PLAN, step)
    assert sum(causes.values()) == pytest.approx(float(feeder.day.load_kw[PLAN][step, 1:].sum()), rel=1e-5)
    assert list(causes.values()) == sorted(causes.values(), reverse=True)
    named = next(iter(causes))
    assert EN.label("cause", named) in day_sentence(feeder, made.facts, PLAN, EN)


def test_the_summary_tells_vehicles_apart_at_the_worst_step() -> None:
    feeder, made = feeder_slice(0, 0.8, 0)
    known = replace(
        made.facts.summary.feeders[0], feeder=feeder.id, clock=CLOCK[5], cause_kw={"vehicles": 9.0, "solar": -20.0}
    )
    facts = replace(made.facts, summary=replace(made.facts.summary, feeders=(known,)))
    assert list(causes_of(feeder, facts, PLAN, 5)) == ["solar", "vehicles"]
    assert "vehicles" not in causes_of(feeder, facts, PLAN, 6)
    assert "vehicles" not in causes_of(feeder, facts, PlanIndex.UNMANAGED, 5)
