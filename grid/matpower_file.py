"""A MATPOWER case file read as data: its matrices, after the assignments that stand as code around them.

Published distribution cases give ohms and kW in their matrices and convert them by a few assignments at the end of the
file. These are evaluated by a small parser of matrix arithmetic; nothing of the file is ever executed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.errors import InvalidInput, Problem
from grid.matpower_arithmetic import Value, numbers
from grid.matpower_constants import CONSTANTS, Matrix, scalar
from grid.matpower_expressions import Reader, expression, places
from grid.matpower_tokens import Kind, UnreadableCase, words_of

LARGEST_BYTES = 64 * 1024 * 1024

_BLOCKS = {"if", "for", "while", "switch", "try", "parfor", "do"}
_WITHOUT_EFFECT = {"clear", "clc", "close", "format", "more", "return", "warning", "disp", "fprintf", "printf"}


def read_case(path: Path) -> dict[str, Matrix]:
    """Return every matrix of the case struct by field.

    Raises
    ------
    InvalidInput
        When the file cannot be read, is too large, or holds code beyond arithmetic; with the line.
    """
    name = path.name
    try:
        if path.stat().st_size > LARGEST_BYTES:
            what = f"the file is larger than {LARGEST_BYTES >> 20} MiB"
            raise InvalidInput([Problem(name, 0, "", what, "Check that it is a case file")])
        source = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        fix = "Check the path and your rights"
        raise InvalidInput([Problem(name, 0, "", f"the file cannot be read ({error.strerror})", fix)]) from error
    except UnicodeDecodeError as error:
        what = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        row = error.object[: error.start].count(b"\n") + 1
        raise InvalidInput([Problem(name, row, "", what, "Save the file as UTF-8")]) from error
    try:
        return case_fields(source)
    except UnreadableCase as error:
        raise InvalidInput([Problem(name, error.line, "", error.what, error.fix)]) from error


def case_fields(source: str) -> dict[str, Matrix]:
    """Evaluate the text of a case file; raises `UnreadableCase`."""
    reader = Reader(words_of(source))
    while True:
        while reader.word.kind is Kind.LINE_END or reader.sees(";", ","):
            reader.take()
        if reader.word.kind is Kind.FILE_END:
            break
        reader.depth = 0
        _statement(reader)
    return {name: value for name, value in reader.fields.items() if isinstance(value, np.ndarray)}


def _statement(r: Reader) -> None:
    word = r.word
    if word.text == "function":
        _function_head(r)
    elif word.kind is Kind.NAME and word.text in {"end", "endfunction", "endif"}:
        r.take()
    elif word.text == "if":
        _branch(r)
    elif word.kind is Kind.NAME and word.text in _BLOCKS:
        raise r.refuse(f"'{word.text}' stands in the file", "case files are read as data: write its result out")
    elif word.kind is Kind.NAME and word.text in _WITHOUT_EFFECT:
        _skip_line(r)
    elif word.text == "define_constants":
        r.take()
        for family in CONSTANTS.values():
            r.variables.update(
                {name: scalar(number) for name, number in family.items() if family is not CONSTANTS["idx_dcline"]}
            )
    elif word.text == "[":
        _several(r)
    else:
        _assignment(r)
    if not (r.word.kind in {Kind.LINE_END, Kind.FILE_END} or r.sees(";", ",")):
        raise r.refuse(f"'{r.word.text}' stands after the end of the statement", "check the line")


def _function_head(r: Reader) -> None:
    """Read `function mpc = name`: the name of the struct; the old form with several matrices is told apart."""
    r.take()
    if r.sees("["):
        fix = "save the case in version 2 of the format (one struct)"
        raise r.refuse("the case is of version 1 of MATPOWER's format", fix)
    if r.words[r.at + 1].text == "=":
        r.struct = r.take().text
    _skip_line(r)


def _skip_line(r: Reader) -> None:
    while r.word.kind not in {Kind.LINE_END, Kind.FILE_END}:
        r.at += 1


def _branch(r: Reader) -> None:
    """`if` with one condition: its block is evaluated or stepped over, unread."""
    line = r.take().line
    condition = numbers(expression(r), line)
    if not (condition.size and condition.all()):
        depth = 1
        while depth:
            word = r.take()
            if word.kind is Kind.FILE_END:
                raise UnreadableCase(line, "the block that begins here has no end", "close it with 'end'")
            if word.kind is Kind.NAME and word.text in {"else", "elseif"} and depth == 1:
                raise UnreadableCase(word.line, f"'{word.text}' is not supported", "write the result out")
            opens = word.kind is Kind.NAME and word.text in _BLOCKS
            closes = word.kind is Kind.NAME and word.text in {"end", "endif", "endfor", "endwhile"}
            depth += opens - closes


def _several(r: Reader) -> None:
    """Read `[A, B] = idx_bus`: names for the columns of a matrix."""
    line = r.take("[").line
    names = []
    while not r.sees("]"):
        word = r.take()
        if word.kind in {Kind.LINE_END, Kind.FILE_END}:
            r.at -= 1
            if word.kind is Kind.FILE_END:
                raise r.refuse("a list of names has no end", "close it with ']'")
            r.skip_line_ends()
        elif word.text != ",":
            names.append(word.text)
    r.take("]")
    r.take("=")
    family = CONSTANTS.get(r.word.text)
    if family is None:
        raise r.refuse(
            f"'{r.word.text}' is no function known here", "case files are read as data: write its result out"
        )
    if len(names) > len(family):
        raise UnreadableCase(line, f"{r.word.text} gives {len(family)} values, not {len(names)}", "check the names")
    r.take()
    r.variables.update({n: scalar(v) for n, v in zip(names, family.values(), strict=False) if n not in {"~", "!"}})


def _assignment(r: Reader) -> None:
    """`name = …`, `mpc.field = …`, or either with indices."""
    word = r.take()
    if word.kind is not Kind.NAME:
        raise UnreadableCase(word.line, f"'{word.text}' begins no statement", "check the line")
    store, name = r.variables, word.text
    if name == r.struct and r.sees("."):
        r.take()
        store, name = r.fields, r.take().text
        if r.sees("."):
            _skip_statement(r)
            return
    target = None
    if r.sees("("):
        if name not in store:
            fix = "case files are read as data: nothing in them is run"
            raise UnreadableCase(word.line, f"'{name}' is called, or changed before it is given", fix)
        old = numbers(store[name], word.line)
        target = places(r, old, word.line)
    if r.word.kind is Kind.LINE_END or r.sees(";"):
        raise UnreadableCase(word.line, f"'{name}' is called, not assigned to", "case files are read as data")
    r.take("=")
    value = expression(r)
    store[name] = value if target is None else _replaced(store[name], target, value, word.line)


def _skip_statement(r: Reader) -> None:
    """Step over an assignment to a struct inside the struct, to its end outside of brackets."""
    depth = 0
    while r.word.kind is not Kind.FILE_END:
        if not depth and (r.word.kind is Kind.LINE_END or r.sees(";")):
            return
        depth += r.sees("(", "[", "{") - r.sees(")", "]", "}")
        r.at += 1


def _replaced(old: Value, target: tuple[Matrix, ...], value: Value, line: int) -> Matrix:
    changed = numbers(old, line).copy()
    try:
        changed[target] = numbers(value, line)
    except ValueError as error:
        raise UnreadableCase(line, "the sizes of both sides differ", "check the indices") from error
    return changed
