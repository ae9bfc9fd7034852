"""The layout that is loaded once: header, navigation and an empty place for the page."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.requests import language_of_request, theme_of_request, viewer_of_request
from dash_app.view import Theme, Viewer
from dash_app.words import Words, words_of
from twin.report_numbers import Lang

LANGUAGE_NAMES = {Lang.KOREAN: "KO", Lang.ENGLISH: "EN"}


def frame(csrf_token: str) -> Component:
    """Return the frame for the request at hand; it holds no data of any run."""
    lang, theme, viewer = language_of_request(), theme_of_request(), viewer_of_request()
    words = words_of(lang)
    parts = [
        dcc.Location(id=ids.ADDRESS, refresh="callback-nav"),
        dcc.Store(id=ids.TITLE),
        html.A(words("shell.skip"), href=f"#{ids.CONTENT}", className="skip"),
        *([html.P(words("shell.demo"), className="demo", role="note")] if viewer.demo else []),
        _header(words, theme, viewer, csrf_token),
        html.Div(
            [
                html.Nav(id=ids.NAVIGATION, className="navigation", **{"aria-label": words("shell.navigation")}),
                html.Main(
                    dcc.Loading(
                        html.Div(html.P(words("shell.loading"), className="note"), id=ids.CONTENT, tabIndex="-1"),
                        type="default",
                        delay_show=600,
                        custom_spinner=html.P(words("shell.loading"), className="loading", role="status"),
                        overlay_style={"visibility": "visible", "opacity": 0.6},
                    ),
                ),
            ],
            className="body",
        ),
        html.Footer(html.P(words("shell.footer")), className="footer"),
        html.Div(id=ids.ANNOUNCER, className="announcer", role="status", **{"aria-live": "polite"}),
    ]
    return dmc.MantineProvider(
        html.Div(parts, className="app"),
        forceColorScheme=theme.value,
        theme={"fontFamily": "inherit", "primaryColor": "gray", "defaultRadius": "sm"},
    )


def _header(words: Words, theme: Theme, viewer: Viewer, csrf_token: str) -> Component:
    return html.Header(
        [
            html.Div(
                [
                    html.Button(
                        "☰",
                        id=ids.NAVIGATION_TOGGLE,
                        className="tool menu",
                        n_clicks=0,
                        **{"aria-label": words("shell.menu"), "aria-controls": ids.NAVIGATION},
                    ),
                    dcc.Link(words("product.name"), href="/", className="product"),
                ],
                className="brand",
            ),
            html.Div(
                [
                    dmc.Select(
                        id=ids.RUN_PICKER,
                        data=[],
                        value=None,
                        size="xs",
                        allowDeselect=False,
                        comboboxProps={"width": 340, "position": "bottom-start"},
                        **{"aria-label": words("shell.run_label")},
                    ),
                    html.Div(id=ids.RUN_FACTS, className="run-facts"),
                ],
                className="run",
            ),
            html.Div(_actions(words, theme, viewer, csrf_token), className="actions"),
        ],
        className="header",
    )


def _actions(words: Words, theme: Theme, viewer: Viewer, csrf_token: str) -> list[Component]:
    other = Theme.LIGHT if theme is Theme.DARK else Theme.DARK
    languages = [
        html.Button(
            name,
            className="tool",
            lang=lang.value,
            **{
                "data-set-cookie": f"language={lang.value}",
                "aria-pressed": str(lang is words.lang).lower(),
                "aria-label": f"{words('shell.language')}: {name}",
            },
        )
        for lang, name in LANGUAGE_NAMES.items()
    ]
    role = words(f"role.{viewer.role}")
    return [
        html.Div(languages, className="pair", role="group", **{"aria-label": words("shell.language")}),
        html.Button(words(f"shell.to_{other}"), className="tool", **{"data-set-cookie": f"theme={other}"}),
        html.Button(
            words("shell.copy"),
            className="tool",
            **{
                "data-copy-link": "1",
                "data-done": words("shell.copied"),
                "data-failed": words("shell.copy_failed", link=""),
            },
        ),
        html.Details(
            [html.Summary(words("shell.export"), className="tool"), html.Div(id=ids.EXPORTS, className="menu-list")],
            className="export-menu",
        ),
        html.Button(words("shell.print"), className="tool", **{"data-print": "1"}),
        html.Span(words("shell.user", name=viewer.name, role=role), className="who"),
        *([] if viewer.demo else [_log_out(words, csrf_token)]),
    ]


def _log_out(words: Words, csrf_token: str) -> Component:
    return html.Form(
        [
            dcc.Input(type="hidden", name="token", value=csrf_token, id=ids.LOG_OUT_TOKEN),
            html.Button(words("shell.log_out"), className="tool", type="submit"),
        ],
        method="POST",
        action="/logout",
    )
