"""Local worker processes that may die: a task whose worker was killed is given to a new one, all others go on."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from typing import Any, Self

WATCH_EVERY_S = 0.2
JOIN_S = 5.0


@dataclass(frozen=True)
class Lost:
    """Stands for the result of a task that took its worker with it each time it was tried."""

    tries: int


@dataclass(frozen=True, eq=False)
class _Worker:
    process: SpawnProcess
    link: Connection


Function = Callable[[Any, Callable[[], bool]], Any]
Numbered = tuple[int, Any]


def run_tasks(
    function: Function, tasks: Sequence[Any], workers: int, cancel: Callable[[], bool], tries: int = 2
) -> Iterator[Numbered]:
    """Yield ``(number, function(task, cancelled))`` of all tasks as they end, in worker processes.

    Parameters
    ----------
    function
        Importable by name. Its second argument tells it whether the whole run was cancelled.
    tasks
        Handed out in this order.
    workers
        Processes at a time.
    cancel
        Once it is True no further task is handed out, and running ones are told.
    tries
        How often a task is given to a worker; after that its result is `Lost`.
    """
    with Crew(function, workers, tries) as crew:
        yield from crew.run(tasks, cancel)


class Crew:
    """Worker processes kept for several runs: who does what, who is idle, and which tasks wait."""

    def __init__(self, function: Function, workers: int, tries: int = 2) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._cancelled = self._context.Event()
        self._function, self._workers, self._tries = function, workers, tries
        self._tasks: Sequence[Any] = ()
        self._waiting: deque[int] = deque()
        self._tried: list[int] = []
        self._running: dict[int, _Worker] = {}
        self._idle: list[_Worker] = []

    def __enter__(self) -> Self:
        """Return itself; workers are started when there are tasks."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers."""
        self._dismiss()

    def run(self, tasks: Sequence[Any], cancel: Callable[[], bool]) -> Iterator[Numbered]:
        """Yield number and result of all tasks as they end; see `run_tasks`."""
        self._tasks, self._tried = tasks, [0] * len(tasks)
        self._waiting = deque(range(len(tasks)))
        while self._waiting or self._running:
            if cancel():
                self._cancelled.set()
                self._waiting.clear()
            self._hand_out()
            yield from self._collect()

    def _hand_out(self) -> None:
        while self._waiting and len(self._running) < self._workers:
            number = self._waiting.popleft()
            self._tried[number] += 1
            worker = self._idle.pop() if self._idle else _spawned(self._context, self._function, self._cancelled)
            worker.link.send(self._tasks[number])
            self._running[number] = worker

    def _collect(self) -> Iterator[Numbered]:
        """Yield what has come back since; wait a moment when nothing has."""
        multiprocessing.connection.wait([worker.link for worker in self._running.values()], WATCH_EVERY_S)
        for number, worker in list(self._running.items()):
            if worker.link.poll():
                del self._running[number]
                yield from self._received(number, worker)

    def _received(self, number: int, worker: _Worker) -> Iterator[Numbered]:
        try:
            result = worker.link.recv()
        except (EOFError, ConnectionResetError):
            worker.process.join(JOIN_S)
            if self._tried[number] < self._tries and not self._cancelled.is_set():
                self._waiting.appendleft(number)
            else:
                yield number, Lost(self._tried[number])
            return
        self._idle.append(worker)
        if isinstance(result, BaseException):
            raise result
        yield number, result

    def _dismiss(self) -> None:
        for worker in (*self._idle, *self._running.values()):
            worker.link.close()
        for worker in self._running.values():
            worker.process.terminate()
        for worker in (*self._idle, *self._running.values()):
            worker.process.join(JOIN_S)


def _spawned(context: Any, function: Function, cancelled: Event) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, function, cancelled), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _serve(link: Connection, function: Function, cancelled: Event) -> None:
    """Answer tasks until the other end is closed."""
    while True:
        try:
            task = link.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            result = function(task, cancelled.is_set)
        except Exception as error:  # noqa: BLE001 — handed to the parent, which raises it
            result = error
        link.send(result)
