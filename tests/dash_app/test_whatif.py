"""The page of what-ifs: the change its form describes, its sentence against the result, its tables and maps."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from dash_app.answers.whatif import (
    change_words,
    curves_table,
    feeders_table,
    findings_in_sight,
    findings_table,
    main_feeder,
    totals_table,
    whatif_answer,
    whatif_tone,
)
from dash_app.figures.grid_shapes import feeder_paths
from dash_app.figures.whatif import CLASSES, class_of, curves_figure, curves_sentence, difference_map, map_sentence
from dash_app.figures.whatif_legend import difference_legend
from dash_app.pages.whatif_form import WhatIfState, change_of, missing_part
from dash_app.view import Theme
from dash_app.widgets.tone import Tone
from dash_app.words import words_of
from tests.dash_app.grid_builders import town
from tests.twin.whatif_town import load_bus, town_day
from twin.report_numbers import Lang
from twin.summary_grid_types import LimitKind
from twin.whatif import what_if
from twin.whatif_change import Addition, Change, GarageMove, Hours, PlaceKind, Resource, SwitchMove
from twin.whatif_result import WhatIfResult

EN = words_of(Lang.ENGLISH)
DAY = town_day()
FACTS = town(0, 0.8).facts
BUS = str(DAY.grid.network.buses.id[load_bus(DAY.grid)])
FEEDER = str(DAY.grid.feeders.id[0])
TIE = str(DAY.grid.network.lines.id[DAY.grid.ties.line[0]])
TRUNK = str(DAY.grid.network.lines.id[[n for n in range(len(DAY.grid.lines.trunk)) if DAY.grid.lines.trunk[n]][1]])


def at_bus(kw: float, resource: Resource = Resource.CHARGERS, **fields: Any) -> Change:
    return Change(additions=(Addition(resource, PlaceKind.BUS, BUS, kw, **fields),))


CHANGES = {
    "nothing": at_bus(0.0),
    "a few chargers": at_bus(50.0, hours=Hours.ALL_DAY),
    "two megawatts": at_bus(2_000.0, hours=Hours.EVENING),
    "ten megawatts": at_bus(10_000.0, hours=Hours.ALL_DAY),
    "behind the transformer": at_bus(900.0, own_connection=False),
    "sun": at_bus(3_000.0, Resource.SOLAR),
    "much sun": at_bus(20_000.0, Resource.SOLAR),
    "battery": at_bus(2_000.0, Resource.BATTERY, energy_kwh=8_000.0),
    "over a feeder": Change(additions=(Addition(Resource.CHARGERS, PlaceKind.FEEDER, FEEDER, 4_000.0),)),
    "over a district": Change(additions=(Addition(Resource.CHARGERS, PlaceKind.DISTRICT, "west", 9_000.0),)),
    "an open section": Change(switches=(SwitchMove(TRUNK, closed=False),)),
    "a ring": Change(switches=(SwitchMove(TIE, closed=True),)),
}


@cache
def solved(name: str) -> WhatIfResult:
    return what_if("run", DAY.grid, DAY.loads, CHANGES[name], {}, DAY.levers, DAY.clock)


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("name", list(CHANGES))
def test_the_sentence_says_what_the_power_flow_found(name: str, lang: Lang) -> None:
    result, words = solved(name), words_of(lang)
    sentence = whatif_answer(result, FACTS, words)
    assert sentence.startswith(change_words(result.change, FACTS, words)) or "{" not in sentence
    if result.after.converged_steps < result.steps:
        assert str(result.steps - result.after.converged_steps) in sentence
        assert whatif_tone(result) is Tone.UNKNOWN
        return
    changed = main_feeder(result)
    if changed is None:
        assert words("whatif.effect_none") in sentence
    else:
        assert changed.feeder in sentence
        assert f"{changed.after.loading * 100:.0f}" in sentence
        assert f"{changed.after.lowest_v_pu:.3f}" in sentence
    if result.after.unserved_buses:
        assert str(result.after.unserved_buses) in sentence
    assert (words("whatif.answer_ring") in sentence) == (result.after.rings > result.before.rings)
    if result.appeared:
        assert str(len(result.appeared)) in sentence
    assert whatif_tone(result) is (Tone.ALERT if result.appeared or result.after.unserved_buses else Tone.CALM)


def test_truths_are_of_every_kind() -> None:
    results = [solved(name) for name in CHANGES]
    assert any(result.appeared for result in results)
    assert any(not result.feeders for result in results)
    assert any(result.after.unserved_buses for result in results)
    assert any(result.after.rings for result in results)
    assert any(change.after.loading < change.before.loading for result in results for change in result.feeders)


@pytest.mark.parametrize("name", list(CHANGES))
def test_tables_are_whole_and_agree_with_the_result(name: str) -> None:
    result = solved(name)
    tables = [totals_table(result, EN), findings_table(result, FACTS, EN), feeders_table(result, FACTS, EN)]
    tables.append(curves_table(result, FACTS, EN))
    for table in tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert len(tables[1].rows) == len(result.appeared) + len(result.disappeared) + len(result.remaining)
    assert len(tables[2].rows) == len(result.feeders)
    assert [row[0] for row in tables[1].rows][: len(result.appeared)] == ["▲ new"] * len(result.appeared)
    seen = findings_in_sight(result, FACTS, EN)
    hidden = sum(1 for finding in result.remaining if finding.kind == LimitKind.TRANSFORMER)
    assert len(seen.rows) == len(tables[1].rows) - hidden


def test_the_map_sorts_feeders_by_their_change() -> None:
    result = solved("ten megawatts")
    paths = feeder_paths(DAY.grid, "west") | feeder_paths(DAY.grid, "east")
    figure = difference_map(result, FACTS, paths, EN, Theme.LIGHT, "/o")
    changed = main_feeder(result)
    assert changed is not None
    assert class_of(changed) >= CLASSES.index("much_higher")
    trace = figure.data[1 + class_of(changed)]
    assert any(changed.feeder in text for text in trace.text)
    drawn = sum(sum(1 for x in trace.lon if x is not None) for trace in figure.data[1:])
    assert drawn == sum(sum(1 for x in path[0] if x is not None) for path in paths.values())
    more = sum(1 for change in result.feeders if class_of(change) >= CLASSES.index("higher"))
    assert f"carry more: {more}" in map_sentence(result, EN)
    assert len(difference_legend(EN, Theme.DARK)) == len(CLASSES)


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (0.5, 0.4, "much_lower"),
        (0.5, 0.48, "lower"),
        (0.5, 0.503, "same"),
        (0.5, 0.52, "higher"),
        (0.5, 0.6, "much_higher"),
        (0.99, 1.01, "outside"),
        (1.1, 1.2, "much_higher"),
    ],
)
def test_classes_of_change(before: float, after: float, name: str) -> None:
    change = solved("two megawatts").feeders[0]
    moved = replace(change, before=replace(change.before, loading=before), after=replace(change.after, loading=after))
    assert CLASSES[class_of(moved)] == name


def test_the_curves_show_before_and_after() -> None:
    result = solved("two megawatts")
    figure = curves_figure(result, FACTS, EN, Theme.LIGHT)
    assert list(figure.data[0].y) == list(result.curves[0].before_kw)
    assert list(figure.data[1].y) == list(result.curves[0].after_kw)
    assert result.curves[0].feeder in curves_sentence(result, FACTS, EN)
    empty = replace(result, curves=())
    assert curves_table(empty, FACTS, EN).rows == ()
    assert len(curves_figure(empty, FACTS, EN, Theme.LIGHT).data) == 0


def test_the_form_describes_the_narrowest_place() -> None:
    state = WhatIfState(power_kw=500.0, district="west")
    assert change_of(state).additions[0].place is PlaceKind.DISTRICT
    assert change_of(replace(state, feeder="f")).additions[0].id == "f"
    narrow = change_of(replace(state, feeder="f", bus="b", resource=Resource.BATTERY, energy_kwh=9.0)).additions[0]
    assert (narrow.place, narrow.id, narrow.energy_kwh) == (PlaceKind.BUS, "b", 9.0)
    assert change_of(replace(state, power_kw=0.0)).additions == ()


def test_the_form_moves_switches_and_garages() -> None:
    state = WhatIfState(power_kw=0.0, opened=("a",), closed=("b", "c"), garage="g", bus="x")
    change = change_of(state)
    assert [(move.line, move.closed) for move in change.switches] == [("a", False), ("b", True), ("c", True)]
    assert change.garages == (GarageMove("g", "x"),)
    assert missing_part(state) == ""


@pytest.mark.parametrize(
    ("state", "lacks"),
    [
        (WhatIfState(), "whatif.lacks_place"),
        (WhatIfState(power_kw=0.0, district="west"), "whatif.lacks_change"),
        (WhatIfState(district="west", garage="g"), "whatif.lacks_bus"),
        (WhatIfState(district="west", resource=Resource.BATTERY, energy_kwh=0.0), "whatif.lacks_energy"),
        (WhatIfState(district="west"), ""),
    ],
)
def test_the_form_says_what_it_lacks(state: WhatIfState, lacks: str) -> None:
    assert missing_part(state) == lacks
    assert not lacks or EN.has(lacks)
