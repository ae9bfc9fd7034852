"""A table of a report: caption, titles with their scope, and cells that say when they are out of the ordinary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from twin.report_html import Html, element, join

SLIM = 3
"""Number of columns up to which a table need not be as wide as the page."""


class Kind(StrEnum):
    """What a column holds, and so how it is set."""

    FIGURES = "figures"
    """Flush right, on one line."""
    NAMES = "names"
    """Flush left, on one line."""
    PROSE = "prose"
    """Flush left, broken into lines."""


@dataclass(frozen=True)
class Column:
    """Title of a column and what it holds."""

    title: str
    kind: Kind = Kind.FIGURES


def table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], total: Sequence[str] = ()) -> Html:
    """Return a table that scrolls by itself where the page is too narrow; the first cell of a row is its title.

    Parameters
    ----------
    caption
        What the table is.
    columns
        One for each cell of a row.
    rows
        Cells as text or markup.
    total
        A last row that sums up, or nothing.
    """
    head = element("thead", element("tr", *(_title(column) for column in columns)))
    body = element("tbody", *(_row(columns, row) for row in rows))
    foot = element("tfoot", _row(columns, total)) if total else Html("")
    whole = element("table", element("caption", caption), head, body, foot)
    width = "scroll slim" if len(columns) <= SLIM else "scroll"
    return element("div", whole, class_=width, role="region", tabindex=0, aria_label=caption)


def facts(caption: str, rows: Sequence[tuple[str, str]]) -> Html:
    """Return a table of names and values."""
    cells = [element("tr", element("th", name, scope="row"), element("td", value)) for name, value in rows]
    return element("table", element("caption", caption), element("tbody", *cells), class_="facts")


def abnormal(text: str, *, when: bool) -> str:
    """Return a cell's text, marked by sign, weight and colour when it is out of the ordinary."""
    return element("strong", f"▲ {text}", class_="alert") if when else text


def folded(title: str, content: Html) -> Html:
    """Return content behind a title that opens it; on paper it is open."""
    return element("details", element("summary", title), content)


def _title(column: Column) -> Html:
    return element("th", column.title, scope="col", class_=column.kind.value)


def _row(columns: Sequence[Column], cells: Sequence[str]) -> Html:
    first, *others = cells
    rest = [element("td", cell, class_=column.kind.value) for column, cell in zip(columns[1:], others, strict=True)]
    return element("tr", element("th", first, scope="row"), join(rest))
