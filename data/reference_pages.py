"""Pages of the documentation that are made from the code: run ``python -m data.reference_pages`` after a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from data.boundaries import BOUNDARIES_FILE
from data.city_folder_template import describe
from data.city_settings import FORMAT_VERSION, SETTINGS, SETTINGS_FILE
from data.city_tables import ALL_PARAMETERS, ALL_TABLES
from data.quantities import QUANTITIES
from data.schema import TableSchema

_FOLDER_HEAD = f"""# The city folder

A city is a folder of plain files (format version {FORMAT_VERSION}). `twin city new NAME` writes one with comments that
passes the check; `twin city check PATH` lists every problem at once, each with file, row, field and fix. This page is
made from the schemas by `python -m data.reference_pages`.

## Rules for every file

- Text is UTF-8, with or without a byte-order mark. The last line ends with a line break, or the file counts as cut off.
- A table is a CSV file with commas and a header. Lines at its head that begin with `#` are comments; the line
  `# table NAME, version N`, where there is one, must match.
- Numbers use a point and no thousands separators. NaN and infinity are refused: where there are no data there is no
  row. Energy is in kWh, power in kW, money in the currency of `{SETTINGS_FILE}`.
- Dates are YYYY-MM-DD, flags are `true` and `false`.
- Every table ends in `source` (keys that are headings of `SOURCES.md`, several joined by `+`) and `assumed`.
- A file with another name than below is refused, so that a misspelt table is not silently ignored.

## `{SETTINGS_FILE}`

"""

_FOLDER_OUTLINES = f"""
## `{BOUNDARIES_FILE}`

A GeoJSON FeatureCollection (WGS 84, longitude before latitude) with one Polygon or MultiPolygon a district. The
property `code` is the code of the district in `districts.csv`. Outlines may overlap by 2 % of the smaller one at most,
and their areas must agree with `area_km2` within 25 %.

## `SOURCES.md`

For people. Each key used in a column `source` is a heading of its own (`### key`) with publisher, date of retrieval and
licence.

"""

_QUANTITIES_HEAD = """# Quantities

Every array that is passed around or stored. Names end in their unit; consumption at a bus is positive; time is UTC and
labels the start of a step. Dimensions: T steps, N buses, B branches, D districts, K contract classes, V vehicles. This
page is made from `data/quantities.py` by `python -m data.reference_pages`.

"""


def city_folder_page() -> str:
    """Markdown of the page on the city folder."""
    settings = "".join(_row(f"`{setting.name}`", setting.meaning) for setting in SETTINGS)
    scalars = "".join(
        _row(f"`{p.name}`", p.unit, _bounds(p.lower, p.upper), p.meaning)
        for p in sorted(ALL_PARAMETERS, key=lambda parameter: parameter.name)
    )
    return (
        _FOLDER_HEAD
        + _header("setting", "meaning")
        + settings
        + _FOLDER_OUTLINES
        + "\n".join(_table_section(schema) for schema in ALL_TABLES)
        + "\n## Scalars of `parameters.csv`\n\n"
        + _header("name", "unit", "bounds", "meaning")
        + scalars
    )


def quantities_page() -> str:
    """Markdown of the page on quantities."""
    rows = "".join(
        _row(f"`{q.name}`", " × ".join(q.dims) or "scalar", q.unit, q.sign, _bounds(q.lower, q.upper), q.meaning)
        for q in QUANTITIES
    )
    return _QUANTITIES_HEAD + _header("name", "dimensions", "unit", "sign", "bounds", "meaning") + rows


def _table_section(schema: TableSchema) -> str:
    facts = [schema.meaning]
    if schema.key:
        facts.append("Key: " + ", ".join(f"`{name}`" for name in schema.key) + ".")
    if not schema.required:
        facts.append("The file may be left out.")
    if schema.located:
        facts.append("Every row must lie inside the city.")
    head = f"## `{schema.filename}` (version {schema.version})\n\n" + " ".join(facts) + "\n\n"
    return head + _header("column", "meaning") + "".join(_row(f"`{c.name}`", describe(c)) for c in schema.columns)


def _header(*cells: str) -> str:
    return _row(*cells) + "|" + "---|" * len(cells) + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _bounds(lower: float | None, upper: float | None) -> str:
    if lower is None and upper is None:
        return ""
    return f"{'' if lower is None else f'{lower:.4g}'} … {'' if upper is None else f'{upper:.4g}'}".strip()


PAGES: Mapping[str, Callable[[], str]] = {"city-folder.md": city_folder_page, "quantities.md": quantities_page}
"""Generated pages by file name under docs/."""


def write_pages(docs: Path) -> None:
    """Write every generated page into the folder `docs`."""
    for name, page in PAGES.items():
        (docs / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages(Path(__file__).parent.parent / "docs")
