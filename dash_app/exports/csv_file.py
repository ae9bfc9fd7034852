"""A table as comma-separated values: stable column names with units, facts of the export as comments above."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from dash_app.exports.safe_cell import safe_cell
from dash_app.exports.table import Table

BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets read Korean text as something else."""


def csv_file(table: Table, facts: Sequence[tuple[str, str]]) -> bytes:
    """Return the file: facts as `# name: value` lines, one heading line, all rows with all digits; no data is empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    for name, value in facts:
        writer.writerow([f"# {name}: {value}".replace("\n", " ").replace("\r", " ")])
    writer.writerow([column.key for column in table.columns])
    for row in table.rows:
        writer.writerow(["" if cell is None else safe_cell(cell) for cell in row])
    return (BYTE_ORDER_MARK + stream.getvalue()).encode()
