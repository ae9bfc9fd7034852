"""Controls that pages about the grid share: the outcome, and the step of the day."""

from __future__ import annotations

from enum import StrEnum

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import WHOLE_DAY, Shown
from dash_app.view import View
from dash_app.widgets.choice import choice

HOURS_NAMED = ("06:00", "09:00", "12:00", "15:00", "18:00", "21:00", "00:00", "03:00")
"""Hours named under the slider."""


def enum_choice(view: View, page: str, field: str, value: StrEnum, label: str) -> Component:
    """Return a choice among the members of an enum, named `grid.<field>_<member>`."""
    options = [(each.value, view.words(f"grid.{field}_{each.value}")) for each in type(value)]
    return choice(ids.control(page, field), view.words(label), value.value, options)


def outcome_choice(view: View, page: str, value: Shown) -> Component:
    """Return the choice between the plan and charging on arrival."""
    return enum_choice(view, page, "plan", value, "grid.outcome")


def step_slider(view: View, page: str, step: int, facts: GridFacts) -> Component:
    """Return the slider over the steps of the day; its left end is the worst of the day."""
    words, clock = view.words, facts.clock
    marks = [{"value": n, "label": text[:2]} for n, text in enumerate(clock) if text in HOURS_NAMED]
    return html.Div(
        [
            html.Span(words("grid.step"), className="slider-label"),
            dmc.Slider(
                id=ids.control(page, "step"),
                value=min(step, len(clock) - 1),
                min=WHOLE_DAY,
                max=len(clock) - 1,
                step=1,
                marks=[{"value": WHOLE_DAY, "label": words("grid.day")}, *marks],
                label=None,
                updatemode="drag",
                size="sm",
                thumbLabel=words("grid.step"),
            ),
            html.Output(id=ids.of_page(page, "step-text"), className="slider-value"),
        ],
        className="time-slider",
    )


def step_text(view: View, step: int, facts: GridFacts) -> str:
    """Return the chosen step in words."""
    return view.words("grid.day_worst") if step == WHOLE_DAY else facts.at(step)
