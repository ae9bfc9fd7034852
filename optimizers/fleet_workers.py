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
from typing import Any

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


def run_tasks(
    function: Callable[[Any, Callable[[], bool]], Any], tasks: Sequence[Any], workers: int, cancel: Callable[[], bool], tries: int = 2
) -> Iterator[tuple[int, Any]]:  # fmt: skip
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
    context = multiprocessing.get_context("spawn")
    cancelled = context.Event()
    waiting = deque(range(len(tasks)))
    tried = [0] * len(tasks)
    running: dict[int, _Worker] = {}
    idle: list[_Worker] = []
    try:
        while waiting or running:
            if cancel():
                cancelled.set()
                waiting.clear()
            while waiting and len(running) < workers:
                number = waiting.popleft()
                tried[number] += 1
                worker = idle.pop() if idle else _spawned(context, function, cancelled)
                worker.link.send(tasks[number])
                running[number] = worker
            multiprocessing.connection.wait([worker.link for worker in running.values()], WATCH_EVERY_S)
            for number, worker in list(running.items()):
                if not worker.link.poll():
                    continue
                del running[number]
                try:
                    result = worker.link.recv()
                except (EOFError, ConnectionResetError):
                    worker.process.join(JOIN_S)
                    if tried[number] < tries and not cancelled.is_set():
                        waiting.appendleft(number)
                    else:
                        yield number, Lost(tried[number])
                    continue
                idle.append(worker)
                if isinstance(result, BaseException):
                    raise result
                yield number, result
    finally:
        for worker in (*idle, *running.values()):
            worker.link.close()
        for worker in running.values():
            worker.process.terminate()
        for worker in (*idle, *running.values()):
            worker.process.join(JOIN_S)


def _spawned(context: Any, function: Callable[[Any, Callable[[], bool]], Any], cancelled: Event) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, function, cancelled), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _serve(link: Connection, function: Callable[[Any, Callable[[], bool]], Any], cancelled: Event) -> None:
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
