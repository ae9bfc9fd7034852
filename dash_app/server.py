"""The application put together: Dash on Flask behind the gate, with its pages, exports, uploads and health page."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dash import Dash, html
from dash.exceptions import DependencyException
from flask import Flask, Response, g, has_request_context, jsonify, make_response, redirect, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

from dash_app.callbacks import Callbacks
from dash_app.compression import use_compression
from dash_app.export_route import add_exports
from dash_app.page import Pages
from dash_app.pages import PAGES
from dash_app.requests import language_of_request, theme_of_request
from dash_app.resources import add_resources
from dash_app.security.gate import CALLBACK_RULE, CSRF_COOKIE, CSRF_HEADER, Gate
from dash_app.security.guard import Guard
from dash_app.security.headers import add_headers, content_policy
from dash_app.security.login import add_login, rendered
from dash_app.security.secret import secret_of
from dash_app.services import Services, services_of
from dash_app.settings import Settings
from dash_app.shell.layout import frame
from dash_app.shell.routing import add_routing
from dash_app.uploads import add_uploads
from dash_app.words import words_of
from data.sessions import SessionLimits, SessionStore
from data.users import Role

LOG = logging.getLogger("dash_app")
FOLDER = Path(__file__).parent
HEALTH_RULE = "/health"
PAGE_RULE = "/<path:path>"
OPEN_RULES = ("/assets/<path:filename>", HEALTH_RULE)
"""Rules open to everybody: style sheets and scripts, which the log-in needs, and the health page."""

VIEWER_RULES = (
    "/", PAGE_RULE, "/_dash-layout", "/_dash-dependencies", CALLBACK_RULE,
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>",
)  # fmt: skip
"""Rules of Dash that viewers may ask for; the others that Dash has stay closed."""


class TwinDash(Dash):  # type: ignore[misc]  # Dash is untyped
    """Dash with a page of its own: language, theme and icon from here."""

    def interpolate_index(self, **parts: Any) -> str:
        """Return the page that loads the application."""
        lang, theme = language_of_request(), theme_of_request()
        title = escape(words_of(lang)("product.name"))
        loading = escape(words_of(lang)("shell.loading"))
        entry = f'<div id="react-entry-point"><p class="_dash-loading">{loading}</p></div>'
        head = (
            f'{parts["metas"]}<title>{title}</title><link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">'
        )
        scripts = f"<footer>{parts['config']}{parts['scripts']}{parts['renderer']}</footer>"
        return (
            f'<!doctype html><html lang="{lang.value}" data-theme="{theme.value}"><head>{head}{parts["css"]}</head>'
            f'<body data-ag-theme-mode="{theme.value}">{entry}{scripts}</body></html>'
        )


def create_app(settings: Settings, pages: Pages | None = None) -> TwinDash:
    """Return the application of a folder of runs, ready to serve (`.server` is the WSGI application)."""
    pages = pages or Pages(PAGES)
    services, guard = services_of(settings), Guard()
    server = Flask("dash_app", root_path=str(FOLDER), template_folder="templates", static_folder=None)
    server.config.update(MAX_CONTENT_LENGTH=settings.upload_bytes, MAX_FORM_PARTS=20, DEBUG=False)
    limits = SessionLimits(settings.idle_minutes * 60.0, settings.longest_hours * 3600.0)
    gate = Gate(
        guard, settings, secret_of(settings.state_folder), services.users, SessionStore(settings.state_folder, limits)
    )
    app = _dash(server)
    # Dash asks for the layout once without a request, only to look whether it is one
    app.layout = lambda: frame(gate.csrf_token(g.token)) if has_request_context() else html.Div()
    _add_own_routes(server, guard, services)
    add_login(server, guard, gate, services.audit)
    add_exports(server, guard, services, pages)
    add_resources(server, guard, services, pages)
    add_uploads(server, guard, services)
    _add_callbacks(app, guard, services, pages)
    app._setup_server()  # noqa: SLF001 — Dash's routes must be there before the first request
    _finish(app, server, gate, pages)
    return app


def _dash(server: Flask) -> TwinDash:
    return TwinDash(
        "dash_app",
        server=server,
        assets_folder=str(FOLDER / "assets"),
        pages_folder="",
        use_pages=False,
        compress=False,
        serve_locally=True,
        suppress_callback_exceptions=True,
        update_title=None,
        csrf_token_name=CSRF_COOKIE,
        csrf_header_name=CSRF_HEADER,
        enable_mcp=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )


def _add_callbacks(app: TwinDash, guard: Guard, services: Services, pages: Pages) -> None:
    add_routing(app, guard, services, pages)
    for page in pages.all:
        page.register(Callbacks(app, guard, services, page.scope()), services)


def _add_own_routes(server: Flask, guard: Guard, services: Services) -> None:
    def health() -> Response:
        try:
            latest = services.runs.latest()
        except OSError as error:
            return make_response({"status": "failed", "why": type(error).__name__}, 503)
        return jsonify({"status": "ok", "runs": latest is not None})

    server.add_url_rule(HEALTH_RULE, HEALTH_RULE, health)
    for rule in OPEN_RULES:
        guard.allow_route(rule, None)
    for rule in VIEWER_RULES:
        guard.allow_route(rule, Role.VIEWER)


def _finish(app: TwinDash, server: Flask, gate: Gate, pages: Pages) -> None:
    """Put the gate in front, the headers behind, and answers of its own for what goes wrong."""
    gate.install(server)
    server.before_request(lambda: _page_or_404(pages))
    add_headers(server, content_policy(app.csp_hashes()), https=gate.settings.https)
    _add_csrf_cookie(server, gate)
    _add_error_pages(server)
    use_compression(server)
    if count := gate.settings.proxies:
        server.wsgi_app = ProxyFix(server.wsgi_app, count, count, count, 0, 0)


def _page_or_404(pages: Pages) -> Response | None:
    """Answer the first page at the root, and "not found" at once where there is no page."""
    rule = request.url_rule.rule if request.url_rule else ""
    if rule == "/":
        return make_response(redirect(pages.all[0].path, 303)) if pages.all else None
    if rule != PAGE_RULE:
        return None
    if pages.at(request.path) is None:
        message = words_of(language_of_request())("empty.not_found", path=request.path[:200])
        return rendered("message.html", 404, "empty.title_404", message=message)
    return None


def _add_csrf_cookie(server: Flask, gate: Gate) -> None:
    @server.after_request
    def _add(response: Response) -> Response:
        """Hand the session's token to the scripts of this very site; other sites cannot read it."""
        if g.get("viewer") is not None and response.mimetype == "text/html" and response.status_code == 200:
            response.set_cookie(
                CSRF_COOKIE, gate.csrf_token(g.token), path="/", samesite="Strict", secure=gate.settings.https
            )
        return response


def _add_error_pages(server: Flask) -> None:
    def known(error: HTTPException) -> Response:
        words = words_of(language_of_request())
        if error.code == 413:
            limit = round((server.config["MAX_CONTENT_LENGTH"] or 0) / 1024 / 1024)
            return _told(words("error.too_large", limit=limit), 413)
        return _told(error.name, error.code or 500)

    def unknown(error: Exception) -> Response:
        number = secrets.token_hex(4)
        LOG.error("error %s at %s", number, request.path, exc_info=error)
        return _told(words_of(language_of_request())("empty.failed", number=number), 500)

    def unknown_file(_: Exception) -> Response:
        LOG.info("no component file %s", request.path)
        return _told(NotFound().name, 404)

    server.register_error_handler(HTTPException, known)
    server.register_error_handler(DependencyException, unknown_file)
    server.register_error_handler(Exception, unknown)


def _told(sentence: str, status: int) -> Response:
    """Return an answer with one sentence: as a page to people, as JSON and a header, which is said, to scripts."""
    if "text/html" in request.headers.get("Accept", "") and request.method == "GET":
        return rendered("message.html", status, "empty.title_error", message=sentence)
    answer = make_response({"error": sentence}, status)
    answer.headers["X-Twin-Message"] = quote(sentence)
    return answer
