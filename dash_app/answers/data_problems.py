r"""Problems of input tables in the language of the page.

Readers speak English. What goes wrong most often has a form here and a text in the catalogues; the rest is shown as
the reader says it, which is never wrong, only not translated.
"""

from __future__ import annotations

import re

from dash_app.words import Words

_WHAT: dict[str, str] = {
    "empty_cell": r"the cell is empty",
    "not_allowed": r"'(?P<cell>.*)' is not one of the words allowed here",
    "not_a_date": r"'(?P<cell>.*)' is not a date",
    "not_a_number": r"'(?P<cell>.*)' is not a finite number",
    "not_whole": r"'(?P<cell>.*)' is not a whole number",
    "below": r"(?P<value>.+) is below (?P<least>.+)",
    "above": r"(?P<value>.+) is above (?P<most>[\d.e+-]+)",
    "file_missing": r"the file is missing",
    "file_empty": r"the file is empty",
    "not_utf8": r"the file is not UTF-8 \(it looks like CP949\)",
    "utf16": r"the file is UTF-16, not UTF-8",
    "cut_off": r"the last line does not end: the file may be cut off",
    "torn_row": r"the row has (?P<cells>\d+) fields where the header has (?P<header>\d+)",
    "no_rows": r"the table has a header but no rows",
    "column_missing": r"the column is missing",
    "column_unknown": r"the table has no column '(?P<name>.*)'",
    "column_twice": r"the column stands (?P<times>\d+) times",
    "repeats": r"(?P<key>.+) stands already in row (?P<row>\d+)",
    "more_cells": r"(?P<count>[\d,]+) more cells of this column are wrong in the same way",
    "no_such": r"there is no (?P<kind>\w+) '(?P<name>.*)'",
    "setting_missing": r"the setting is missing",
    "setting_unknown": r"there is no such setting",
    "no_table": r"a depot has no table of this name",
    "archive_damaged": r"the archive is damaged or of a kind that is not read \(.*\)",
    "archive_empty": r"the archive holds no files",
    "leads_out": r"the name leads out of the folder",
    "link": r"the entry is a link or a device, not a file",
    "grows": r"the file grows more than (?P<ratio>\d+)-fold when unpacked",
    "duty_backward": r"duty (?P<duty>.+) is back at (?P<back>.+), not after its departure at (?P<departure>.+)",
    "duty_outside": r"duty (?P<duty>.+) \((?P<departure>.+) to (?P<back>.+)\) is outside the horizon",
    "duty_too_long": r"duty (?P<duty>.+) takes (?P<needs>.+) kWh, the battery of bus (?P<bus>.+) gives (?P<gives>.+)",
    "fits_no_charger": r"bus (?P<bus>.+) of type (?P<type>.+) fits no charger",
}
_FIX: dict[str, str] = {
    "fill": r"fill it: (?P<meaning>.+)",
    "one_of": r"write one of: (?P<words>.+)",
    "plain_number": r"write a plain number with a point and no thousands separators; leave a row without data out",
    "date_form": r"write it as YYYY-MM-DD, (?P<first>\d+) to (?P<last>\d+)",
    "at_least": r"write a value of at least (?P<least>.+)",
    "at_most": r"write a value of at most (?P<most>.+)",
    "add_it": r"add it: (?P<meaning>.+)",
    "add_to": r"add it to (?P<table>.+) or correct the name",
    "columns": r"remove it or correct its name; the columns are (?P<names>.+)",
    "tables": r"correct its name or move it away; the tables are (?P<names>.+)",
    "utf8": r"save it as UTF-8 .+",
    "complete_row": r"complete the row \(a comma inside a text needs quotation marks\)",
    "keep_one": r"keep one of the two rows",
    "add_row": r"add at least one row",
    "pack_again": r"pack the plain files again into one flat archive",
    "end_line": r"copy the file again if it is cut off, or end its last line with a line break",
    "split_duty": r"split the duty, or use a larger battery",
}
WHAT = {name: re.compile(pattern, re.DOTALL) for name, pattern in _WHAT.items()}
FIX = {name: re.compile(pattern, re.DOTALL) for name, pattern in _FIX.items()}


def what_words(text: str, words: Words) -> str:
    """Return what is wrong in the language of the page, or as the reader says it."""
    return _translated("what", WHAT, text, words)


def fix_words(text: str, words: Words) -> str:
    """Return what to do in the language of the page, or as the reader says it."""
    return _translated("fix", FIX, text, words)


def _translated(group: str, patterns: dict[str, re.Pattern[str]], text: str, words: Words) -> str:
    for name, pattern in patterns.items():
        match = pattern.fullmatch(text)
        if match:
            return words(f"{group}.{name}", **match.groupdict())
    return text
