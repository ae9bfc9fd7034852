"""Ctrl-C as a wish: the first press asks a running plan to end with the best so far, the second ends the program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self._pressed = threading.Event()

    def __call__(self) -> bool:
        """Return whether somebody asked for the end."""
        return self._pressed.is_set()

    def press(self, signum: int, frame: FrameType | None) -> None:
        """Note the first press; end the program at the second."""
        if self._pressed.is_set():
            signal.default_int_handler(signum, frame)
        self._pressed.set()


@contextmanager
def noted_interrupt() -> Iterator[Interrupt]:
    """Give an `Interrupt` that notes Ctrl-C inside the block, where the main thread runs it."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, interrupt.press)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
