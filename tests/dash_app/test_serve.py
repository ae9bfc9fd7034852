"""`twin serve` from its command line to its end: it answers, replaces a killed worker, and leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from dash_app.serve import serve
from dash_app.settings import Settings, settings_as_json, settings_from_json

PATIENCE_S = 120.0


def wait_for(seen: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.2)


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def words_of(process: psutil.Process) -> list[str]:
    """Return the command line of a process; of one that has just ended, nothing."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_it_serves_and_ends_without_leaving_anything(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "twin", "serve", "--runs", str(tmp_path), "--port", str(port), "--workers", "1"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    family = psutil.Process(process.pid)
    try:
        wait_for(lambda: status_of(port, "/health") == 200)
        assert status_of(port, "/grid") == 401
        assert "one-time password" in (tmp_path / "log").read_text()

        def worker() -> psutil.Process | None:
            alive = [child for child in family.children() if child.status() != psutil.STATUS_ZOMBIE]
            found = [child for child in alive if "worker" in words_of(child)]
            return found[0] if found else None

        wait_for(worker)
        first = worker()
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        wait_for(lambda: (found := worker()) is not None and found.pid != first.pid)
        mine = {child.pid for child in family.children(recursive=True)}
        listening = {
            one.laddr.port
            for pid in mine | {process.pid}
            if psutil.pid_exists(pid)
            for one in psutil.Process(pid).net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        }
        assert listening == {port}
        everybody = family.children(recursive=True)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    assert process.returncode == 0
    _, alive = psutil.wait_procs(everybody, timeout=10)
    assert alive == []


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--host", "0.0.0.0"], "in the clear"),
        (["--demo", "--host", "192.0.2.1", "--https"], "this machine only"),
        (["--key", __file__], "together"),
        (["--port", "0"], "range"),
    ],
)
def test_what_would_be_unsafe_is_refused(tmp_path: Path, options: list[str], why: str) -> None:
    result = CliRunner().invoke(serve, [*options, "--runs", str(tmp_path)])
    assert result.exit_code == 2
    assert why in result.output


def test_settings_travel_whole(tmp_path: Path) -> None:
    settings = Settings(tmp_path, port=9000, https=True, proxies=2, idle_minutes=5)
    assert settings_from_json(settings_as_json(settings)) == settings
