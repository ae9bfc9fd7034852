"""The gate: every request passes it, or is sent away before any other code sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import Flask, Response, g, make_response, redirect, request
from werkzeug.datastructures import Headers

from dash_app.security.guard import Guard
from dash_app.security.secret import same, signature
from dash_app.settings import LOOPBACK, Settings
from dash_app.view import Viewer
from data.sessions import SessionStore
from data.users import Role, UserStore

CALLBACK_RULE = "/_dash-update-component"
LOGIN_RULE = "/login"
PASSWORD_RULE = "/password"
FREE_OF_PASSWORD_CHANGE = (PASSWORD_RULE, "/logout")
CSRF_COOKIE = "_csrf_token"
CSRF_HEADER = "X-CSRFToken"
DEMO_TOKEN = "demo"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FORM_RULES = (LOGIN_RULE, PASSWORD_RULE, "/logout")
"""Forms carry their token in a field, which their own code checks."""

DEMO_VIEWER = Viewer("demo", Role.ENGINEER, demo=True)


@dataclass(frozen=True, eq=False)
class Gate:
    """What the gate knows.

    Attributes
    ----------
    guard
        Roles of routes and callbacks.
    settings, secret
        Of the application.
    users, sessions
        Who may enter and who is in.
    """

    guard: Guard
    settings: Settings
    secret: bytes
    users: UserStore
    sessions: SessionStore

    def install(self, server: Flask) -> None:
        """Let every request of a server pass the gate first."""
        server.before_request_funcs.setdefault(None, []).insert(0, self.check)

    @property
    def cookie(self) -> str:
        """Name of the session's cookie; the prefix makes browsers insist on HTTPS and on this very host."""
        return "__Host-twin" if self.settings.https else "twin"

    def check(self) -> Response | None:
        """Return None to let the request pass, or the answer that sends it away."""
        g.viewer, g.token = None, ""
        if self.settings.demo and (urlsplit(f"//{request.host}").hostname or "") not in LOOPBACK:
            return refusal(421, "this host is not served")
        rule = request.url_rule.rule if request.url_rule else None
        if rule is None:
            return None  # Flask answers 404 or 405 by itself
        if rule not in self.guard.routes:
            return refusal(403, "no role may ask for this")
        g.viewer, g.token, must_change = self._who()
        return self._foreign(rule, g.token) or self._check_role(rule, g.viewer, must_change=must_change)

    def _check_role(self, rule: str, viewer: Viewer | None, *, must_change: bool) -> Response | None:
        needed = self.guard.routes[rule]
        if needed is None:
            return None
        if viewer is None:
            return self._to(LOGIN_RULE)
        if must_change and rule not in FREE_OF_PASSWORD_CHANGE:
            return self._to(PASSWORD_RULE)
        if not viewer.may(needed):
            return refusal(403, f"this needs the role {needed}")
        return self._check_callback(viewer) if rule == CALLBACK_RULE else None

    def csrf_token(self, session_token: str) -> str:
        """Return the token that requests of a session carry in their header."""
        return signature(self.secret, "csrf", session_token)

    def _who(self) -> tuple[Viewer | None, str, bool]:
        if self.settings.demo:
            return DEMO_VIEWER, DEMO_TOKEN, False
        token = request.cookies.get(self.cookie, "")
        name = self.sessions.user_of(token) if token else None
        user = self.users.get(name) if name else None
        if user is None or user.disabled:
            return None, "", False
        return Viewer(user.name, user.role), token, user.must_change

    def _foreign(self, rule: str, token: str) -> Response | None:
        """Refuse what another site makes a browser send."""
        if request.method in SAFE_METHODS:
            return None
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return refusal(400, "the request comes from another site")
        if site is not None and site not in {"same-origin", "none"}:
            return refusal(400, "the request comes from another site")
        if rule in FORM_RULES or (token == "" and self.guard.routes[rule] is not None):
            return None  # forms check their field; without a session the answer is the log-in
        if not same(request.headers.get(CSRF_HEADER, ""), self.csrf_token(token)):
            return refusal(400, "the token of the session is missing")
        return None

    def _check_callback(self, viewer: Viewer) -> Response | None:
        body = request.get_json(silent=True)
        output = body.get("output") if isinstance(body, dict) else None
        needed = self.guard.callbacks.get(output) if isinstance(output, str) else None
        if needed is None:
            return refusal(403, "no role may run this")
        return None if viewer.may(needed) else refusal(403, f"this needs the role {needed}")

    @staticmethod
    def _to(rule: str) -> Response:
        """Send a person to a form, and tell a script that there is nobody."""
        wants_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if not wants_page:
            return refusal(401, "log in first")
        wanted = request.full_path.rstrip("?")
        return make_response(redirect(f"{rule}?next={quote(wanted, safe='/')}" if rule == LOGIN_RULE else rule, 303))


def refusal(status: int, why: str) -> Response:
    """Return an answer that refuses, as JSON with one sentence."""
    headers = Headers({"Content-Type": "application/json"})
    return Response(json.dumps({"error": why}), status, headers)
