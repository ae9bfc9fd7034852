"""Choices: a few side by side, or many in a list; each with its label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

Options = Sequence[tuple[str, str]]


def choice(control: dict[str, Any] | str, label: str, value: str, options: Options) -> Component:
    """Return a choice of a few (value, text), all in sight."""
    buttons = dmc.SegmentedControl(
        id=control, value=value, data=[{"value": key, "label": text} for key, text in options], size="xs",
        **{"aria-label": label},
    )  # fmt: skip
    return html.Div(
        [html.Span(label, className="choice-label", **{"aria-hidden": "true"}), buttons], className="choice"
    )


def picker(control: dict[str, Any] | str, label: str, value: str, options: Options, **more: Any) -> Component:
    """Return a list of (value, text) to search and choose from."""
    return dmc.Select(
        id=control, label=label, value=value or None, data=[{"value": key, "label": text} for key, text in options],
        searchable=True, size="xs", **more,
    )  # fmt: skip
