"""Being asked to stop: remembered, because a solver that is interrupted answers with its best plan so far."""

from __future__ import annotations

import signal
from types import FrameType


class StopRequest:
    """Remembers Ctrl-C and SIGTERM for the length of a block, and raises `KeyboardInterrupt` when they come."""

    def __init__(self) -> None:
        self._asked = False
        self._before: dict[signal.Signals, object] = {}

    def __call__(self) -> bool:
        """Return whether somebody asked to stop."""
        return self._asked

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        signal.default_int_handler(number, frame)

    def __enter__(self) -> StopRequest:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(self, *exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def never() -> bool:
    """Return False: nobody asks to stop."""
    return False
