"""The page of the documentation on depot folders: run ``python -m data.depot_reference_page`` after a change."""

from __future__ import annotations

from pathlib import Path

from data.depot_folder_template import describe_depot_column
from data.depot_settings import DEPOT_FORMAT_VERSION, DEPOT_SETTINGS, DEPOT_SETTINGS_FILE, OPTIONAL_SECTIONS
from data.depot_tables import DEPOT_TABLES, STATE
from data.schema import TableSchema

DEPOT_PAGE = "depot-folder.md"

_HEAD = f"""# The depot folder

A bus depot is a folder of plain files (format version {DEPOT_FORMAT_VERSION}) for one horizon. This page is made from
the schemas by `python -m data.depot_reference_page`.

| command | what it does |
|---|---|
| `twin depot new NAME` | writes an example with comments that passes the check |
| `twin depot check FOLDER` | lists every problem at once; says whether the day works, and if not, why and what helps |
| `twin depot plan FOLDER` | writes schedule, charts, certificate, reasons and OCPP profiles to `FOLDER/plan` |
| `twin depot replan FOLDER --state FILE` | plans the rest of the day from where the buses are now |
| `twin depot size FOLDER` | the fewest outlets, the smallest connection and batteries, and why less fails |
| `twin depot send FOLDER/plan` | hands the OCPP profiles to the stations that connect |

What a plan can be asked to survive, and to be good at besides the cost, stands in
[Depots of electric buses](depots.md).

## Rules for every file

- Text is UTF-8; a table is a CSV file with commas and a header; lines at its head that begin with `#` are comments.
- States of charge and other shares are numbers from 0 to 1, never percent. Power is in kW, never W; energy in kWh.
- A clock time is local time of the depot's time zone, `2026-11-23T05:10`. A return after midnight has the next day's
  date. An hour the clocks skip is refused; one they show twice needs its offset, `2026-10-25T02:30+02:00`.
- A CSV file of another name than below is refused, so that a misspelt table is not silently ignored. Files whose names
  begin with `state` may lie in the folder.

## `{DEPOT_SETTINGS_FILE}`

Sections {", ".join(f"`{name}`" for name in OPTIONAL_SECTIONS)} may be left out. Prices are either those of a tariff
plan (`tariff.city_folder`, `tariff.plan`, `tariff.sell_krw_per_kwh`), which brings its own demand charge, or those of
`prices.csv`, with the section `demand` where there is a demand charge.

| setting | meaning |
|---|---|
"""


def depot_folder_page() -> str:
    """Markdown of the page."""
    settings = "".join(f"| `{setting.name}` | {setting.meaning} |\n" for setting in DEPOT_SETTINGS)
    tables = "".join(_table(schema, "" if schema.required else " (may be left out)") for schema in DEPOT_TABLES)
    return _HEAD + settings + tables + _table(STATE, ", any file name: the state during the day")


def _table(schema: TableSchema, remark: str) -> str:
    lines = [f"\n## `{schema.filename}`{remark}\n\n{schema.meaning}\n\n"]
    lines += [f"- `{column.name}`: {describe_depot_column(column)}\n" for column in schema.all_columns]
    return "".join(lines)


if __name__ == "__main__":
    page = Path(__file__).resolve().parent.parent / "docs" / DEPOT_PAGE
    page.write_text(depot_folder_page(), encoding="utf-8", newline="\n")
