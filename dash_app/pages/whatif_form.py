"""The form of the page of what-ifs: its state in the address, its controls, and the change it describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
import numpy as np
from dash import dcc, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.grid_facts import GridFacts
from dash_app.url_state import PageState, url_field
from dash_app.view import View
from dash_app.widgets.choice import choice, picker
from data.users import Role
from twin.report_numbers import Lang
from twin.summary_feeder import FeederSlice
from twin.whatif_change import LARGEST_KW, Addition, Change, GarageMove, Hours, PlaceKind, Resource, SwitchMove

NAME = "whatif"
USUAL_KW = 2000.0
USUAL_KWH = 4000.0


@dataclass(frozen=True)
class WhatIfState(PageState):
    """What is asked; without a bus power is spread over the feeder, without a feeder over the district."""

    resource: Resource = url_field(Resource.CHARGERS)
    power_kw: float = url_field(USUAL_KW, key="kw", low=0.0, high=LARGEST_KW, decimals=1)
    energy_kwh: float = url_field(USUAL_KWH, key="kwh", low=0.0, high=LARGEST_KW, decimals=1)
    hours: Hours = url_field(Hours.LIKE_VEHICLES)
    own: bool = url_field(default=True)
    district: str = url_field("", longest=20)
    feeder: str = url_field("", longest=40)
    bus: str = url_field("", longest=60)
    opened: tuple[str, ...] = url_field((), key="open", longest=60)
    closed: tuple[str, ...] = url_field((), key="close", longest=60)
    garage: str = url_field("", longest=60)
    job: str = url_field("", longest=40)


def change_of(state: WhatIfState) -> Change:
    """Return the change that a form describes."""
    place, name = place_of(state)
    adds = state.power_kw > 0 and bool(name)
    energy = state.energy_kwh if state.resource is Resource.BATTERY else 0.0
    addition = Addition(state.resource, place, name, state.power_kw, energy, state.hours, state.own)
    return Change(
        additions=(addition,) if adds else (),
        switches=(
            *(SwitchMove(line, closed=False) for line in state.opened),
            *(SwitchMove(line, closed=True) for line in state.closed),
        ),
        garages=(GarageMove(state.garage, state.bus),) if state.garage and state.bus else (),
    )


def place_of(state: WhatIfState) -> tuple[PlaceKind, str]:
    """Return where power is added: the narrowest place that is chosen."""
    if state.bus:
        return PlaceKind.BUS, state.bus
    if state.feeder:
        return PlaceKind.FEEDER, state.feeder
    return PlaceKind.DISTRICT, state.district


def missing_part(state: WhatIfState) -> str:
    """Return the key of the sentence that says what the form still lacks, "" when it can be asked."""
    change = change_of(state)
    if state.garage and not state.bus:
        return "whatif.lacks_bus"
    if not (change.additions or change.switches or change.garages):
        return "whatif.lacks_place" if state.power_kw > 0 else "whatif.lacks_change"
    if state.resource is Resource.BATTERY and change.additions and state.energy_kwh <= 0:
        return "whatif.lacks_energy"
    return ""


def form(view: View, state: WhatIfState, facts: GridFacts) -> Component:
    """Return the form; lists of feeders and buses are filled by a callback."""
    words = view.words
    may = view.viewer.may(Role.ENGINEER)
    return html.Section(
        [
            html.H2(words("whatif.form")),
            html.Div(
                [
                    _district(view, state, facts),
                    _list(view, "feeder", words("grid.col_feeder"), state.feeder),
                    _list(view, "bus", words("whatif.bus"), state.bus),
                ],
                className="form-grid",
            ),
            html.P(words("whatif.where"), className="note"),
            _resource(view, state),
            html.Div(
                [
                    _number(view, "power_kw", "whatif.power", state.power_kw),
                    _number(view, "energy_kwh", "whatif.energy_of", state.energy_kwh),
                    picker(
                        ids.control(NAME, "hours"), words("whatif.hours"), state.hours.value,
                        [(each.value, words(f"whatif.hours_{each}")) for each in Hours], allowDeselect=False,
                    ),
                ],
                className="form-grid",
            ),
            dmc.Switch(id=ids.switch(NAME, "own"), label=words("whatif.own"), checked=state.own, size="xs"),
            dcc.Input(id=ids.control(NAME, "job"), type="hidden", value=state.job),
            html.Div(
                [
                    html.Button(words("whatif.ask"), id=ids.of_page(NAME, "ask"), className="button", n_clicks=0)
                    if may
                    else html.P(words("whatif.may_not"), className="note"),
                    html.P(id=ids.of_page(NAME, "told"), role="status", className="note"),
                ],
                className="row",
            ),
            _more(view, state, facts),
        ],
        className="card whatif-form",
    )  # fmt: skip


def _more(view: View, state: WhatIfState, facts: GridFacts) -> Component:
    """Return switches and garages, folded away until something there is chosen."""
    words, korean = view.words, view.lang is Lang.KOREAN
    garages = [(d.garage, d.name_local if korean else d.name_en) for d in facts.summary.depots]
    parts = [
        html.Summary(words("whatif.switches")),
        _multi(view, "opened", "whatif.open", state.opened),
        _multi(view, "closed", "whatif.close", state.closed),
        picker(ids.control(NAME, "garage"), words("whatif.garage_to"), state.garage, garages, clearable=True),
    ]
    return html.Details(parts, open=bool(state.opened or state.closed or state.garage), className="more")


def _district(view: View, state: WhatIfState, facts: GridFacts) -> Component:
    options = [(d.code, facts.district_name(d.code, view.lang)) for d in facts.summary.districts]
    label = view.words("grid.district")
    return picker(ids.control(NAME, "district"), label, state.district, options, clearable=True)


def _resource(view: View, state: WhatIfState) -> Component:
    options = [(each.value, view.words(f"whatif.resource_{each}")) for each in Resource]
    return choice(ids.control(NAME, "resource"), view.words("whatif.resource"), state.resource.value, options)


def _number(view: View, field: str, label: str, value: float) -> Component:
    return dmc.NumberInput(
        id=ids.control(NAME, field), label=view.words(label), value=value, min=0, max=LARGEST_KW, step=100,
        size="xs", thousandSeparator=",",
    )  # fmt: skip


def _list(view: View, field: str, label: str, value: str) -> Component:
    options = [(value, value)] if value else []
    return picker(
        ids.control(NAME, field), label, value, options, clearable=True, placeholder=view.words(f"whatif.any_{field}")
    )


def _multi(view: View, field: str, label: str, value: tuple[str, ...]) -> Component:
    return dmc.MultiSelect(
        id=ids.control(NAME, field), label=view.words(label), value=list(value),
        data=[{"value": each, "label": each} for each in value], searchable=True, clearable=True, size="xs",
        placeholder="" if value else view.words("whatif.no_switch"),
    )  # fmt: skip


def options_of(facts: GridFacts, state: WhatIfState, feeder: FeederSlice | None, view: View) -> tuple[Any, ...]:
    """Return the options of feeders, buses, sections to open and ties to close, as the form stands."""
    feeders = facts.overview.feeders
    here = feeders.district == state.district if state.district else np.zeros(len(feeders.id), dtype=bool)
    names = feeders.id[here].tolist()
    if state.feeder and state.feeder not in names:
        names = [state.feeder, *names]
    buses: list[dict[str, str]] = []
    sections: list[str] = list(state.opened)
    ties: list[dict[str, str]] = [{"value": tie, "label": tie} for tie in state.closed]
    if feeder is not None:
        words = view.words
        for n in range(1, len(feeder.buses.id)):
            rating = float(feeder.buses.rating_kva[n])
            kind = f" · {rating:,.0f} kVA" if rating > 0 else ""
            name = str(feeder.buses.id[n])
            buses.append({"value": name, "label": f"{name}{kind} · {feeder.buses.distance_km[n]:.2f} km"})
        sections += [name for name in feeder.lines.id.tolist() if name not in sections]
        known = set(state.closed)
        ties += [
            {"value": tie.id, "label": words("whatif.tie", tie=tie.id, other=tie.other_feeder)}
            for tie in feeder.ties
            if tie.id not in known
        ]
    if state.bus and state.bus not in {option["value"] for option in buses}:
        buses.insert(0, {"value": state.bus, "label": state.bus})
    return (
        [{"value": name, "label": name} for name in names],
        buses,
        [{"value": name, "label": name} for name in sections],
        ties,
    )
