"""Generated pages are in step with the code, and the table of quantities is consistent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.city_tables import ALL_PARAMETERS, ALL_TABLES
from data.quantities import QUANTITIES, Sign
from data.reference_pages import PAGES, write_pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_what_the_code_says(name: str, tmp_path: Path) -> None:
    write_pages(tmp_path)
    new, kept = (folder / name for folder in (tmp_path, DOCS))
    assert kept.read_text(encoding="utf-8") == new.read_text(encoding="utf-8"), "run: python -m data.reference_pages"


def test_every_table_and_parameter_has_a_name_of_its_own_and_a_sentence() -> None:
    for things in (ALL_TABLES, ALL_PARAMETERS):
        names = [thing.name for thing in things]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
        assert all(thing.meaning.endswith(".") for thing in things)
    files = [schema.filename for schema in ALL_TABLES]
    assert len(set(files)) == len(files)
    assert all(column.meaning.endswith(".") for schema in ALL_TABLES for column in schema.columns)


def test_every_link_names_a_column_that_exists() -> None:
    columns = {f"{schema.name}.{column.name}" for schema in ALL_TABLES for column in schema.all_columns}
    links = [column.refers_to for schema in ALL_TABLES for column in schema.columns if column.refers_to]
    assert links
    assert set(links) <= columns


SUFFIX = {
    "kW": "_kw",
    "kvar": "_kvar",
    "kWh": "_kwh",
    "h": "_h",
    "KRW/kWh": "_krw_per_kwh",
    "W/m²": "_w_per_m2",
    "°C": "_c",
}


def test_quantities_end_in_their_unit_and_have_sensible_bounds() -> None:
    assert len({(quantity.name, quantity.dims) for quantity in QUANTITIES}) == len(QUANTITIES)
    for quantity in QUANTITIES:
        assert quantity.name.endswith(SUFFIX.get(quantity.unit, ""))
        assert quantity.meaning.endswith(".")
        if quantity.sign is Sign.NOT_NEGATIVE:
            assert quantity.lower is not None
            assert quantity.lower >= 0
        if quantity.lower is not None and quantity.upper is not None:
            assert quantity.lower < quantity.upper
