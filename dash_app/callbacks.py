"""How pages add callbacks: each has a role, is refused to everybody else, and notes what it changes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dash import Dash, Input, State

from dash_app import ids
from dash_app.requests import view_of_request
from dash_app.security.guard import Guard
from dash_app.services import Services
from dash_app.url_state import PageState, from_values
from dash_app.view import View
from data.users import Role

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True, eq=False)
class Scope:
    """What callbacks must know of their page.

    Attributes
    ----------
    name
        Of the page.
    role
        Needed for every callback.
    state
        Dataclass of what the page shows.
    checked
        Returns the arguments of the page's path when they could stand in it, else None.
    """

    name: str
    role: Role
    state: type[PageState]
    checked: Callable[[Mapping[str, str]], dict[str, str] | None]


class Callbacks:
    """Adds the callbacks of one page to the application.

    A callback is a plain function of `(view, state, *values)`: who looks, what the page shows, and the values of the
    inputs and states it named, in their order.
    """

    def __init__(self, app: Dash, guard: Guard, services: Services, page: Scope) -> None:
        self._app = app
        self._guard = guard
        self._services = services
        self._page = page

    def shown(self, *dependencies: Any, role: Role | None = None, **options: Any) -> Decorator:
        """Decorate what makes a part of the page: runs when the page opens and whenever its state changes.

        Parameters
        ----------
        *dependencies
            Outputs, then further inputs and states when needed.
        role
            More than the page's role, when needed.
        **options
            Of `dash.Dash.callback`: `prevent_initial_call`, `running`, ...
        """
        return self._add((*dependencies, Input(ids.state(self._page.name), "data")), role, "", options)

    def event(self, *dependencies: Any, role: Role | None = None, changes: str = "", **options: Any) -> Decorator:
        """Decorate what answers an event (a click, a tick); it knows the page's state but does not run with it.

        Parameters
        ----------
        *dependencies
            Outputs, inputs, states.
        role
            More than the page's role, when needed.
        changes
            Dotted verb for the audit log (`job.start`) when the callback changes anything. It must then write the entry
            itself, with what it changed: `services.audit.add(view.viewer.name, ...)`.
        **options
            Of `dash.Dash.callback`.
        """
        return self._add((*dependencies, State(ids.state(self._page.name), "data")), role, changes, options)

    def _add(
        self, dependencies: tuple[Any, ...], role: Role | None, changes: str, options: dict[str, Any]
    ) -> Decorator:
        needed = role or self._page.role
        needed = needed if needed.covers(self._page.role) else self._page.role

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(function)
            def answer(*values: Any) -> Any:
                view, state = self._look(values[-1])
                return function(view, state, *values[:-1])

            before = set(self._app.callback_map)
            self._app.callback(*dependencies, **options)(answer)
            for callback_id in set(self._app.callback_map) - before:
                self._guard.allow_callback(callback_id, needed, changes)
            return function

        return decorate

    def _look(self, data: Any) -> tuple[View, PageState]:
        told = data if isinstance(data, dict) else {}
        run_id, arguments = str(told.get("run", "")), told.get("arguments")
        texts = {str(k): str(v) for k, v in arguments.items()} if isinstance(arguments, dict) else {}
        # what the browser says is believed no more than an address
        view = view_of_request(self._services, run_id, self._page.checked(texts) or {})
        values = told.get("values")
        return view, from_values(self._page.state, values if isinstance(values, dict) else {})
