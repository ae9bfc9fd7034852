"""Who looks at what, in which language and theme: everything about a request that a layout or a callback needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dash_app.words import Words
from data.ledger import RunRecord
from data.users import Role
from twin.report_numbers import Lang


class Theme(StrEnum):
    """Light or dark."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Viewer:
    """The user behind a request."""

    name: str
    role: Role
    demo: bool = False

    def may(self, role: Role) -> bool:
        """Whether the user has at least this role."""
        return self.role.covers(role)


@dataclass(frozen=True, eq=False)
class View:
    """One look at a page.

    Attributes
    ----------
    viewer
        The user.
    words
        Texts in the language of the page.
    theme
        Light or dark; figures are made for it.
    run
        The published run that is looked at, or None when there is none.
    arguments
        Values of the path's variables: `{"feeder": "SS-01-F03"}` on `/grid/feeder/SS-01-F03`.
    now_utc
        When the request came.
    """

    viewer: Viewer
    words: Words
    theme: Theme
    run: RunRecord | None
    arguments: Mapping[str, str]
    now_utc: datetime

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.words.lang

    @property
    def run_id(self) -> str:
        """Id of the run that is looked at; empty when there is none."""
        return self.run.run_id if self.run else ""
