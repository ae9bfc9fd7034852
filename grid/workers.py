"""Work shared out among threads: compiled kernels release the interpreter lock, so threads are all it takes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import config

from grid.elements import Ints

_PIECES_A_THREAD = 4


def default_threads() -> int:
    """Threads a solve uses unless told otherwise: the cores of this machine, or `NUMBA_NUM_THREADS`."""
    return int(config.NUMBA_NUM_THREADS)


def share_out(work: Callable[[Ints], None], units: int, threads: int | None) -> None:
    """Call `work(array([first, last]))` until all units are done, by several threads when there is enough to do.

    Units are independent and write to places of their own, so the result is the same for any number of threads.
    """
    threads = min(threads or default_threads(), units)
    if threads <= 1:
        work(np.array([0, units]))
        return
    cuts = np.linspace(0, units, min(units, threads * _PIECES_A_THREAD) + 1).astype(np.int64)
    pieces = iter([cuts[k : k + 2] for k in range(len(cuts) - 1)])

    def take_pieces() -> None:
        for piece in pieces:
            work(piece)

    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(take_pieces) for _ in range(threads - 1)]
        take_pieces()
        for other in others:
            other.result()
