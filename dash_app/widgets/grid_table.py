"""A table in a grid that can be sorted, filtered and walked by keyboard."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from dash_app.exports.table import Cell, Column, Table
from dash_app.view import View
from twin.report_numbers import Lang

MOST_ROWS = 2000
"""Rows that a grid in the page holds; the export has them all."""

ROW_PX, HEAD_PX, MOST_PX = 32, 84, 420

COLUMN = {
    "sortable": True,
    "resizable": True,
    "filter": True,
    "minWidth": 110,
    "wrapHeaderText": True,
    "autoHeaderHeight": True,
}

FIXED = {
    "theme": {"function": "themeQuartz"},  # made in the browser: the older themes are style sheets of another host
    "enableCellTextSelection": True,
    "ensureDomOrder": True,
    "animateRows": False,
    "suppressColumnVirtualisation": True,
}

KOREAN = {
    "noRowsToShow": "표시할 행이 없습니다", "filterOoo": "걸러내기…", "equals": "같음", "notEqual": "같지 않음",
    "blank": "비어 있음", "notBlank": "비어 있지 않음", "contains": "포함", "notContains": "포함하지 않음",
    "startsWith": "시작", "endsWith": "끝", "lessThan": "미만", "greaterThan": "초과", "lessThanOrEqual": "이하",
    "greaterThanOrEqual": "이상", "inRange": "범위", "inRangeStart": "부터", "inRangeEnd": "까지",
    "andCondition": "그리고", "orCondition": "또는", "loadingOoo": "불러오는 중…",
    "ariaSortableColumn": "정렬하려면 Enter",
    "ariaFilterInput": "걸러내기 입력", "ariaFilterMenuOpen": "걸러내기 열기", "ariaFilterValue": "걸러낼 값",
}  # fmt: skip


def grid_table(view: View, grid_id: str | dict[str, Any], table: Table, **options: Any) -> Component:
    """Return the grid of a table; `options` are further `dashGridOptions`."""
    locale = {"localeText": KOREAN} if view.lang is Lang.KOREAN else {}
    rows = table.rows[:MOST_ROWS]
    grid = dag.AgGrid(
        id=grid_id,
        columnDefs=[_column(column, table, index) for index, column in enumerate(table.columns)],
        rowData=[_row(table, row) for row in rows],
        defaultColDef=COLUMN,
        columnSize="responsiveSizeToFit",
        dashGridOptions=FIXED | locale | options,
        style={"height": f"{min(MOST_PX, HEAD_PX + ROW_PX * len(rows))}px", "width": "100%"},
    )  # fmt: skip
    count = view.words("table.rows", count=f"{len(table.rows):,}")
    return html.Div([html.P(f"{table.title} · {count}", className="note"), grid], className="grid-table")


def _column(column: Column, table: Table, index: int) -> dict[str, Any]:
    heading = f"{column.heading} ({column.unit})" if column.unit else column.heading
    told: dict[str, Any] = {"field": column.key, "headerName": heading, "headerTooltip": heading}
    if any(isinstance(row[index], float) for row in table.rows[:50]):
        shape = {"function": f"params.value == null ? '–' : d3.format(',.{column.decimals}f')(params.value)"}
        told |= {"type": "numericColumn", "filter": "agNumberColumnFilter", "valueFormatter": shape}
    elif any(isinstance(row[index], int) and not isinstance(row[index], bool) for row in table.rows[:50]):
        told |= {"type": "numericColumn", "filter": "agNumberColumnFilter"}
    return told


def _row(table: Table, row: tuple[Cell, ...]) -> dict[str, Cell]:
    return {column.key: cell for column, cell in zip(table.columns, row, strict=True)}
