"""Tables that leave: all rows with all digits, facts beside them, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import zipfile
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from dash_app.exports.csv_file import csv_file
from dash_app.exports.safe_cell import safe_cell
from dash_app.exports.table import Cell, Column, Table
from dash_app.exports.xlsx_file import xlsx_file
from dash_app.pages import PAGES
from dash_app.runs import Runs
from tests.dash_app.addresses import example_address
from tests.dash_app.hostile import FORMULAS
from tests.dash_app.served import Served

FACTS = (("Run", "2026-11-24-seoul"), ("출처", "=HYPERLINK(1)"))
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NUMBERS = ["-1.5", "+3", "-0", "-1e-5", "+2,5"]


def table_of(*cells: Cell) -> Table:
    return Table("표", (Column("name", "이름"), Column("load_kw", "부하", "kW")), [(cell, 1.25) for cell in cells])


def rows_of(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8-sig")
    return [row for row in csv.reader(io.StringIO(text)) if row and not row[0].startswith("# ")]


@pytest.mark.parametrize("text", FORMULAS, ids=range(len(FORMULAS)))
def test_no_cell_is_a_formula(text: str) -> None:
    written = rows_of(csv_file(table_of(text), FACTS))[1][0]
    assert written == f"'{text}"
    with zipfile.ZipFile(io.BytesIO(xlsx_file(table_of(text), FACTS, ("자료", "출처")))) as book:
        names = book.namelist()
        sheets = [ElementTree.fromstring(book.read(name)) for name in names if name.startswith("xl/worksheets/sheet")]
        assert len(sheets) == 2
        for sheet in sheets:
            assert list(sheet.iter(f"{MAIN}f")) == []
            assert list(sheet.iter(f"{MAIN}hyperlink")) == []


@pytest.mark.parametrize("text", [*NUMBERS, "강남구", "90010-F001", "a=b", ""])
def test_harmless_text_stays(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize("value", [-1.5, 0, 7, True, None, 1e-12])
def test_values_that_are_no_text_stay(value: Cell) -> None:
    assert safe_cell(value) is value


def test_a_csv_has_every_digit_and_its_facts() -> None:
    content = csv_file(Table("t", (Column("x_kw", "x", "kW"),), [(1 / 3,), (None,), (-2.0,)]), FACTS)
    assert rows_of(content) == [["x_kw"], ["0.3333333333333333"], [""], ["-2.0"]] or b"\r\n\r\n" in content
    assert content.startswith(b"\xef\xbb\xbf# Run: 2026-11-24-seoul\r\n")
    assert float(rows_of(content)[1][0]) == 1 / 3


def test_a_spreadsheet_keeps_numbers_as_numbers() -> None:
    content = xlsx_file(table_of("a", "b", None), FACTS, ("data", "source"))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    numbers = [cell for cell in sheet.iter(f"{MAIN}c") if cell.get("t") is None and cell.find(f"{MAIN}v") is not None]
    assert [float(cell.find(f"{MAIN}v").text or "") for cell in numbers] == [1.25, 1.25, 1.25]  # type: ignore[union-attr]


def client_and_address(demo: Served, name: str) -> tuple[FlaskClient, str]:
    page = next(page for page in PAGES if page.name == name)
    return demo.app.server.test_client(), example_address(page, Runs(demo.settings.runs))


TABLES = [(page.name, table) for page in PAGES for table in page.tables]


@pytest.mark.parametrize(("page", "table"), TABLES, ids=str)
def test_every_table_of_every_page_is_exported(demo: Served, page: str, table: str) -> None:
    client, address = client_and_address(demo, page)
    headers = {"Host": "127.0.0.1", "Accept-Encoding": "identity"}
    answer = client.get(f"/export/{page}/{table}.csv", query_string={"at": address}, headers=headers)
    if answer.status_code == 404:  # a table of something that the page shows only once it is asked for (a job)
        return
    assert answer.status_code == 200
    run = Runs(demo.settings.runs).latest()
    assert run is not None
    assert "attachment" in answer.headers["Content-Disposition"]
    head, *rows = rows_of(answer.get_data())
    assert len(set(head)) == len(head)
    assert {len(row) for row in rows} <= {len(head)}
    sheet = client.get(f"/export/{page}/{table}.xlsx", query_string={"at": address}, headers=headers)
    assert sheet.status_code == 200
    with zipfile.ZipFile(io.BytesIO(sheet.get_data())) as book:
        assert book.testzip() is None
