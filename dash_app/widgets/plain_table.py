"""A small table of plain HTML: a few rows that are always in sight."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.exports.table import Cell, Column, Table
from dash_app.view import View

MOST_ROWS = 60


def plain_table(view: View, table: Table, *, links: dict[int, str] | None = None, most: int = MOST_ROWS) -> Component:
    """Return the table, at most so many rows; `links` are addresses by row that the first cell leads to.

    What is missing is named and hatched, never empty and never zero.
    """
    heads = [html.Th(_heading(column), scope="col", className=_kind(table, index)) for index, column in _all(table)]
    rows = []
    for number, row in enumerate(table.rows[:most]):
        cells = [_cell(view, table, index, row[index]) for index, _ in _all(table)]
        if links and number in links:
            cells[0] = html.Td(html.A(str(row[0]), href=links[number]))
        rows.append(html.Tr(cells))
    caption = html.Caption(table.title, className="hidden")
    body = html.Table([caption, html.Thead(html.Tr(heads)), html.Tbody(rows)], className="plain-table")
    return html.Div(body, className="table-scroll", tabIndex="0", role="region", **{"aria-label": table.title})


def _all(table: Table) -> list[tuple[int, Column]]:
    return list(enumerate(table.columns))


def _heading(column: Column) -> str:
    return f"{column.heading} ({column.unit})" if column.unit else column.heading


def _kind(table: Table, index: int) -> str:
    numeric = any(isinstance(row[index], int | float) for row in table.rows[:MOST_ROWS])
    return "number" if numeric else ""


def _cell(view: View, table: Table, index: int, value: Cell) -> Component:
    if value is None:
        return html.Td(view.words("table.no_value"), className="missing")
    text = f"{value:,.{table.columns[index].decimals}f}" if isinstance(value, float) else str(value)
    return html.Td(text, className=_kind(table, index))
