"""The figure of the page of trust: what the inputs rest on, as one bar."""

from __future__ import annotations

import plotly.graph_objects as go

from dash_app.answers.grid_trust import Shares
from dash_app.figures.style import palette, styled
from dash_app.view import Theme
from dash_app.words import Words
from twin.report_numbers import percent, plain


def shares_figure(shares: Shares, words: Words, theme: Theme) -> go.Figure:
    """Return one bar cut into measured, stated and assumed; what is assumed is hatched."""
    colours = palette(theme)
    looks = (
        ("measured", shares.measured, colours.plan, ""),
        ("stated", shares.stated, colours.bands[2], ""),
        ("assumed", shares.assumed, colours.bands[1], "/"),
    )
    traces = [
        go.Bar(
            orientation="h",
            y=[""],
            x=[round(share * 100.0, 2)],
            name=f"{words(f'trust.{name}')} {percent(share, words.lang, 0)}",
            marker={"color": shade, "pattern": {"shape": hatch, "fgcolor": colours.muted, "solidity": 0.25}},
            hovertemplate="%{x:.1f} %<extra>" + words(f"trust.{name}") + "</extra>",
        )
        for name, share, shade, hatch in looks
    ]
    figure = styled(theme, traces, x_title=words("trust.axis"))
    figure.update_layout(barmode="stack", hovermode="closest")
    figure.update_xaxes(range=[0, 100])
    return figure


def shares_sentence(shares: Shares, words: Words) -> str:
    """Say what the rows of the city's tables rest on."""
    return words(
        "trust.sentence",
        rows=plain(shares.rows),
        measured=percent(shares.measured, words.lang, 0),
        stated=percent(shares.stated, words.lang, 0),
        assumed=percent(shares.assumed, words.lang, 0),
    )
