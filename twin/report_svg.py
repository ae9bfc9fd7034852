"""Drawings of matplotlib as SVG inside a page: text stays text, colours are those of the page, nothing refers outside.

Words are not given to matplotlib, whose fonts know no Hangul, but as tokens (`token`), which are filled in here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from html import escape

import matplotlib
from matplotlib.figure import Figure

from twin.report_html import Html

PAGE_COLOURS: dict[str, str] = {
    "ink": "#010101",
    "muted": "#020202",
    "line": "#030303",
    "paper": "#040404",
    "plan": "#050505",
    "before": "#060606",
    "alert": "#070707",
    "tint-a": "#080808",
    "tint-b": "#090909",
    "tint-c": "#0a0a0a",
}
"""Stand-in of each colour of the page's style sheet (`var(--ink)`, ...) in a drawing."""

DRAWING: dict[str, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "seoul-energy-twin",
    "font.family": "sans-serif",
    "font.size": 8.5,
    "axes.linewidth": 0.6,
    "path.simplify": False,
}
"""Settings of matplotlib: text as text, and the same bytes for the same drawing."""


def token(key: str) -> str:
    """Return the stand-in of a word in a drawing."""
    return f"[[{key}]]"


def inline_svg(figure: Figure, name: str, label: str, words: Mapping[str, str], class_: str) -> Html:
    """Return a drawing as an `svg` element.

    Parameters
    ----------
    figure
        The drawing, made and to be written with the settings `DRAWING`, in the colours `PAGE_COLOURS`.
    name
        Prefix of every id in it, so that several drawings can stand in one page.
    label
        What it shows, for those who cannot see it.
    words
        Text of each token.
    class_
        Its class in the style sheet.
    """
    text = io.StringIO()
    with matplotlib.rc_context(DRAWING):
        figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    body = text.getvalue()
    width, height = figure.get_size_inches() * 72
    body = body[body.index(">", body.index("<svg")) + 1 : body.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = _shorter(_own_ids(body, name))
    body = re.sub(r" ?font(-family)?: [^;\"]*'[^;\"]*(?=[;\"])", "", body)
    for colour, stand_in in PAGE_COLOURS.items():
        body = body.replace(stand_in, f"var(--{colour})")
    for key, word in words.items():
        body = body.replace(token(key), escape(word))
    opening = (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" class="{escape(class_)}" aria-label="{escape(label)}">'
    )
    return Html(f"{opening}<title>{escape(label)}</title>{body}</svg>")


def _own_ids(body: str, name: str) -> str:
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = body.replace("url(#", f"url(#{name}-")
    return re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', body)


def _shorter(body: str) -> str:
    """Return drawing commands with two decimals on one line: a hundredth of a point cannot be seen."""
    body = re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found.group()):.2f}", body)
    return re.sub(r"\s*\n\s*", " ", body)
