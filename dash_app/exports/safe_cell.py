"""Cells that a spreadsheet cannot take for a formula."""

from __future__ import annotations

import re

from dash_app.exports.table import Cell

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that begin a formula in one spreadsheet or another, full-width forms included."""

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?", re.ASCII)


def safe_cell(value: Cell) -> Cell:
    """Return the value; text that could be a formula gets a leading apostrophe, numbers as text stay."""
    if not isinstance(value, str):
        return value
    if value.lstrip(" \u00a0").startswith(_STARTS) and not _NUMBER.fullmatch(value.strip()):
        return f"'{value}"
    return value
