"""What a page is: its path, who may see it, its state in the address, its layout, its callbacks and its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from dash.development.base_component import Component

from dash_app.callbacks import Callbacks, Scope
from dash_app.exports.table import Table
from dash_app.services import Services
from dash_app.url_state import PageState
from dash_app.view import View
from data.users import Role

Layout = Callable[[View, Any, Services], Component]
Tables = Mapping[str, Callable[[View, Any, Services], Table]]

_ARGUMENT = re.compile(r"[^/\x00-\x1f\x7f\ud800-\udfff<>\"'`\\]{1,120}")


class NotFoundError(LookupError):
    """The address names something that is not there; the message, a whole sentence, is shown to the user."""


def no_callbacks(on: Callbacks, services: Services) -> None:
    """Register nothing: for a page that only shows."""


@dataclass(frozen=True, eq=False)
class Page:
    """One page.

    Attributes
    ----------
    name
        Used in ids, exports and keys: `title.<name>` and `question.<name>` must be in the catalogues.
    path
        Template of the path: `/grid/feeder/<feeder>`.
    role
        Needed to see the page, to run its callbacks (unless one asks for more) and to export its tables.
    state
        Dataclass of what the page shows (see `dash_app.url_state`).
    layout
        Makes the page; raises :class:`NotFoundError` when an argument names nothing. No figures, no rows of data.
    register
        Adds the page's callbacks.
    tables
        What "show as table" and exports give, by name: the full data behind a chart.
    resources
        JSON that the page's figures fetch by themselves and browsers keep, by name (see `dash_app.resources`).
    in_navigation
        Whether the navigation lists it; a page with variables in its path cannot be listed.
    needs_run
        Whether it has nothing to show without a published run; the frame then shows the empty state.
    """

    name: str
    path: str
    role: Role
    layout: Layout
    state: type[PageState] = PageState
    register: Callable[[Callbacks, Services], None] = no_callbacks
    tables: Tables = field(default_factory=dict)
    resources: Mapping[str, Callable[[Services, str], bytes]] = field(default_factory=dict)
    in_navigation: bool = True
    needs_run: bool = True

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values of the path's variables, or None when the path is not this page's."""
        mine, given = self.path.split("/"), path.rstrip("/").split("/")
        if len(mine) != len(given):
            return None
        found = {}
        for template, text in zip(mine, given, strict=True):
            if template.startswith("<"):
                found[template[1:-1]] = unquote(text, errors="replace")
            elif template != text:
                return None
        return self._checked(found)

    def _checked(self, arguments: Mapping[str, str]) -> dict[str, str] | None:
        """Return the arguments when they are this path's and could be somebody's name, else None."""
        names = {part[1:-1] for part in self.path.split("/") if part.startswith("<")}
        sound = all(_ARGUMENT.fullmatch(text) and text not in {".", ".."} for text in arguments.values())
        return dict(arguments) if names == arguments.keys() and sound else None

    def scope(self) -> Scope:
        """Return what the page's callbacks must know of it."""
        return Scope(self.name, self.role, self.state, self._checked)

    def href(self, query: str = "", **arguments: str) -> str:
        """Return the address of the page with its variables filled and a query behind."""
        path = self.path
        for name, value in arguments.items():
            path = path.replace(f"<{name}>", quote(value, safe=""))
        return f"{path}?{query}" if query else path


@dataclass(frozen=True, eq=False)
class Pages:
    """All pages of an application, in the order of the navigation; names must differ.

    Attributes
    ----------
    all
        The pages.
    """

    all: tuple[Page, ...]

    def __post_init__(self) -> None:
        names = [page.name for page in self.all]
        if len(set(names)) != len(names):
            raise ValueError(f"pages need names of their own: {sorted(names)}")

    def at(self, path: str) -> tuple[Page, dict[str, str]] | None:
        """Return the page at a path with the values of the path's variables, or None."""
        for page in self.all:
            arguments = page.match(path)
            if arguments is not None:
                return page, arguments
        return None

    def chapter(self, page: Page) -> Page | None:
        """Return the page of the navigation under which a page stands: itself, or the closest above it."""
        if page.in_navigation:
            return page
        above = [entry for entry in self.all if entry.in_navigation and page.path.startswith(f"{entry.path}/")]
        return max(above, key=lambda entry: len(entry.path), default=None)

    def named(self, name: str) -> Page | None:
        """Return the page of a name, or None."""
        return next((page for page in self.all if page.name == name), None)
