"""The route of exports: any table of any page, in full, to whoever may see the page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, NotFound

from dash_app.exports.csv_file import csv_file
from dash_app.exports.facts import facts_of
from dash_app.exports.table import Table
from dash_app.exports.xlsx_file import xlsx_file
from dash_app.page import NotFoundError, Page, Pages
from dash_app.requests import view_of_request, viewer_of_request
from dash_app.security.guard import Guard
from dash_app.services import Services
from dash_app.url_state import parse, query_value
from dash_app.view import View
from data.users import Role

RULE = "/export/<page>/<table>.<kind>"
KINDS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
PATH_KEY = "at"
"""Key of the query that holds the page's path when the path has variables."""


def add_exports(server: Flask, guard: Guard, services: Services, pages: Pages) -> None:
    """Add the route."""

    def export(page: str, table: str, kind: str) -> Response:
        chosen = pages.named(page)
        if chosen is None or table not in chosen.tables or kind not in KINDS:
            raise NotFound
        if not viewer_of_request().may(chosen.role):
            raise Forbidden
        view, made = table_of_request(chosen, table, services)
        if not made.columns:
            raise NotFound  # nothing was asked that could be in it
        words, facts = view.words, facts_of(view, made)
        sheets = (words("table.rows", count=len(made.rows)), words("table.source"))
        content = csv_file(made, facts) if kind == "csv" else xlsx_file(made, facts, sheets)
        name = re.sub(r"[^\w.-]", "_", f"{page}-{table}-{view.run_id}", flags=re.ASCII)
        headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        return Response(content, 200, headers, content_type=KINDS[kind])

    server.add_url_rule(RULE, RULE, export)
    guard.allow_route(RULE, Role.VIEWER)


def table_of_request(page: Page, table: str, services: Services) -> tuple[View, Table]:
    """Return the view and the table that the query of a request describes; 404 when it names nothing."""
    query = request.query_string.decode(errors="replace")
    path = urlsplit(query_value(query, PATH_KEY)).path or page.path
    arguments = page.match(path)
    if arguments is None:
        raise NotFound
    view = view_of_request(services, query_value(query, "run"), arguments)
    if view.run is None and page.needs_run:
        raise NotFound
    try:
        return view, page.tables[table](view, parse(page.state, query), services)
    except (NotFoundError, KeyError):
        raise NotFound from None
