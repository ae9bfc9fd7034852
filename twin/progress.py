"""Saying how far a job is: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Reporter(Protocol):
    """Told which phase runs and how much of it is done; keeps the seconds of each phase."""

    phases_s: dict[str, float]

    def phase(self, name: str) -> AbstractContextManager[None, bool | None]:
        """Open a phase; it ends with the block."""

    def done(self, part: str, number: int, total: int) -> None:
        """Tell how many of the phase's parts are done."""


class PlainReporter:
    """One line at the end of a phase."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.phases_s: dict[str, float] = {}
        self._write = write

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a phase and say how long it took."""
        begin = time.perf_counter()
        yield
        self.phases_s[name] = time.perf_counter() - begin
        self._write(f"{name:<28} {self.phases_s[name]:7.1f} s")

    def done(self, part: str, number: int, total: int) -> None:
        """Say nothing: a log wants phases, not parts."""


class BarReporter:
    """A bar a phase on a terminal."""

    def __init__(self, console: Console) -> None:
        self.phases_s: dict[str, float] = {}
        self._progress = Progress(
            TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.fields[part]}"), TimeElapsedColumn(),
            console=console,
        )  # fmt: skip
        self._task: TaskID | None = None

    def __enter__(self) -> BarReporter:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Show a bar until the phase ends."""
        begin = time.perf_counter()
        self._task = self._progress.add_task(name, total=None, part="")
        yield
        self.phases_s[name] = time.perf_counter() - begin
        self._progress.update(self._task, total=1, completed=1, part="")
        self._progress.stop_task(self._task)

    def done(self, part: str, number: int, total: int) -> None:
        """Move the bar of the phase that runs."""
        if self._task is not None:
            self._progress.update(self._task, total=total, completed=number, part=f"{number}/{total} {part}")
