"""Answers, badges and empty states."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.view import View
from dash_app.widgets.tone import Tone


def answer(view: View, page: str, sentence: str, tone: Tone = Tone.CALM, *, id_: str = "") -> Component:
    """Return the head of a page: its question as the heading, and the one sentence that answers it.

    `id_` names the sentence when a callback keeps it up to date.
    """
    heading = html.H1(view.words(f"title.{page}"), tabIndex="-1")
    question = html.P(view.words(f"question.{page}"), className="question")
    told = {"id": id_} if id_ else {}
    text = html.P(sentence, className="answer-sentence", role="status", **told)
    return html.Header([heading, question, text], className=f"answer {tone}")


def badge(label: str, text: str, tone: Tone = Tone.CALM) -> Component:
    """Return a small labelled fact; an abnormal one carries a sign and words besides its colour."""
    sign = [html.Span(f"{tone.sign} ", **{"aria-hidden": "true"})] if tone.sign else []
    return html.Span([*sign, html.B(label), " ", text], className=f"badge {tone}")


def badges(*items: Component) -> Component:
    """Return badges as a list."""
    return html.Ul([html.Li(item) for item in items], className="badges")


def empty(why: str, next_step: str, href: str = "") -> Component:
    """Return what stands where nothing can be shown: why, and what to do next (a link when `href` is given)."""
    step = html.A(next_step, href=href, className="button") if href else html.Span(next_step)
    return html.Div([html.P(why, className="empty-why"), html.P(step)], className="empty", role="note")


def section(title: str, *children: Component, note: str = "", class_name: str = "") -> Component:
    """Return a titled part of a page."""
    told = [html.P(note, className="note")] if note else []
    return html.Section([html.H2(title), *told, *children], className=f"section {class_name}".strip())
