"""From the address to the page: one callback fills the content, the navigation and what the header says of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from werkzeug.exceptions import Forbidden, NotFound

from dash_app import ids
from dash_app.clock import age, kst
from dash_app.page import NotFoundError, Page, Pages
from dash_app.requests import view_of_request
from dash_app.security.guard import Guard
from dash_app.services import Services
from dash_app.shell.verdict import judge
from dash_app.url_state import PageState, format_query, from_values, parse, query_value, specification, to_values
from dash_app.view import View
from dash_app.widgets.grid_table import grid_table
from dash_app.widgets.text import badge, empty
from data.errors import InvalidInput
from data.ledger import RunRecord, RunState
from data.users import Role

JOBS_PATH = "/jobs"


def add_routing(app: Dash, guard: Guard, services: Services, pages: Pages) -> None:
    """Add the callbacks of the frame."""
    before = set(app.callback_map)

    @app.callback(
        Output(ids.CONTENT, "children"),
        Output(ids.NAVIGATION, "children"),
        Output(ids.RUN_FACTS, "children"),
        Output(ids.RUN_PICKER, "data"),
        Output(ids.RUN_PICKER, "value"),
        Output(ids.EXPORTS, "children"),
        Output(ids.TITLE, "data"),
        Input(ids.ADDRESS, "pathname"),
        Input(ids.ADDRESS, "search"),
    )
    def _route(path: str | None, search: str | None) -> tuple[Any, ...]:
        return routed(services, pages, path or "/", search or "")

    @app.callback(
        Output(ids.table_place(ids.MATCH, ids.MATCH, ids.MATCH), "children"),
        Output(ids.table_button(ids.MATCH, ids.MATCH, ids.MATCH), "aria-expanded"),
        Input(ids.table_button(ids.MATCH, ids.MATCH, ids.MATCH), "n_clicks"),
        State(ids.table_button(ids.MATCH, ids.MATCH, ids.MATCH), "id"),
        State(ids.state(ids.MATCH), "data"),
        prevent_initial_call=True,
    )
    def _show_table(clicks: int | None, button: dict[str, str], told: Any) -> tuple[Any, str]:
        if not clicks or clicks % 2 == 0:
            return None, "false"
        return shown_table(services, pages, button, told), "true"

    for callback_id in set(app.callback_map) - before:
        guard.allow_callback(callback_id, Role.VIEWER)
    _add_browser_callbacks(app)


def _add_browser_callbacks(app: Dash) -> None:
    """Add what the browser does by itself; see `assets/frame.js`."""
    app.clientside_callback(
        ClientsideFunction("frame", "titled"), Output(ids.ADDRESS, "hash"), Input(ids.TITLE, "data")
    )
    app.clientside_callback(
        ClientsideFunction("frame", "choose_run"),
        Output(ids.ADDRESS, "search"),
        Input(ids.RUN_PICKER, "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("frame", "follow_controls"),
        Output(ids.state(ids.MATCH), "data"),
        Input({"type": "url-value", "page": ids.MATCH, "field": ids.ALL}, "value"),
        Input({"type": "url-checked", "page": ids.MATCH, "field": ids.ALL}, "checked"),
        State({"type": "url-value", "page": ids.MATCH, "field": ids.ALL}, "id"),
        State({"type": "url-checked", "page": ids.MATCH, "field": ids.ALL}, "id"),
        State(ids.state(ids.MATCH), "data"),
        State(ids.rules(ids.MATCH), "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("frame", "save_image"),
        Output({"type": "image-done", "page": ids.MATCH, "chart": ids.MATCH}, "data"),
        Input({"type": "image-button", "page": ids.MATCH, "chart": ids.MATCH}, "n_clicks"),
        State({"type": "image-button", "page": ids.MATCH, "chart": ids.MATCH}, "id"),
        prevent_initial_call=True,
    )


def routed(services: Services, pages: Pages, path: str, search: str) -> tuple[Any, ...]:
    """Return everything that depends on the address."""
    found = pages.at(path)
    page, arguments = found if found else (None, {})
    view = view_of_request(services, query_value(search, "run"), arguments)
    state = parse(page.state, search) if page else PageState()
    content = _content(services, page, view, state, path, has_jobs=pages.at(JOBS_PATH) is not None)
    pinned = query_value(search, "run") if view.run and query_value(search, "run") == view.run_id else ""
    title = view.words(f"title.{page.name}") if page else view.words("product.name")
    return (
        content,
        _navigation(view, pages, page, pinned),
        _run_facts(services, view),
        _run_options(services.runs.shown(), view),
        view.run_id or None,
        _exports(view, page),
        {"title": f"{title} · {view.words('product.name')}", "path": path},
    )


def _content(
    services: Services, page: Page | None, view: View, state: PageState, path: str, *, has_jobs: bool
) -> Component:
    words = view.words
    if page is None:
        return empty(words("empty.not_found", path=path[:200]), words("empty.go_home"), "/")
    if not view.viewer.may(page.role):
        needed, mine = words(f"role.{page.role}"), words(f"role.{view.viewer.role}")
        return empty(words("empty.not_allowed", role=needed, mine=mine), words("empty.ask_admin"))
    if page.needs_run and view.run is None:
        may_start = has_jobs and view.viewer.may(Role.ENGINEER)
        step = "empty.no_run_next" if may_start else "empty.no_run_later"
        return empty(words("empty.no_run"), words(step), JOBS_PATH if may_start else "")
    try:
        body = page.layout(view, state, services)
    except NotFoundError as missing:
        return empty(str(missing), words("empty.go_home"), "/")
    except InvalidInput as unreadable:
        why = str(unreadable.problems[0])
        return empty(words("empty.unreadable", why=why), words("empty.unreadable_next"))
    told = {"page": page.name, "run": view.run_id, "arguments": dict(view.arguments), "values": to_values(state)}
    return html.Article(
        [
            dcc.Store(id=ids.state(page.name), data=told),
            dcc.Store(id=ids.rules(page.name), data=specification(page.state)),
            body,
        ],
        className=f"page page-{page.name}",
    )


def _navigation(view: View, pages: Pages, page: Page | None, run_id: str) -> Component:
    links = []
    chapter = None if page is None else pages.chapter(page)
    for entry in pages.all:
        if entry.in_navigation and view.viewer.may(entry.role):
            here = entry is chapter
            current = {"aria-current": "page"} if entry is page else {}
            query = format_query(PageState(), run=run_id)
            name = view.words(f"title.{entry.name}")
            classes = "here" if here else ""
            links.append(html.Li(dcc.Link(name, href=entry.href(query), className=classes), **current))
    return html.Ul(links)


def _run_facts(services: Services, view: View) -> list[Component]:
    words, run, runs = view.words, view.run, services.runs
    failure = runs.newer_failure(run) if run else None
    judgement = judge(run, runs.latest(), failure, view.now_utc)
    chip = badge(words("verdict.label"), words(f"verdict.{judgement.verdict}"), judgement.verdict.tone)
    facts = [html.Span(chip, title=judgement.why(words), className="run-verdict", **{"data-shown-run": view.run_id})]
    if run is not None:
        made = run.ended_utc or run.started_utc
        text = words("shell.data_of", time=kst(made), age=age(made, view.now_utc, words))
        facts.append(html.Span(text, className="data-time"))
    why = html.Span(judgement.why(words), className="verdict-why")
    return [*facts, why] if judgement.verdict.tone.sign else facts


def _run_options(records: Sequence[RunRecord], view: View) -> list[dict[str, str]]:
    listed = list(records[:200])
    if view.run is not None and view.run not in listed:
        listed.append(view.run)
    return [{"value": record.run_id, "label": record.run_id + _note(view, record)} for record in listed]


def _note(view: View, record: RunRecord) -> str:
    """Return what a list of runs must say of one beside its name: nothing when all is well."""
    return f" · {view.words('verdict.degraded')}" if record.state is RunState.DEGRADED else ""


def _exports(view: View, page: Page | None) -> list[Component]:
    if page is None or not page.tables or not view.viewer.may(page.role):
        return [html.P(view.words("shell.export_none"))]
    return [
        html.A(
            f"{view.words.label('table', name) if view.words.has(f'table.{name}') else name} · {kind.upper()}",
            href=f"/export/{page.name}/{name}.{kind}",
            **{"data-export": "1"},
        )
        for name in page.tables
        for kind in ("csv", "xlsx")
    ]


def shown_table(services: Services, pages: Pages, button: dict[str, str], told: Any) -> Component:
    """Return a page's table as a grid; refused like the page itself."""
    page = pages.named(button.get("page", ""))
    told = told if isinstance(told, dict) else {}
    given = told.get("arguments")
    texts = {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
    arguments = page.scope().checked(texts) if page else None
    if page is None or arguments is None or button.get("table") not in page.tables:
        raise NotFound
    view = view_of_request(services, str(told.get("run", "")), arguments)
    if not view.viewer.may(page.role):
        raise Forbidden
    values = told.get("values")
    state = from_values(page.state, values if isinstance(values, dict) else {})
    table = page.tables[button["table"]](view, state, services)
    return (
        grid_table(view, f"{page.name}-{button['table']}-{button.get('chart', '')}-rows", table)
        if table.rows
        else no_rows(view)
    )


def no_rows(view: View) -> Component:
    """Return what stands in the place of an empty table."""
    return html.P(view.words("table.no_rows"), className="note")
