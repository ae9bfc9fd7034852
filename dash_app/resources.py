"""Data that pages fetch by themselves and browsers keep: outlines of districts, positions of feeders.

A resource belongs to a page and a published run; a run never changes, so its resources may be kept.
"""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, NotFound

from dash_app.page import Pages
from dash_app.requests import viewer_of_request
from dash_app.security.guard import Guard
from dash_app.services import Services
from data.users import Role

RULE = "/resource/<run>/<page>/<name>.json"
KEPT_S = 86400


def address_of(run_id: str, page: str, name: str) -> str:
    """Return the address of a page's resource for a run."""
    return f"/resource/{run_id}/{page}/{name}.json"


def add_resources(server: Flask, guard: Guard, services: Services, pages: Pages) -> None:
    """Add the route."""

    def resource(run: str, page: str, name: str) -> Response:
        chosen, found = pages.named(page), services.runs.get(run)
        if chosen is None or found is None or name not in chosen.resources:
            raise NotFound
        if not viewer_of_request().may(chosen.role):
            raise Forbidden
        make = chosen.resources[name]
        content = services.runs.made((run, "resource", page, name), lambda: make(services, run))
        answer = Response(content, 200, content_type="application/json")
        answer.cache_control.private = True
        answer.cache_control.max_age = KEPT_S
        answer.set_etag(f"{run}-{page}-{name}")
        conditional: Response = answer.make_conditional(request)
        return conditional

    server.add_url_rule(RULE, RULE, resource)
    guard.allow_route(RULE, Role.VIEWER)
