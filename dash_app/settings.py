"""How the application was started."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

SETTINGS_VARIABLE = "TWIN_WEB_SETTINGS"
"""Environment variable that hands the settings to the web process."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Settings:
    """Settings of one application.

    Attributes
    ----------
    runs
        Folder of runs.
    host, port
        Where it listens.
    demo
        Whether everybody on this machine may look and plan without log-in; on loopback only.
    https
        Whether browsers reach it by HTTPS (through a proxy, or with a certificate of its own): cookies are then sent
        over HTTPS only.
    proxies
        Number of proxies in front whose `X-Forwarded-*` headers are believed.
    upload_bytes
        Largest request.
    idle_minutes, longest_hours
        When a session ends: without use, and at the latest.
    """

    runs: Path
    host: str = "127.0.0.1"
    port: int = 8050
    demo: bool = False
    https: bool = False
    proxies: int = 0
    upload_bytes: int = 50 * 1024 * 1024
    idle_minutes: int = 30
    longest_hours: int = 12

    def __post_init__(self) -> None:
        if self.demo and self.host not in LOOPBACK:
            raise ValueError(f"the demo has no log-in, so it listens on this machine only, not on {self.host}")

    @property
    def state_folder(self) -> Path:
        """Folder of users, sessions, jobs and the audit log."""
        return self.runs / "web"


def settings_as_json(settings: Settings) -> str:
    """Return settings as text for `settings_from_json`."""
    return json.dumps(asdict(settings), default=str)  # paths alone are no JSON


def settings_from_json(text: str) -> Settings:
    """Return the settings that `settings_as_json` wrote."""
    document = json.loads(text)
    return Settings(**{**document, "runs": Path(document["runs"])})
