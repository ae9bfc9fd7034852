"""Log-in, log-out and the change of a one-time password: plain forms that need no script."""

from __future__ import annotations

import math
import re
import secrets

from flask import Flask, Response, g, make_response, redirect, render_template, request

from dash_app.requests import language_of_request, theme_of_request
from dash_app.security.gate import CSRF_COOKIE, LOGIN_RULE, PASSWORD_RULE, Gate, refusal
from dash_app.security.guard import Guard
from dash_app.security.secret import same, signature
from dash_app.words import words_of
from data.audit import AuditLog
from data.users import LONGEST_PASSWORD, SHORTEST_PASSWORD, Role, User

FORM_COOKIE = "login_form"
NAME_LENGTH = 32
_OWN_ADDRESS = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]{0,4000}")
"""A path of this very application: never another host, whatever a browser makes of slashes."""


def add_login(server: Flask, guard: Guard, gate: Gate, audit: AuditLog) -> None:
    """Add the routes of log-in, log-out and change of password."""
    forms = _Forms(gate, audit)
    routes = (
        (LOGIN_RULE, forms.login, ["GET", "POST"], None),
        ("/logout", forms.logout, ["POST"], Role.VIEWER),
        (PASSWORD_RULE, forms.password, ["GET", "POST"], Role.VIEWER),
    )
    for rule, function, methods, role in routes:
        server.add_url_rule(rule, rule, function, methods=methods)
        guard.allow_route(rule, role)


def rendered(template: str, status: int, title: str, **values: object) -> Response:
    """Return one of the plain pages in the language and theme of the request."""
    lang = language_of_request()
    words = words_of(lang)
    page = render_template(
        template, lang=lang.value, theme=theme_of_request().value, words=words, title=words(title), **values
    )
    return make_response(page, status)


class _Forms:
    """The forms, with what they need."""

    def __init__(self, gate: Gate, audit: AuditLog) -> None:
        self._gate = gate
        self._audit = audit

    def login(self) -> Response:
        """Show the form of log-in, or let a user in."""
        if g.viewer is not None:
            return _to(_wanted(request.args.get("next", "")))
        if request.method == "GET":
            return self._login_form("", 200)
        words = words_of(language_of_request())
        name = request.form.get("name", "").strip().lower()[:NAME_LENGTH]
        nonce, token = request.cookies.get(FORM_COOKIE, ""), request.form.get("token", "")
        if not nonce or not same(token, signature(self._gate.secret, "form", nonce)):
            return self._login_form(words("login.expired"), 400)
        wait_s = self._gate.sessions.wait_s(name, request.remote_addr or "")
        if wait_s > 0:
            answer = self._login_form(words("login.slow", seconds=math.ceil(wait_s)), 429, name)
            answer.headers["Retry-After"] = str(math.ceil(wait_s))
            return answer
        user = self._gate.users.verify(name, request.form.get("password", ""))
        if user is None:
            self._audit.add(name or "?", "login.refused", address=request.remote_addr)
            return self._login_form(words("login.wrong"), 401, name)
        self._gate.sessions.forgive(name)
        self._audit.add(user.name, "login", address=request.remote_addr)
        return self._enter(user, _wanted(request.form.get("next", "")))

    def _login_form(self, problem: str, status: int, name: str = "") -> Response:
        nonce = secrets.token_urlsafe(16)
        token = signature(self._gate.secret, "form", nonce)
        wanted = _wanted(request.values.get("next", ""))
        answer = rendered("login.html", status, "login.title", problem=problem, token=token, name=name, wanted=wanted)
        answer.set_cookie(
            FORM_COOKIE, nonce, max_age=1800, httponly=True, samesite="Strict", secure=self._gate.settings.https
        )
        return answer

    def _enter(self, user: User, wanted: str = "/") -> Response:
        """Begin a session under a new token, whatever the browser had before."""
        old = request.cookies.get(self._gate.cookie, "")
        if old:
            self._gate.sessions.end(old)
        token = self._gate.sessions.begin(user.name)
        answer = _to(wanted)
        answer.set_cookie(
            self._gate.cookie, token, path="/", httponly=True, samesite="Lax", secure=self._gate.settings.https
        )
        answer.delete_cookie(FORM_COOKIE)
        return answer

    def logout(self) -> Response:
        """End the session."""
        if not same(request.form.get("token", ""), self._gate.csrf_token(g.token)):
            return refusal(400, "the token of the session is missing")
        self._gate.sessions.end(g.token)
        self._audit.add(g.viewer.name, "logout")
        answer = _to(LOGIN_RULE)
        answer.delete_cookie(self._gate.cookie, path="/", secure=self._gate.settings.https, httponly=True)
        answer.delete_cookie(CSRF_COOKIE)
        return answer

    def password(self) -> Response:
        """Show the form of a new password, or set it."""
        if g.viewer.demo:
            return _home()
        if request.method == "GET":
            return self._password_form("", 200)
        chosen = request.form.get("password", "")
        problem = self._problem_of(chosen)
        if problem:
            return self._password_form(problem, 400)
        self._gate.users.change_password(g.viewer.name, chosen)
        self._gate.sessions.end_all(g.viewer.name)
        self._audit.add(g.viewer.name, "password.changed")
        user = self._gate.users.get(g.viewer.name)
        return self._enter(user) if user else _home()

    def _problem_of(self, chosen: str) -> str:
        """Return why the form of a new password cannot be accepted, or nothing."""
        words = words_of(language_of_request())
        if not same(request.form.get("token", ""), self._gate.csrf_token(g.token)):
            return words("login.expired")
        if chosen != request.form.get("again", ""):
            return words("login.differ")
        if not SHORTEST_PASSWORD <= len(chosen) <= LONGEST_PASSWORD:
            return words("login.too_short", shortest=SHORTEST_PASSWORD)
        return words("login.same") if self._gate.users.verify(g.viewer.name, chosen) else ""

    def _password_form(self, problem: str, status: int) -> Response:
        return rendered(
            "password.html", status, "login.change_title",
            problem=problem, token=self._gate.csrf_token(g.token), name=g.viewer.name, shortest=SHORTEST_PASSWORD,
        )  # fmt: skip


def _wanted(address: str) -> str:
    """Return the address to go to after log-in: one of this application, else the first page."""
    return address if _OWN_ADDRESS.fullmatch(address) else "/"


def _home() -> Response:
    return _to("/")


def _to(path: str) -> Response:
    return make_response(redirect(path, 303))
