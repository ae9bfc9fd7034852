"""A table as a spreadsheet: one sheet of data, one of facts about it. Text stays text, whatever it begins with."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import xlsxwriter

from dash_app.exports.safe_cell import safe_cell
from dash_app.exports.table import Cell, Table

MOST_ROWS = 1_000_000
LONGEST_CELL = 32_000
WIDEST = 40


def xlsx_file(table: Table, facts: Sequence[tuple[str, str]], titles: tuple[str, str]) -> bytes:
    """Return the file; `titles` name the sheet of data and the sheet of facts."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        grey = book.add_format({"font_color": "#566273"})
        sheet = book.add_worksheet(titles[0])
        for index, column in enumerate(table.columns):
            sheet.write_string(0, index, column.heading, bold)
            sheet.write_string(1, index, column.unit, grey)
            sheet.set_column(index, index, min(WIDEST, max(10, len(column.heading) + 2)))
        sheet.freeze_panes(2, 1)
        for number, row in enumerate(table.rows[:MOST_ROWS], start=2):
            for index, cell in enumerate(row):
                _write(sheet, number, index, cell)
        about = book.add_worksheet(titles[1])
        about.set_column(0, 0, 18)
        about.set_column(1, 1, 90)
        for number, (name, value) in enumerate(facts):
            about.write_string(number, 0, name, bold)
            about.write_string(number, 1, str(safe_cell(value)))
    return stream.getvalue()


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, cell: Cell) -> None:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        sheet.write_blank(row, column, None)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, str(safe_cell(cell[:LONGEST_CELL])))
