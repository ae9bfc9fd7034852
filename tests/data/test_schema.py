"""Reading of tables: each way a file can be wrong is one message with its place and its fix."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import Problem, ProblemList
from data.schema import MAX_LISTED, Column, Kind, TableSchema, read_table

PUMPS = TableSchema(
    name="pumps",
    columns=(
        Column("id", Kind.TEXT, "Name of the pump."),
        Column("power_kw", Kind.NUMBER, "Rated power.", unit="kW", lower=0, upper=500),
        Column("units", Kind.INTEGER, "How many.", lower=1),
        Column("kind", Kind.CHOICE, "What it lifts.", choices=("water", "oil")),
        Column("since", Kind.DATE, "In service since.", required=False),
        Column("tag", Kind.TEXT, "Inventory number.", required=False, unique=True),
    ),
    key=("id",),
    meaning="One pump.",
)
HEAD = "id,power_kw,units,kind,since,tag,source,assumed\n"
GOOD = "p1,500,2,water,2020-02-01,t1,maker,false\np2,0,1,oil,,,maker,true\n"


def read(path: Path, content: str | bytes, **options: int) -> tuple[pd.DataFrame | None, tuple[Problem, ...]]:
    """Write `content` to a file and read it as pumps."""
    path = path / "pumps.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = ProblemList()
    return read_table(path, PUMPS, problems, file="pumps.csv", **options), tuple(problems)


def only(problems: tuple[Problem, ...]) -> Problem:
    """Take the one problem there is."""
    assert len(problems) == 1, "\n".join(map(str, problems))
    assert problems[0].file == "pumps.csv"
    assert problems[0].fix
    return problems[0]


def test_good_table_has_the_types_of_its_schema_and_the_lines_of_the_file(tmp_path: Path) -> None:
    frame, problems = read(tmp_path, "# table pumps, version 1\n# made by hand\n" + HEAD + GOOD)
    assert problems == ()
    assert frame is not None
    assert list(frame.columns) == HEAD.strip().split(",")
    assert frame.index.tolist() == [4, 5]
    assert frame["power_kw"].tolist() == [500.0, 0.0]
    assert frame["units"].dtype == np.int64
    assert frame["assumed"].tolist() == [False, True]
    assert frame["since"].iloc[0] == pd.Timestamp("2020-02-01")
    assert pd.isna(frame["since"].iloc[1])


def test_byte_order_mark_windows_line_ends_quotes_and_other_column_order_are_fine(tmp_path: Path) -> None:
    text = 'units,id,power_kw,kind,source,assumed\r\n3,"a, b",1e2,oil,"x",TRUE\r\n'
    frame, problems = read(tmp_path, b"\xef\xbb\xbf" + text.encode())
    assert problems == ()
    assert frame is not None
    assert frame.iloc[0].to_dict()["id"] == "a, b"
    assert frame["power_kw"].iloc[0] == 100
    assert frame["tag"].tolist() == [""]


@pytest.mark.parametrize(
    ("row", "line", "field", "what", "fix"),
    [
        ("p3,nan,1,oil,,,m,true", 4, "power_kw", "'nan' is not a finite number", "plain number"),
        ("p3,inf,1,oil,,,m,true", 4, "power_kw", "'inf' is not a finite number", "plain number"),
        ("p3,-inf,1,oil,,,m,true", 4, "power_kw", "'-inf' is not a finite number", "plain number"),
        ("p3,1e400,1,oil,,,m,true", 4, "power_kw", "not a finite number", "plain number"),
        ('p3,"1,200",1,oil,,,m,true', 4, "power_kw", "'1,200' is not a finite number", "thousands separators"),
        ("p3,1_0,1,oil,,,m,true", 4, "power_kw", "'1_0' is not a finite number", "plain number"),
        ("p3,-5,1,oil,,,m,true", 4, "power_kw", "-5 kW is below 0", "at least 0 kW"),
        ("p3,501,1,oil,,,m,true", 4, "power_kw", "501 kW is above 500", "at most 500 kW"),
        ("p3,5,1.5,oil,,,m,true", 4, "units", "'1.5' is not a whole number", "plain number"),
        ("p3,5," + "9" * 400 + ",oil,,,m,true", 4, "units", "is not a whole number", "plain number"),
        ("p3,5,0,oil,,,m,true", 4, "units", "0 is below 1", "at least 1"),
        ("p3,5,1,milk,,,m,true", 4, "kind", "'milk' is not one of the words", "water, oil"),
        ("p3,5,1,oil,01/02/2020,,m,true", 4, "since", "'01/02/2020' is not a date", "YYYY-MM-DD"),
        ("p3,5,1,oil,20200201,,m,true", 4, "since", "'20200201' is not a date", "YYYY-MM-DD"),
        ("p3,5,1,oil,9999-01-01,,m,true", 4, "since", "'9999-01-01' is not a date", "1900 to 2200"),
        ("p3,１２,1,oil,,,m,true", 4, "power_kw", "'１２' is not a finite number", "plain number"),
        ('"p\n3",5,1,oil,,,m,true', 4, "id", "line break", "in one line"),
        ("p3,5,1,oil,,,m,yes", 4, "assumed", "'yes' is not one of the words", "true, false"),
        ("p3,5,1,oil,,,,true", 4, "source", "the cell is empty", "fill it"),
        ("p1,5,1,oil,,,m,true", 4, "id", "p1 stands already in row 2", "keep one of the two rows"),
        ("p3,5,1,oil,,t1,m,true", 4, "tag", "t1 stands already in row 2", "keep one of the two rows"),
        ("p3,5,1,oil", 4, "", "the row has 4 fields where the header has 8", "complete the row"),
        ("p3,5,1,oil,,,m,true,7", 4, "", "the row has 9 fields where the header has 8", "quotation marks"),
    ],
)
def test_wrong_row_is_named_with_place_and_fix(
    tmp_path: Path, row: str, line: int, field: str, what: str, fix: str
) -> None:
    frame, problems = read(tmp_path, HEAD + GOOD + row + "\n")
    problem = only(problems)
    assert frame is None
    assert (problem.row, problem.field) == (line, field)
    assert what in problem.what
    assert fix in problem.fix


def test_korean_written_in_pieces_is_put_together(tmp_path: Path) -> None:
    frame, problems = read(tmp_path, unicodedata.normalize("NFD", HEAD + "펌프,5,1,oil,,,제조사,true\n"))
    assert problems == ()
    assert frame is not None
    assert frame["id"].tolist() == ["펌프"]


def test_rows_after_a_quoted_line_break_keep_their_line(tmp_path: Path) -> None:
    _, problems = read(tmp_path, HEAD + '"p\n3",5,1,oil,,,m,true\n\np4,-5,1,oil,,,m,true\n')
    assert [(problem.row, problem.field) for problem in problems] == [(2, "id"), (5, "power_kw")]


def test_every_wrong_cell_is_listed_not_only_the_first(tmp_path: Path) -> None:
    _, problems = read(tmp_path, HEAD + "p1,x,0,milk,2020-13-01,,m,no\n,2,2,oil,,,m,true\n")
    assert [(p.row, p.field) for p in sorted(problems)] == [
        (2, "assumed"),
        (2, "kind"),
        (2, "power_kw"),
        (2, "since"),
        (2, "units"),
        (3, "id"),
    ]


def test_many_alike_are_counted_instead_of_flooding_the_reader(tmp_path: Path) -> None:
    rows = "".join(f"p{i},-1,1,oil,,,m,true\n" for i in range(1000))
    _, problems = read(tmp_path, HEAD + rows)
    assert len(problems) == MAX_LISTED + 1
    assert f"{1000 - MAX_LISTED} more cells" in problems[-1].what
    _, problems = read(tmp_path, HEAD + "p1,1,1,oil,,,m,true\n" * 100)
    assert len(problems) == MAX_LISTED + 1
    assert f"{99 - MAX_LISTED} more rows" in problems[-1].what


@pytest.mark.parametrize(
    ("header", "field", "what"),
    [
        ("id,power_kw,units,kind,source", "assumed", "the column is missing"),
        ("id,power_kw,units,kind,colour,source,assumed", "colour", "the table has no column 'colour'"),
        ("id,power_kw,units,kind,id,source,assumed", "id", "the column stands 2 times"),
    ],
)
def test_header_must_be_the_schemas(tmp_path: Path, header: str, field: str, what: str) -> None:
    cells = ",".join(
        {"id": "a", "power_kw": "1", "units": "1", "kind": "oil", "assumed": "true"}.get(name, "m")
        for name in header.split(",")
    )
    _, problems = read(tmp_path, f"{header}\n{cells}\n")
    assert only(problems).field == field
    assert what in only(problems).what


@pytest.mark.parametrize(
    ("content", "what", "fix"),
    [
        (b"", "the file is empty", "twin city new"),
        (b" \n\n", "the file is empty", "twin city new"),
        ((HEAD + GOOD).replace(",", ";").encode(), "separated by semicolons", "with commas"),
        ((HEAD + GOOD).replace(",", "\t").encode(), "separated by semicolons or tabs", "with commas"),
        (b"# only a remark\n", "comments only", "add the header"),
        (HEAD.encode(), "a header but no rows", "add at least one row"),
        ((HEAD + GOOD)[:-1].encode(), "the last line does not end", "copy the file again"),
        ((HEAD + GOOD.replace("p2", '"p2')).encode(), "cannot be split into fields", "close the quotation mark"),
        ((HEAD + GOOD.replace("p2", "양수기")).encode("cp949"), "not UTF-8 (it looks like CP949)", "iconv -f CP949"),
        ((HEAD + GOOD).encode("utf-16"), "UTF-16", "save it as UTF-8"),
        ((HEAD + GOOD).encode("utf-16-le"), "NUL bytes", "save it as UTF-8"),
        (
            (HEAD + "p3,5,1,oil,,,양".encode()[:-1].decode(errors="ignore")).encode() + "양".encode()[:2],
            "cut off",
            "again",
        ),
        ((HEAD + GOOD).encode() + b"\xff\xff\xff\n", "byte 0xff is not UTF-8", "save it as UTF-8"),
        (b"# table pipes, version 1\n" + (HEAD + GOOD).encode(), "written as table pipes", "rewrite it as table pumps"),
        (b"# table pumps, version 2\n" + (HEAD + GOOD).encode(), "version 2", "version 1"),
    ],
)
def test_file_that_is_no_table_is_one_problem(tmp_path: Path, content: bytes, what: str, fix: str) -> None:
    frame, problems = read(tmp_path, content)
    assert frame is None
    assert what in only(problems).what
    assert fix in only(problems).fix


def test_missing_file_folder_and_unreadable_size(tmp_path: Path) -> None:
    problems = ProblemList()
    assert read_table(tmp_path / "absent.csv", PUMPS, problems, file="pumps.csv") is None
    assert "missing" in only(tuple(problems)).what
    (tmp_path / "dir.csv").mkdir()
    problems = ProblemList()
    assert read_table(tmp_path / "dir.csv", PUMPS, problems, file="pumps.csv") is None
    assert "folder" in only(tuple(problems)).what
    os.mkfifo(tmp_path / "pipe.csv")  # opening it would wait for ever
    problems = ProblemList()
    assert read_table(tmp_path / "pipe.csv", PUMPS, problems, file="pumps.csv") is None
    assert "not a file" in only(tuple(problems)).what
    problems = ProblemList()
    assert read_table(tmp_path / ("x" * 300), PUMPS, problems, file="pumps.csv") is None
    assert "cannot be read (File name too long)" in only(tuple(problems)).what


def test_two_gigabytes_are_refused_unread(tmp_path: Path) -> None:
    big = tmp_path / "pumps.csv"
    with big.open("wb") as file:
        file.truncate(2 * 1024**3)  # sparse: takes no room on the disk
    problems = ProblemList()
    assert read_table(big, PUMPS, problems, file="pumps.csv") is None
    problem = only(tuple(problems))
    assert "2,147 MB, more than the 67 MB" in problem.what
    assert "right file" in problem.fix


@pytest.mark.parametrize("cut", range(1, len((HEAD + GOOD).encode())))
def test_no_cut_inside_the_last_row_goes_unseen(tmp_path: Path, cut: int) -> None:
    whole = (HEAD + GOOD).encode()
    frame, problems = read(tmp_path, whole[:-cut])
    at_line_end = whole[:-cut].endswith(b"\n") and whole[:-cut].count(b"\n") > 1
    assert bool(problems) != at_line_end
    assert (frame is None) == bool(problems)


FINITE = st.floats(min_value=0, max_value=500, allow_nan=False)
WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=8
).map(lambda word: unicodedata.normalize("NFC", word))


@given(rows=st.dictionaries(WORD, st.tuples(FINITE, st.integers(1, 2**53)), min_size=1, max_size=6))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, tuple[float, int]]
) -> None:
    quoted = {key: '"' + key.replace('"', '""') + '"' for key in rows}
    text = HEAD + "".join(f"{quoted[k]},{p!r},{n},oil,,,m,true\n" for k, (p, n) in rows.items())
    frame, problems = read(tmp_path_factory.mktemp("t"), text)
    assert problems == ()
    assert frame is not None
    assert dict(zip(frame["id"], zip(frame["power_kw"], frame["units"], strict=True), strict=True)) == rows


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    frame, problems = read(tmp_path_factory.mktemp("t"), HEAD.encode() + junk)
    assert (frame is None) == bool(problems)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": (Column("a", Kind.TEXT, "A."),), "key": ("b",)}, "key"),
        ({"columns": (Column("a", Kind.TEXT, "A."),), "key": ("a",), "located": True}, "coordinates"),
        ({"columns": (Column("a", Kind.TEXT, "A."), Column("a", Kind.TEXT, "A.")), "key": ("a",)}, "repeat"),
    ],
)
def test_schema_refuses_what_names_no_column(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableSchema(name="t", meaning="T.", **options)  # type: ignore[arg-type]


def test_column_refuses_bounds_of_text_and_choices_without_words() -> None:
    with pytest.raises(ValueError, match="bounds"):
        Column("a", Kind.TEXT, "A.", lower=0)
    with pytest.raises(ValueError, match="choices"):
        Column("a", Kind.CHOICE, "A.")
