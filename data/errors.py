"""The one way this project refuses bad input: every problem at once, each with its place and its fix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with an input, as data that a terminal, a page or a log can show.

    Attributes
    ----------
    file
        The file, table or argument the problem was met in, as its user named it.
    row
        The row as a person counts it in that file (the header is row 1), or 0 when the problem is not of one row.
    field
        The column, key or field, or "" when the problem is of the file as a whole.
    what
        What is wrong, with the offending value.
    fix
        What to do about it.
    """

    file: str
    row: int
    field: str
    what: str
    fix: str

    def __str__(self) -> str:
        place = self.file + (f", row {self.row}" if self.row else "") + (f", {self.field}" if self.field else "")
        return f"{place}: {self.what}. {self.fix}."


class TwinError(Exception):
    """Root of every error this project raises on purpose."""


class InvalidInput(TwinError):
    """Input that cannot be used. Carries every problem that was found, never only the first one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = f"{count} problem{'s' if count != 1 else ''} in the input"
        super().__init__("\n".join([heading, *(f"  {problem}" for problem in self.problems)]))


class ProblemList:
    """Collects problems while an input is read, and raises them together.

    Readers take one of these, add what they find and carry on as far as sense allows; the outermost caller ends with
    :meth:`raise_if_any`.
    """

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, file: str, what: str, fix: str, *, row: int = 0, field: str = "") -> None:
        """Note one problem; `what` and `fix` are sentences without a full stop."""
        self._problems.append(Problem(file, row, field, what.rstrip("."), fix.rstrip(".")))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over problems that another reader found."""
        self._problems.extend(problems)

    def raise_if_any(self) -> None:
        """Raise `InvalidInput` with all problems, or do nothing when there are none."""
        if self._problems:
            raise InvalidInput(self._problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._problems)

    def __len__(self) -> int:
        return len(self._problems)
