"""The page of the grid: its sentence against what the power flow found, its map, tables, clicks and zooms."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from dash import no_update
from plotly.utils import PlotlyJSONEncoder

from dash_app.answers.grid import ahead, amount, grid_answer, grid_tone
from dash_app.answers.grid_facts import GridFacts, standings
from dash_app.answers.grid_layers import (
    BROKEN,
    WHOLE_DAY,
    Layer,
    band_of,
    by_district,
    by_substation,
    layer_values,
    series_of,
)
from dash_app.answers.grid_tables import feeders_table, limits_table, strip_table, worst_table
from dash_app.figures.grid_legend import map_legend
from dash_app.figures.grid_map import AREAS, BROKEN_PLACES, grid_map, grid_map_patch
from dash_app.figures.grid_map_feeders import FIRST_BAND, MapView, feeder_text, short_text
from dash_app.figures.grid_map_words import map_sentence
from dash_app.figures.grid_shapes import bounds_of, district_at, feeder_paths, hatching
from dash_app.figures.grid_strip import strip_figure, strip_sentence
from dash_app.pages.grid_state import GridState, clicked, zoomed
from dash_app.view import Theme
from dash_app.widgets.tone import Tone
from dash_app.words import Words, words_of
from tests.dash_app.grid_builders import CLOCK, NAMES, Town, town
from twin.report_numbers import Lang
from twin.summary_grid_types import LimitKind, PlanIndex

BEFORE = datetime(2026, 8, 11, 12, 0, tzinfo=UTC)
START = datetime(2026, 8, 11, 19, 0, tzinfo=UTC)
"""04:00 of 12 August in Seoul."""

HIGHEST = (0.8, 1.2, 2.2, 3.4)
EN, KO = words_of(Lang.ENGLISH), words_of(Lang.KOREAN)


def outside_of_network(made: Town) -> dict[tuple[str, str], float]:
    """Severity by kind and element of what is outside its limit under the plan, worked out from the power flow."""
    state, found = made.states[PlanIndex.PLAN], {}
    grid, buses = state.grid, state.grid.network.buses
    parts = [
        ("FEEDER", grid.feeders.id, np.abs(state.feeder_kw) / grid.feeders.rating_kw, 1e-3),
        ("BANK", grid.banks.id, state.bank_loading, 1e-3),
    ]
    lines = grid.network.lines
    parts.append(("LINE", lines.id, np.where(lines.in_service, state.loading[:, : len(lines.id)], 0.0), 1e-3))
    medium = grid.buses.feeder >= 0
    for kind, limit in (("UNDERVOLTAGE", buses.v_min_pu), ("OVERVOLTAGE", buses.v_max_pu)):
        with np.errstate(divide="ignore", invalid="ignore"):
            use = np.where(medium & (limit != 1.0), (state.v_pu - 1.0) / (limit - 1.0), 0.0)
        parts.append((kind, buses.id, use, 1e-4 / float(np.abs(limit[medium] - 1.0).max())))
    for kind, names, use, tolerance in parts:
        for n in np.flatnonzero((use > 1.0 + tolerance).any(axis=0)):
            column = use[:, n]
            found[kind, str(names[n])] = float(np.maximum(column - 1.0, 0.0)[column > 1.0 + tolerance].sum())
    return found


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("highest", HIGHEST)
@pytest.mark.parametrize("seed", range(4))
def test_the_sentence_says_what_the_power_flow_found(seed: int, highest: float, lang: Lang) -> None:
    made, words = town(seed, highest), words_of(lang)
    truth, sentence = outside_of_network(made), grid_answer(made.facts, BEFORE, words)
    broken = ahead(made.facts, BEFORE)
    assert {(s.kind.name, s.element) for s in broken} == truth.keys()
    assert grid_tone(made.facts, BEFORE) is (Tone.ALERT if truth else Tone.CALM)
    if not truth:
        use = np.abs(made.states[1].feeder_kw) / made.states[1].grid.feeders.rating_kw
        step, feeder = np.unravel_index(int(use.argmax()), use.shape)
        assert str(made.states[1].grid.feeders.id[feeder]) in sentence
        assert f"{CLOCK[step]} KST" in sentence
        assert f"{use.max() * 100:.0f}" in sentence
        return
    worst = max(truth, key=lambda key: truth[key])
    assert broken[0].severity_h == pytest.approx(truth[worst])
    assert broken[0].element in sentence
    assert f"{CLOCK[broken[0].step]} KST" in sentence
    assert str(len(truth)) in sentence
    assert NAMES[broken[0].district][0 if lang is Lang.KOREAN else 1] in sentence


def test_seeds_give_truths_of_both_kinds() -> None:
    kept = [not outside_of_network(town(seed, highest)) for seed in range(4) for highest in HIGHEST]
    assert 2 <= sum(kept) <= len(kept) - 4


@pytest.mark.parametrize("words", [EN, KO], ids=["en", "ko"])
def test_overloaded_transformers_are_told_apart(words: Words) -> None:
    made = town(1, 2.6)
    grid = made.states[1].grid
    rated = grid.buses.rating_kva > 0
    share = made.loads_kva[1][:, rated & (grid.buses.kind == 3)] / grid.buses.rating_kva[rated & (grid.buses.kind == 3)]
    count = int((share > 1.001).any(axis=0).sum())
    assert count > 0
    assert f"{count:,}" in grid_answer(made.facts, BEFORE, words)
    assert not any(s.kind is LimitKind.TRANSFORMER for s in ahead(made.facts, BEFORE))


def test_what_is_over_is_not_counted() -> None:
    facts = town(2, 3.4).facts
    every = ahead(facts, BEFORE)
    late = START + timedelta(hours=20)
    left = ahead(facts, late)
    assert len(left) < len(every)
    assert {s.element for s in left} == {s.element for s in every if s.last >= 20}
    current = sum(1 for s in every if s.first <= 15 <= s.last)
    assert f"{current} of them now" in grid_answer(facts, START + timedelta(hours=15, minutes=10), EN)


def test_a_day_that_is_over_is_said_to_be_over() -> None:
    assert EN("grid.answer_over") in grid_answer(town(0, 0.8).facts, START + timedelta(days=2), EN)


@pytest.mark.parametrize("words", [EN, KO], ids=["en", "ko"])
def test_without_a_solution_nothing_is_promised(words: Words) -> None:
    facts = town(0, 0.8).facts
    solved = facts.overview.series.converged.copy()
    solved[PlanIndex.PLAN, 3] = False
    series = replace(facts.overview.series, converged=solved)
    broken = GridFacts(facts.summary, replace(facts.overview, series=series), facts.outlines)
    sentence = grid_answer(broken, BEFORE, words)
    assert grid_tone(broken, BEFORE) is Tone.UNKNOWN
    assert "1" in sentence
    assert "24" in sentence
    assert np.isnan(layer_values(broken.overview, Layer.LOADING, PlanIndex.PLAN, 3).feeder).all()
    assert not np.isnan(layer_values(broken.overview, Layer.LOADING, PlanIndex.PLAN, WHOLE_DAY).feeder).any()


def test_bands_end_where_a_limit_is_broken() -> None:
    use = np.array([0.0, 0.5, 0.51, 0.7, 0.85, 1.0, 1.0005, 1.01, np.nan])
    assert band_of(use).tolist() == [0, 0, 1, 1, 2, 3, 3, BROKEN, -1]


@pytest.mark.parametrize("layer", list(Layer))
@pytest.mark.parametrize("step", [WHOLE_DAY, 0, 13])
def test_layers_hold_what_the_power_flow_found(layer: Layer, step: int) -> None:
    made = town(3, 2.2)
    state, overview = made.states[0], made.facts.overview
    grid = state.grid
    values = layer_values(overview, layer, PlanIndex.UNMANAGED, step)
    for feeder in range(len(grid.feeders.id)):
        at = np.flatnonzero(grid.buses.feeder == feeder)
        if layer is Layer.LOADING:
            truth = state.feeder_loading[:, feeder]
        elif layer is Layer.TRANSFORMERS:
            rated = at[(grid.buses.rating_kva[at] > 0) & (grid.buses.kind[at] == 3)]
            truth = (made.loads_kva[0][:, rated] / grid.buses.rating_kva[rated]).max(axis=1, initial=0.0)
        else:
            volts = state.v_pu[:, at]
            low, high = grid.network.buses.v_min_pu[at[0]], grid.network.buses.v_max_pu[at[0]]
            truth = np.maximum((1 - volts.min(axis=1)) / (1 - low), (volts.max(axis=1) - 1) / (high - 1))
        expected = truth.max() if step == WHOLE_DAY else truth[step]
        assert values.feeder[feeder] == pytest.approx(expected, abs=2e-3)
        assert series_of(overview, layer, PlanIndex.UNMANAGED)[0][values.feeder_step[feeder], feeder] == pytest.approx(
            values.feeder[feeder]
        )


def test_districts_and_substations_take_the_worst_of_theirs() -> None:
    overview = town(3, 2.2).facts.overview
    values = layer_values(overview, Layer.LOADING, PlanIndex.PLAN, WHOLE_DAY)
    for code, (use, feeder) in by_district(overview, values).items():
        here = overview.feeders.district == code
        assert use == values.feeder[here].max() == values.feeder[feeder]
        assert here[feeder]
    banks = overview.stations.bank_substation
    for station, use in enumerate(by_substation(overview, values)):
        assert use == pytest.approx(values.bank[banks == station].max())


def shown(
    made: Town, district: str = "", layer: Layer = Layer.LOADING, step: int = WHOLE_DAY, feeder: int = -1
) -> MapView:
    values = layer_values(made.facts.overview, layer, PlanIndex.PLAN, step)
    paths = feeder_paths(made.states[0].grid, district) if district else {}
    return MapView(layer, values, district, paths, feeder)


def unpacked(spec: Any) -> Any:
    return np.frombuffer(base64.b64decode(spec["bdata"]), dtype=np.dtype(spec["dtype"]))


def test_the_map_colours_what_is_planned_and_hatches_what_is_not() -> None:
    made = town(1, 2.2)
    figure = grid_map(made.facts, shown(made), EN, Theme.LIGHT, "r", "/outlines.json")
    areas = figure.data[AREAS]
    assert areas.geojson == "/outlines.json"
    assert list(areas.locations) == ["west", "east", "north"]
    assert areas.z[2] is None
    assert areas.text[2] == "North-gu: no data"
    worst = by_district(made.facts.overview, shown(made).values)
    assert [areas.z[0], areas.z[1]] == [int(band_of(np.array([worst[c][0]]))[0]) for c in ("west", "east")]
    assert len(figure.data[1].lon) > 3
    legend = json.dumps(
        [part.to_plotly_json() for part in map_legend(made.facts, shown(made), EN, Theme.LIGHT)], cls=PlotlyJSONEncoder
    )
    assert "no data: North-gu" in legend
    assert "hatched" in legend
    assert figure.layout.map.style["sources"] == {}


def test_feeders_of_the_chosen_district_lie_in_the_trace_of_their_band() -> None:
    made = town(1, 3.4)
    view = shown(made, "west", feeder=2)
    figure = grid_map(made.facts, view, KO, Theme.DARK, "r", "/o")
    bands, seen = band_of(view.values.feeder), set()
    for band in range(BROKEN + 1):
        trace = figure.data[FIRST_BAND + band]
        numbers = unpacked(trace.customdata)
        assert len(numbers) == len(unpacked(trace.lon)) == len(trace.text)
        for feeder in set(numbers.tolist()):
            assert bands[feeder] == band
            seen.add(feeder)
    here = np.flatnonzero(made.facts.overview.feeders.district == "west")
    assert seen == set(here.tolist())
    assert len(figure.data[10].lon) > 1
    marked = figure.data[BROKEN_PLACES].customdata
    assert set(marked) == set(np.flatnonzero(bands == BROKEN).tolist())


def test_short_texts_say_the_same_as_long_ones() -> None:
    made = town(1, 3.4)
    for layer in Layer:
        view = shown(made, "west", layer=layer)
        for feeder in view.paths:
            short, long = short_text(made.facts, view, feeder, EN), feeder_text(made.facts, view, feeder, EN)
            assert ("▲" in short) == ("▲" in long)
            name, found, *clock = short.removeprefix("▲").replace(" %", "%").replace(" pu", "pu").split(" ")
            assert name in long
            assert found.removesuffix("%").removesuffix("pu") in long
            assert all(hour in long for hour in clock)


def test_lines_of_a_feeder_follow_its_sections() -> None:
    grid = town(0, 0.8).states[0].grid
    for feeder, (lon, lat) in feeder_paths(grid, "east").items():
        drawn = set()
        for a, b in zip(zip(lon, lat, strict=True), list(zip(lon, lat, strict=True))[1:], strict=False):
            if None not in a and None not in b:
                drawn.add(frozenset((a, b)))
        lines, buses = grid.network.lines, grid.network.buses
        true = {
            frozenset((round(float(buses.x[end]), 5), round(float(buses.y[end]), 5)) for end in ends)
            for ends in zip(
                lines.from_bus[grid.lines.feeder == feeder], lines.to_bus[grid.lines.feeder == feeder], strict=True
            )
        }
        assert drawn == true
        assert len(lon) < 2 * len(true) + 2


def test_a_step_of_the_day_changes_colours_alone_and_is_small() -> None:
    made = town(1, 2.2)
    patch = json.dumps(grid_map_patch(made.facts, shown(made, "west", step=7), EN, Theme.LIGHT), cls=PlotlyJSONEncoder)
    assert "geojson" not in patch
    assert "layout" not in patch
    assert len(patch) < 150_000
    full = grid_map(made.facts, shown(made, "west", step=7), EN, Theme.LIGHT, "r", "/o")
    operations = {tuple(op["location"]): op["params"]["value"] for op in json.loads(patch)["operations"]}
    assert operations["data", AREAS, "z"] == list(full.data[AREAS].z)


@pytest.mark.parametrize("layer", list(Layer))
@pytest.mark.parametrize("words", [EN, KO], ids=["en", "ko"])
def test_the_map_says_how_many_are_outside(layer: Layer, words: Words) -> None:
    made = town(2, 2.6)
    view = shown(made, layer=layer)
    sentence = map_sentence(made.facts, view, words)
    assert str(int((band_of(view.values.feeder) == BROKEN).sum())) in sentence
    assert str(made.facts.overview.feeders.id[int(view.values.feeder.argmax())]) in sentence


def test_the_strip_marks_the_hours_outside() -> None:
    made = town(1, 3.4)
    use = made.states[1].feeder_loading.max(axis=1)
    sentence = strip_sentence(made.facts, Layer.LOADING, PlanIndex.PLAN, "", EN)
    hours = int((use > 1.001).sum())
    assert hours
    assert f"for {hours} h" in sentence
    assert f"{CLOCK[int(use.argmax())]} KST" in sentence
    figure = strip_figure(made.facts, Layer.LOADING, PlanIndex.PLAN, "", 5, EN, Theme.LIGHT)
    np.testing.assert_allclose(figure.data[1].y, use * 100, atol=0.2)
    assert len(figure.data[2].x) == hours
    assert "KST" in figure.layout.xaxis.title.text
    calm = strip_sentence(town(0, 0.8).facts, Layer.LOADING, PlanIndex.PLAN, "", EN)
    assert calm.startswith("No limit is broken")


def test_the_list_holds_ten_worst_first() -> None:
    facts = town(1, 3.4).facts
    table, feeders = worst_table(facts, PlanIndex.PLAN, "", EN, transformers=False)
    every = [s for s in standings(facts.overview, PlanIndex.PLAN) if s.kind is not LimitKind.TRANSFORMER]
    assert len(table.rows) == 10
    assert [row[0] for row in table.rows] == [s.element for s in every[:10]]
    severity = [s.severity_h for s in every]
    assert severity == sorted(severity, reverse=True)
    assert feeders == tuple(s.feeder for s in every[:10])
    east, _ = worst_table(facts, PlanIndex.PLAN, "east", KO, transformers=True)
    assert {row[2] for row in east.rows} == {"동구"}
    assert {row[1] for row in east.rows} == {"변압기"}


def test_tables_hold_the_full_data() -> None:
    facts = town(1, 2.2).facts
    feeders = feeders_table(facts, PlanIndex.PLAN, WHOLE_DAY, EN)
    assert len(feeders.rows) == len(facts.overview.feeders.id)
    assert {row[0] for row in feeders.rows} == set(facts.overview.feeders.id.tolist())
    assert len(limits_table(facts, PlanIndex.PLAN, EN).rows) == int((facts.overview.limits.plan == 1).sum())
    strip = strip_table(facts, Layer.VOLTAGE, "west", KO)
    assert len(strip.rows) == len(CLOCK)
    for table in (feeders, strip, limits_table(facts, PlanIndex.PLAN, KO)):
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_amounts_have_the_unit_of_their_kind() -> None:
    assert amount(LimitKind.FEEDER, 1234.0) == "1.23 MW"
    assert amount(LimitKind.BANK, 900.0) == "900 kVA"
    assert amount(LimitKind.LINE, 310.4) == "310 A"
    assert amount(LimitKind.UNDERVOLTAGE, 0.9071) == "0.907 pu"


STATE = GridState()


def point(trace: int, data: Any) -> dict[str, Any]:
    return {"points": [{"curveNumber": trace, "customdata": data}]}


def test_a_click_chooses_a_district_or_a_feeder() -> None:
    facts = town(1, 2.2).facts
    assert clicked(point(AREAS, "west"), STATE, facts) == ("west", no_update, {"by": "click"})
    number = facts.feeder_number(str(facts.overview.feeders.id[3]))
    district = str(facts.overview.feeders.district[3])
    chosen = clicked(point(FIRST_BAND + 1, number), STATE, facts)
    assert chosen == (district, str(facts.overview.feeders.id[3]), {"by": "click"})


@pytest.mark.parametrize(
    "click",
    [
        None,
        {},
        {"points": []},
        point(AREAS, "north"),
        point(AREAS, None),
        point(FIRST_BAND, 9_999),
        point(FIRST_BAND, "x"),
    ],
)
def test_a_click_on_nothing_chooses_nothing(click: Any) -> None:
    assert clicked(click, STATE, town(1, 2.2).facts) == (no_update, no_update, no_update)


def test_zooming_in_opens_the_district_in_the_middle_and_out_closes_it() -> None:
    facts = town(1, 2.2).facts
    near = {"map.zoom": 13.0, "map.center": {"lon": 127.21, "lat": 37.31}}
    assert zoomed(near, STATE, facts)[0] == "west"
    assert zoomed(near, replace(STATE, district="west"), facts)[0] is no_update
    assert zoomed(near | {"map.zoom": 9.0}, replace(STATE, district="west"), facts)[0] is None
    assert zoomed(near | {"map.zoom": 11.0}, STATE, facts)[0] is no_update
    missing = {"map.zoom": 13.0, "map.center": {"lon": 127.26, "lat": 37.31}}
    assert zoomed(missing, STATE, facts)[0] is no_update
    for broken in (None, {}, {"map.zoom": "x"}, {"map.zoom": 13, "map.center": 4}):
        assert zoomed(broken, STATE, facts)[0] is no_update


def test_shapes_of_the_map() -> None:
    facts = town(0, 0.8).facts
    assert facts.outlines is not None
    assert district_at(facts.outlines, 127.21, 37.31) == "west"
    assert district_at(facts.outlines, 0.0, 0.0) == ""
    box = bounds_of(facts.outlines, ["west"])
    assert (box.west, box.east) == (127.199, 127.224)
    assert bounds_of(facts.outlines, ["nowhere"]).east == 127.274
    assert box.zoom(100, 900) > bounds_of(facts.outlines, []).zoom(100, 900)
    lon, lat = hatching(facts.outlines, ["north"])
    assert len(lon) == len(lat) >= 3
    assert all(127.249 <= x <= 127.274 for x in lon if x is not None)
    assert hatching(facts.outlines, []) == ([], [])


def test_a_run_without_outlines_is_still_told() -> None:
    made = town(1, 2.2)
    bare = replace(made, facts=GridFacts(made.facts.summary, made.facts.overview, None))
    figure = grid_map(bare.facts, shown(bare), EN, Theme.LIGHT, "r", "/o")
    assert figure.data[AREAS].locations == ()
    assert bare.facts.district_name("west", Lang.KOREAN) == "서구"
    assert bare.facts.district_name("nowhere", Lang.ENGLISH) == "nowhere"
    assert zoomed({"map.zoom": 13.0, "map.center": {"lon": 127.2, "lat": 37.3}}, STATE, bare.facts)[0] is no_update


def test_facts_know_their_day() -> None:
    facts = town(0, 0.8).facts
    assert facts.step_at(START) == 0
    assert facts.step_at(START - timedelta(seconds=1)) == -1
    assert facts.step_at(START + timedelta(hours=23, minutes=59)) == 23
    assert facts.missing == ("north",)
    assert SimpleNamespace(span=facts.span(Lang.ENGLISH)).span == "Wed 12 Aug 2026 04:00–04:00 KST"
