"""Words of a MATPOWER case file: numbers, names, text, signs and line ends, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from data.errors import TwinError

_WORD = re.compile(
    r"""(?P<number>(?:\d+(?:\.(?![*/^'])\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?)
      |(?P<name>[A-Za-z]\w*)
      |(?P<sign>\.\*|\./|\.\^|==|~=|!=|<=|>=|&&|\|\||[-+*/^()\[\]{},;:=<>~!&|.@'"])""",
    re.VERBOSE,
)
_CLOSING = {")", "]", "}", "'"}


class Kind(Enum):
    """What a word is."""

    NUMBER = "number"
    NAME = "name"
    TEXT = "text"
    SIGN = "sign"
    LINE_END = "end of line"
    FILE_END = "end of file"


@dataclass(frozen=True)
class Word:
    """One word; `spaced` tells whether white space stands before it, which separates the entries of a matrix."""

    kind: Kind
    text: str
    line: int
    spaced: bool


@dataclass
class UnreadableCase(TwinError):
    """A place in a case file that is not understood, and what to do about it."""

    line: int
    what: str
    fix: str


def words_of(source: str) -> list[Word]:
    """Split a case file; comments and continued lines are resolved."""
    words = [word for number, line in _code_lines(source) for word in _words_of_line(line, number)]
    return [*words, Word(Kind.FILE_END, "", source.count("\n") + 1, spaced=True)]


def _code_lines(source: str) -> Iterator[tuple[int, str]]:
    in_block = 0
    for number, line in enumerate(source.splitlines(), start=1):
        bare = line.strip()
        if bare in {"%{", "#{"}:
            in_block += 1
        elif bare in {"%}", "#}"}:
            in_block = max(0, in_block - 1)
        elif not in_block:
            yield number, line


def _words_of_line(line: str, number: int) -> Iterator[Word]:
    at, spaced, before = 0, True, ""
    while at < len(line):
        letter = line[at]
        if letter.isspace():
            at, spaced = at + 1, True
            continue
        if letter in "%#":
            break
        if line.startswith("...", at):
            return
        if letter in "'\"" and not (letter == "'" and not spaced and _ends_value(before)):
            end = _closing_quote(line, at, number)
            yield Word(Kind.TEXT, line[at + 1 : end], number, spaced)
            at, spaced, before = end + 1, False, "'"
            continue
        found = _WORD.match(line, at)
        if not found:
            raise UnreadableCase(number, f"the letter {letter!r} has no meaning here", "check the line")
        text = found.group()
        yield Word(Kind(found.lastgroup), text, number, spaced)
        at, spaced, before = found.end(), False, text
    yield Word(Kind.LINE_END, "", number, spaced)


def _ends_value(before: str) -> bool:
    return bool(before) and (before[-1].isalnum() or before[-1] in {"_", "."} or before in _CLOSING)


def _closing_quote(line: str, at: int, number: int) -> int:
    quote, end = line[at], at + 1
    while True:
        end = line.find(quote, end)
        if end < 0:
            raise UnreadableCase(number, "a text has no closing quotation mark", "close it")
        if line[end + 1 : end + 2] != quote:
            return end
        end += 2
