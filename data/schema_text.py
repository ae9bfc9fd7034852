"""From the bytes of a table's file to its rows of text: size, encoding, head comments, separators, torn ends."""

from __future__ import annotations

import csv
import io
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from data.errors import ProblemList
from data.schema_types import MAX_TABLE_BYTES, TableSchema

UTF8_FIX = "save it as UTF-8 (in a spreadsheet: 'CSV UTF-8'; in a shell: iconv -f {} -t UTF-8)"
_VERSION_LINE = re.compile(r"#\s*table\s+(\w+),\s*version\s+(\d+)")


@dataclass(frozen=True)
class TextRows:
    """Rows of a table as text. `lines[i]` is where a person finds `rows[i]` in the file (the first line is 1)."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


def read_text(path: Path, file: str, problems: ProblemList, *, max_bytes: int = MAX_TABLE_BYTES) -> str | None:
    """Text of a UTF-8 file (a byte-order mark is allowed), or None after noting why it cannot be read.

    Parameters
    ----------
    path
        Where the file is.
    file
        What the user calls it.
    problems
        Takes what is wrong: absent, not a file, larger than `max_bytes`, empty, another encoding, cut in a character.
    max_bytes
        The limit is checked before the file is opened.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            problems.add(file, "this is a folder or device, not a file", "put the file in its place")
            return None
        if status.st_size > max_bytes:
            limit = f"more than the {max_bytes / 1e6:,.0f} MB a file of this kind may have"
            problems.add(
                file, f"the file has {status.st_size / 1e6:,.0f} MB, {limit}", "check that it is the right file"
            )
            return None
        raw = path.read_bytes()
    except FileNotFoundError:
        problems.add(file, "the file is missing", "add it; `twin city new` writes a commented example of every file")
        return None
    except OSError as error:
        problems.add(file, f"the file cannot be read ({error.strerror})", "check the path and your rights")
        return None
    return _decoded(raw, file, problems)


def _decoded(raw: bytes, file: str, problems: ProblemList) -> str | None:
    if not raw.strip():
        problems.add(file, "the file is empty", "fill it; `twin city new` writes a commented example of every file")
        return None
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        problems.add(file, "the file is UTF-16, not UTF-8", UTF8_FIX.format("UTF-16"))
        return None
    if b"\x00" in raw:
        row = raw[: raw.index(b"\x00")].count(b"\n") + 1
        problems.add(
            file, "the file holds NUL bytes: it is not a text file, or UTF-16", UTF8_FIX.format("UTF-16"), row=row
        )
        return None
    try:
        return unicodedata.normalize("NFC", raw.decode("utf-8-sig"))  # macOS writes Korean in pieces (NFD)
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        if error.reason == "unexpected end of data":
            problems.add(file, "the file ends in the middle of a character: it is cut off", "copy it again", row=row)
        elif _decodes(raw, "cp949"):
            problems.add(file, "the file is not UTF-8 (it looks like CP949)", UTF8_FIX.format("CP949"), row=row)
        else:
            what = f"byte 0x{raw[error.start]:02x} is not UTF-8"
            problems.add(file, what, UTF8_FIX.format("ITS-ENCODING"), row=row)
        return None


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def split_rows(text: str, schema: TableSchema, file: str, problems: ProblemList) -> TextRows | None:
    """Split the text of a table into header and rows, or return None after noting why that cannot be done.

    Lines at the head that begin with ``#`` are comments; one of the form ``# table NAME, version N`` must match the
    schema. A last line without a line break, a row with too few or too many fields, or an open quotation mark is how a
    file looks that was cut off while it was copied, so each of them is refused.
    """
    head = 0
    lines = list(io.StringIO(text, newline=""))
    while head < len(lines) and (lines[head].startswith("#") or not lines[head].strip()):
        _check_version(lines[head], schema, file, head + 1, problems)
        head += 1
    if not text.endswith(("\n", "\r")):
        fix = "copy the file again if it is cut off, or end its last line with a line break"
        problems.add(file, "the last line does not end: the file may be cut off", fix, row=len(lines))
    header: tuple[str, ...] | None = None
    rows: list[tuple[str, ...]] = []
    places: list[int] = []
    reader = csv.reader(lines[head:], strict=True)
    place = head + 1
    try:
        for cells in reader:
            row, place = place, head + reader.line_num + 1
            if not cells:
                continue
            if header is None:
                header = tuple(cell.strip() for cell in cells)
            elif len(cells) == len(header):
                rows.append(tuple(cell.strip() for cell in cells))
                places.append(row)
            else:
                what = f"the row has {len(cells)} fields where the header has {len(header)}"
                problems.add(file, what, "complete the row (a comma inside a text needs quotation marks)", row=row)
    except csv.Error as error:
        problems.add(file, f"the table cannot be split into fields ({error})", "close the quotation mark", row=place)
        return None
    if header is None:
        problems.add(file, "the file holds comments only, no header", "add the header and the rows")
        return None
    if len(header) == 1 and len(schema.all_columns) > 1 and re.search("[;\t]", header[0]):
        what = "the fields are separated by semicolons or tabs"
        problems.add(file, what, "save it with commas between the fields", row=places[0] - 1 if places else 0)
        return None
    return TextRows(header, tuple(rows), tuple(places))


def _check_version(line: str, schema: TableSchema, file: str, row: int, problems: ProblemList) -> None:
    stated = _VERSION_LINE.match(line)
    if stated and (stated[1], int(stated[2])) != (schema.name, schema.version):
        what = f"the file was written as table {stated[1]}, version {stated[2]}"
        problems.add(file, what, f"rewrite it as table {schema.name}, version {schema.version}", row=row)
