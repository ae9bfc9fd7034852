"""What an export says about itself: where its numbers come from and how to read them."""

from __future__ import annotations

from dash_app.clock import kst
from dash_app.exports.table import Table
from dash_app.view import View


def facts_of(view: View, table: Table) -> tuple[tuple[str, str], ...]:
    """Return name and value of every fact: source, run, zone, sign, notes, and the columns with their units."""
    words = view.words
    facts = [(words("table.source"), f"{words('product.name')} — {table.title}")]
    if view.run:
        facts += [(words("table.run"), view.run.run_id), ("SHA-256", view.run.manifest_sha256 or "")]
    facts += [
        (words("table.made"), f"{kst(view.now_utc)} KST"),
        (words("table.zone"), words("table.zone_kst")),
        (words("table.sign"), words("table.sign_text")),
    ]
    facts += [(words("table.note"), note) for note in table.notes]
    for column in table.columns:
        unit = f" [{column.unit}]" if column.unit else ""
        facts.append((words("table.key"), f"{column.key}: {column.heading}{unit}"))
    return tuple(facts)
