"""Write a new depot folder: a small example, every table commented from its schema, that passes the check."""

from __future__ import annotations

import json
from pathlib import Path

from data.depot_folder import check_depot_folder
from data.depot_settings import DEPOT_SETTINGS_FILE
from data.depot_tables import DEPOT_TABLES
from data.errors import ProblemList
from data.new_folder import check_name, check_place, new_folder
from data.schema import Column, TableSchema

EXAMPLE = Path(__file__).parent / "template_depot"
"""Rows of the example, without comments."""

_NAME_MARK = '"@NAME@"'


def write_depot_template(path: Path, name: str) -> None:
    """Write a commented depot folder named `name` to `path`; it appears complete or not at all.

    Raises
    ------
    InvalidInput
        The folder exists, its parent does not or may not be written to, or the name is blank or not printable.
    """
    problems = ProblemList()
    check_name(name, "depot", problems)
    check_place(path, problems)
    problems.raise_if_any()
    with new_folder(path) as draft:
        _fill(draft, name)
        faults = check_depot_folder(draft)
        if faults:  # the shipped example itself is at fault, not the user
            raise AssertionError("the example does not pass the check: " + "; ".join(map(str, faults)))


def _fill(draft: Path, name: str) -> None:
    schemas = {schema.filename: schema for schema in DEPOT_TABLES}
    for file in sorted(EXAMPLE.iterdir()):
        text = file.read_text(encoding="utf-8")
        if file.name in schemas:
            text = depot_table_head(schemas[file.name]) + text
        elif file.name == DEPOT_SETTINGS_FILE:
            text = text.replace(_NAME_MARK, json.dumps(name, ensure_ascii=False))
        (draft / file.name).write_text(text, encoding="utf-8", newline="\n")


def depot_table_head(schema: TableSchema) -> str:
    """Comment lines for the head of a table's file: version, what a row is, what each column holds."""
    lines = [f"table {schema.name}, version {schema.version}", schema.meaning]
    lines += [f"{column.name}: {describe_depot_column(column)}" for column in schema.all_columns]
    return "".join(f"# {line}\n" for line in lines)


def describe_depot_column(column: Column) -> str:
    """Say in one line what a column holds: meaning, kind, unit, bounds, links."""
    facts = [", ".join(column.choices) if column.choices else column.kind.value]
    facts += [column.unit.strip("()")] if column.unit else []
    if column.lower is not None or column.upper is not None:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (column.lower, column.upper))
        facts.append(f"{low}…{high}")
    facts += [f"must exist in {column.refers_to}"] if column.refers_to else []
    facts += [] if column.required else ["may be empty"]
    return f"{column.meaning} ({'; '.join(facts)})"
