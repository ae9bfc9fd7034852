"""Write a new city folder: a small invented town, every file commented from the schemas, that passes the check."""

from __future__ import annotations

import json
from pathlib import Path

from data.city_folder import check_city_folder
from data.city_settings import SETTINGS_FILE
from data.city_tables import ALL_TABLES
from data.errors import ProblemList
from data.new_folder import check_name, check_place, new_folder
from data.schema import TableSchema
from data.schema_types import Column

TOWN = Path(__file__).parent / "template_town"
"""Rows of the town, without comments."""

_NAME_MARK = '"@NAME@"'


def write_template(path: Path, name: str) -> None:
    """Write a commented city folder named `name` to `path`.

    The folder appears complete or not at all: it is written beside its place, checked, and renamed.

    Parameters
    ----------
    path
        Folder to be made; must not exist, its parent must.
    name
        Name of the city, put into `city.toml`.

    Raises
    ------
    InvalidInput
        The folder exists, its parent does not or may not be written to, or the name is blank or not printable.
    """
    problems = ProblemList()
    check_name(name, "city", problems)
    check_place(path, problems)
    problems.raise_if_any()
    with new_folder(path) as draft:
        _fill(draft, name)
        faults = check_city_folder(draft)
        if faults:  # the shipped town itself is at fault, not the user
            raise AssertionError("the template does not pass the check: " + "; ".join(map(str, faults)))


def _fill(draft: Path, name: str) -> None:
    schemas = {schema.filename: schema for schema in ALL_TABLES}
    for file in sorted(TOWN.rglob("*")):
        if file.is_dir():
            continue
        inside = file.relative_to(TOWN).as_posix()
        text = file.read_text(encoding="utf-8")
        if inside in schemas:
            text = table_head(schemas[inside]) + text
        elif inside == SETTINGS_FILE:
            text = text.replace(_NAME_MARK, json.dumps(name, ensure_ascii=False))
        target = draft / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")


def table_head(schema: TableSchema) -> str:
    """Comment lines for the head of a table's file: version, what a row is, what each column holds."""
    lines = [f"table {schema.name}, version {schema.version}", schema.meaning]
    lines += [f"{column.name}: {describe(column)}" for column in schema.all_columns]
    return "".join(f"# {line}\n" for line in lines)


def describe(column: Column) -> str:
    """Say in one line what a column holds: meaning, kind, unit, bounds, links."""
    facts = [", ".join(column.choices) if column.choices else column.kind.value]
    if column.unit:
        facts.append(column.unit)
    if column.lower is not None or column.upper is not None:
        low = "" if column.lower is None else f"{column.lower:g}"
        facts.append(f"{low}…{'' if column.upper is None else f'{column.upper:g}'}")
    if column.refers_to:
        facts.append(f"must exist in {column.refers_to}")
    if not column.required:
        facts.append("may be empty")
    return f"{column.meaning} ({'; '.join(facts)})"
