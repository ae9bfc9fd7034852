"""Expressions of a MATPOWER case file: arithmetic of matrices, parsed and evaluated in one pass, nothing executed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from grid.matpower_arithmetic import RANKS, SIGN_RANK, Value, combined, joined, numbers, stretched
from grid.matpower_constants import CONSTANTS, FUNCTIONS, VALUES, Matrix, scalar
from grid.matpower_tokens import Kind, UnreadableCase, Word

DEEPEST = 60
"""Nesting of brackets beyond which a file is refused."""


@dataclass
class Reader:
    """Position in the words of a file, the variables so far, and the fields of its struct."""

    words: list[Word]
    variables: dict[str, Value] = field(default_factory=dict)
    fields: dict[str, Value] = field(default_factory=dict)
    struct: str = "mpc"
    at: int = 0
    depth: int = 0
    in_matrix: bool = False
    ends: list[tuple[Matrix, int, int]] = field(default_factory=list)
    """Arrays being indexed: array, place of the index, number of indices; what `end` refers to."""

    @property
    def word(self) -> Word:
        """The next word."""
        return self.words[self.at]

    def sees(self, *texts: str) -> bool:
        """Whether the next word is one of these signs or names."""
        return self.word.kind in {Kind.SIGN, Kind.NAME} and self.word.text in texts

    def take(self, text: str = "") -> Word:
        """Step over the next word, which must be `text` if that is given."""
        word = self.word
        if text and not (word.kind in {Kind.SIGN, Kind.NAME} and word.text == text):
            found = word.text or word.kind.value
            raise UnreadableCase(word.line, f"'{text}' is expected where '{found}' stands", "check the line")
        self.at += 1
        return word

    def skip_line_ends(self) -> None:
        """Step over ends of lines."""
        while self.word.kind is Kind.LINE_END:
            self.at += 1

    def refuse(self, what: str, fix: str = "write plain numbers and matrices") -> UnreadableCase:
        """Return the error for what stands here."""
        return UnreadableCase(self.word.line, what, fix)


def expression(r: Reader, rank: int = 0) -> Value:
    """Evaluate the expression that begins at the next word, down to operators of `rank`."""
    r.depth += 1
    if r.depth > DEEPEST:
        raise r.refuse(f"brackets or signs are nested more than {DEEPEST} deep")
    left = _operand(r)
    while r.word.kind is Kind.SIGN and not _begins_entry(r):
        sign = r.word.text
        if RANKS.get(sign, -1) <= rank:
            break
        line = r.take().line
        right = expression(r, RANKS[sign])
        left = _range(r, left, right, line) if sign == ":" else combined(left, sign, right, line)
    r.depth -= 1
    return left


def _begins_entry(r: Reader) -> bool:
    """In a matrix `a -b` is two entries where `a - b` and `a-b` are one."""
    following = r.words[r.at + 1]
    return r.in_matrix and r.word.spaced and r.word.text in {"+", "-"} and not following.spaced


def _range(r: Reader, first: Value, second: Value, line: int) -> Matrix:
    third = None
    if r.sees(":"):
        r.take()
        third = numbers(expression(r, RANKS[":"]), line)
    return stretched(numbers(first, line), numbers(second, line), third, line)


def _operand(r: Reader) -> Value:
    word = r.take()
    if word.kind is Kind.NUMBER:
        value: Value = scalar(float(word.text.lower().replace("d", "e")))
    elif word.kind is Kind.TEXT:
        return word.text
    elif word.kind is Kind.NAME:
        value = _named(r, word)
    elif word.text in {"-", "+", "~", "!"}:
        inner = numbers(expression(r, SIGN_RANK), word.line)
        return {"-": np.negative, "+": np.positive}.get(word.text, lambda x: (x == 0).astype(float))(inner)
    elif word.text == "(":
        value = _bracketed(r)
    elif word.text == "[":
        value = _matrix(r, "]")
    elif word.text == "{":
        _matrix(r, "}")
        return None
    else:
        r.at -= 1
        found = word.text or word.kind.value
        raise r.refuse(f"'{found}' stands where a value is needed")
    while r.sees("'") and not r.word.spaced:
        r.take()
        value = numbers(value, word.line).T
    return value


def _bracketed(r: Reader) -> Value:
    outer, r.in_matrix = r.in_matrix, False
    value = expression(r)
    r.take(")")
    r.in_matrix = outer
    return value


def _matrix(r: Reader, closing: str) -> Matrix:
    """Evaluate rows up to the closing bracket; of a cell array only its extent is of interest."""
    outer, r.in_matrix = r.in_matrix, True
    rows: list[list[Value]] = [[]]
    opened = r.word.line
    while not r.sees(closing):
        if r.word.kind is Kind.FILE_END:
            raise UnreadableCase(opened, "the matrix that begins here has no end", f"close it with '{closing}'")
        if r.word.kind is Kind.LINE_END or r.sees(";"):
            r.take()
            rows.append([])
        elif r.sees(","):
            r.take()
        else:
            rows[-1].append(expression(r))
    r.take()
    r.in_matrix = outer
    if closing == "}":
        return np.zeros((0, 0))
    return joined([[numbers(entry, opened) for entry in row] for row in rows if row], opened)


def _named(r: Reader, word: Word) -> Value:
    name = word.text
    if name == r.struct and r.sees("."):
        r.take()
        name = r.take().text
        if name not in r.fields:
            raise UnreadableCase(word.line, f"the case has no field '{name}' here", "give it before it is used")
        return _indexed(r, r.fields[name], word.line)
    if name in r.variables:
        return _indexed(r, r.variables[name], word.line)
    if name == "end" and r.ends:
        array, place, count = r.ends[-1]
        return scalar(array.size if count == 1 else array.shape[place])
    if name in VALUES:
        return scalar(VALUES[name])
    if name in FUNCTIONS:
        return _call(r, name, word.line)
    if name in {names for family in CONSTANTS.values() for names in family}:
        fix = "add define_constants, or the idx_ function that defines it"
        raise UnreadableCase(word.line, f"'{name}' is used before it is defined", fix)
    fix = "case files are read as data: functions beyond plain arithmetic are not run"
    raise UnreadableCase(word.line, f"'{name}' is no variable and no function known here", fix)


def _call(r: Reader, name: str, line: int) -> Matrix:
    arguments = [numbers(value, line) for value in _arguments(r, None)]
    try:
        with np.errstate(all="ignore"):
            return np.atleast_2d(np.asarray(FUNCTIONS[name](*arguments), dtype=float))
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise UnreadableCase(line, f"{name}: {error}", "check its arguments") from error


def _arguments(r: Reader, array: Matrix | None) -> list[Value]:
    """Values in round brackets; a lone `:` is None."""
    count = _count_arguments(r)
    r.take("(")
    outer, r.in_matrix = r.in_matrix, False
    values: list[Value] = []
    while not r.sees(")"):
        if r.sees(":") and r.words[r.at + 1].text in {",", ")"}:
            r.take()
            values.append(None)
        else:
            if array is not None:
                r.ends.append((array, len(values), count))
            values.append(expression(r))
            if array is not None:
                r.ends.pop()
        if not r.sees(")"):
            r.take(",")
    r.take(")")
    r.in_matrix = outer
    return values


def _count_arguments(r: Reader) -> int:
    depth, count = 0, 1
    for word in r.words[r.at :]:
        if word.kind in {Kind.LINE_END, Kind.FILE_END}:
            break
        depth += (word.text in {"(", "[", "{"}) - (word.text in {")", "]", "}"}) if word.kind is Kind.SIGN else 0
        count += depth == 1 and word.text == "," and word.kind is Kind.SIGN
        if not depth:
            break
    return count


def _indexed(r: Reader, value: Value, line: int) -> Value:
    if not r.sees("(") or (r.in_matrix and r.word.spaced):
        return value
    array = numbers(value, line)
    return array[places(r, array, line)]


def places(r: Reader, array: Matrix, line: int) -> tuple[Matrix, ...]:
    """Read the indices in round brackets as those of numpy."""
    wanted = _arguments(r, array)
    if len(wanted) not in {1, 2}:
        raise UnreadableCase(line, f"{len(wanted)} indices of a matrix", "give one or two")
    if len(wanted) == 1:
        flat = _positions(wanted[0], array.size, line)
        rows, columns = np.unravel_index(flat, array.shape, order="F")
        shape = (1, -1) if array.shape[0] == 1 else (-1, 1)
        return rows.reshape(shape), columns.reshape(shape)
    rows, columns = (_positions(w, n, line) for w, n in zip(wanted, array.shape, strict=True))
    return np.ix_(rows, columns)


def _positions(value: Value, size: int, line: int) -> Matrix:
    if value is None:
        return np.arange(size)
    chosen = numbers(value, line).ravel(order="F")
    if not (
        np.isfinite(chosen).all() and (chosen == np.round(chosen)).all() and ((chosen >= 1) & (chosen <= size)).all()
    ):
        raise UnreadableCase(line, f"an index is not a whole number within 1 … {size}", "check the index")
    return chosen.astype(np.int64) - 1
