"""Many users at once: each walks through recorded callbacks with a pause to think, over one kept connection."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.web_browser import CALLBACK

THINK_S = 2.0


@dataclass
class Crowd:
    """What a crowd met: seconds of every answer, and every answer that was none."""

    answers_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def share_s(self, share: float) -> float:
        """Return the time within which this share of the answers came."""
        ordered = sorted(self.answers_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


def crowd(address: str, callbacks: Sequence[str], token: str, users: int, seconds: float) -> Crowd:
    """Let so many users ask recorded callbacks for so long; the loopback only."""
    host = urlsplit(address)
    if host.hostname != "127.0.0.1":
        raise ValueError(f"load is for this machine only, not for {host.hostname}")
    met, end = Crowd(), time.monotonic() + seconds
    threads = [
        threading.Thread(target=_user, args=(host.netloc, callbacks, token, random.Random(number), end, met))
        for number in range(users)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return met


def _user(netloc: str, callbacks: Sequence[str], token: str, chance: random.Random, end: float, met: Crowd) -> None:
    headers = {
        "Content-Type": "application/json", "X-CSRFToken": token, "Cookie": f"_csrf_token={token}; language=en",
        "Accept-Encoding": "br, gzip",
    }  # fmt: skip
    connection = http.client.HTTPConnection(netloc, timeout=30)
    time.sleep(chance.uniform(0, THINK_S))
    while time.monotonic() < end:
        begin = time.perf_counter()
        try:
            connection.request("POST", CALLBACK, chance.choice(callbacks).encode(), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status not in {200, 204}:
                met.failures.append(str(answer.status))
        except (OSError, http.client.HTTPException) as error:
            met.failures.append(type(error).__name__)
            connection.close()
        met.answers_s.append(time.perf_counter() - begin)
        time.sleep(chance.uniform(0.5, 1.5) * THINK_S)
    connection.close()
