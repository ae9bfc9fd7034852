"""What a request says: who asks, in which language and theme, about which run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from flask import g, request

from dash_app.services import Services
from dash_app.view import Theme, View, Viewer
from dash_app.words import words_of
from twin.report_numbers import Lang

LANGUAGE_COOKIE = "language"
THEME_COOKIE = "theme"


def language_of_request() -> Lang:
    """Return the language the user chose, else the one the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in {lang.value for lang in Lang}:
        return Lang(chosen)
    return Lang(request.accept_languages.best_match([lang.value for lang in Lang], default=Lang.KOREAN.value))


def theme_of_request() -> Theme:
    """Return the theme the user chose, else light."""
    return Theme.DARK if request.cookies.get(THEME_COOKIE) == Theme.DARK.value else Theme.LIGHT


def viewer_of_request() -> Viewer:
    """Return the user whom the guard let in."""
    viewer: Viewer = g.viewer
    return viewer


def view_of_request(services: Services, run_id: str, arguments: Mapping[str, str]) -> View:
    """Return the look that a request takes at a run: the one it names when that is published, else the latest."""
    return View(
        viewer=viewer_of_request(),
        words=words_of(language_of_request()),
        theme=theme_of_request(),
        run=(services.runs.get(run_id) if run_id else None) or services.runs.latest(),
        arguments=dict(arguments),
        now_utc=datetime.now(UTC),
    )
