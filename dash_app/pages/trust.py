"""The page `/grid/trust`: can this run be believed."""

from __future__ import annotations

from typing import Any

from dash import Output, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.grid_trust import (
    Check,
    certificate_table,
    checks_of,
    checks_table,
    shares_of,
    sources_table,
    trust_answer,
    trust_tone,
)
from dash_app.callbacks import Callbacks
from dash_app.exports.table import Table
from dash_app.figures.grid_trust import shares_figure, shares_sentence
from dash_app.page import Page
from dash_app.pages.grid_data import facts_of
from dash_app.services import Services
from dash_app.url_state import PageState
from dash_app.view import View
from dash_app.widgets.chart import chart_card, table_card
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer
from data.durable import sha256_of_bytes
from data.store import MANIFEST
from data.users import Role

NAME = "trust"


def manifest_is_sound(view: View, services: Services) -> bool:
    """Whether the manifest of the run is the one the ledger knows; it holds the digest of every file."""
    path = services.runs.store.folder_of(view.run_id) / MANIFEST
    return view.run is not None and path.is_file() and sha256_of_bytes(path.read_bytes()) == view.run.manifest_sha256


def checks(view: View, services: Services) -> tuple[Check, ...]:
    """Return the checks of the run that is looked at."""
    return checks_of(facts_of(view, services), view.words, manifest_sound=manifest_is_sound(view, services))


def layout(view: View, _: PageState, services: Services) -> Component:
    """Return the page."""
    facts, words, found = facts_of(view, services), view.words, checks(view, services)
    return html.Div(
        [
            answer(view, NAME, trust_answer(facts, found, words), trust_tone(found)),
            table_card(view, NAME, "checks", words("trust.checks"), html.Div(id=ids.of_page(NAME, "checks"))),
            html.Div(
                [
                    chart_card(view, NAME, "sources", words("trust.sources"), table="sources", height=150),
                    table_card(
                        view, NAME, "certificate", words("trust.certificate"),
                        html.Div(id=ids.of_page(NAME, "certificate")),
                    ),
                ],
                className="columns even",
            ),
        ],
        className="stack",
    )  # fmt: skip


def register(on: Callbacks, services: Services) -> None:
    """Add the callback that fills the page."""

    @on.shown(
        Output(ids.of_page(NAME, "checks"), "children"),
        Output(ids.of_page(NAME, "certificate"), "children"),
        Output(ids.chart(NAME, "sources"), "figure"),
        Output(ids.sentence(NAME, "sources"), "children"),
    )
    def _show(view: View, _: PageState) -> tuple[Any, ...]:
        facts, run = facts_of(view, services), services.runs.summary(view.run_id).run
        shares = shares_of(run.stated_rows, run.assumed_rows)
        return (
            plain_table(view, checks_table(checks(view, services), view.words)),
            plain_table(view, certificate_table(facts, view.words)),
            shares_figure(shares, view.words, view.theme),
            shares_sentence(shares, view.words),
        )


def _checks(view: View, _: PageState, services: Services) -> Table:
    return checks_table(checks(view, services), view.words)


def _certificate(view: View, _: PageState, services: Services) -> Table:
    return certificate_table(facts_of(view, services), view.words)


def _sources(view: View, _: PageState, services: Services) -> Table:
    return sources_table(facts_of(view, services), view.words)


PAGE = Page(
    name=NAME,
    path="/grid/trust",
    role=Role.VIEWER,
    layout=layout,
    register=register,
    tables={"checks": _checks, "sources": _sources, "certificate": _certificate},
)
