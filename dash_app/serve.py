"""`twin serve`: the web app and its worker, until stopped."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

import data
from dash_app.settings import LOOPBACK, SETTINGS_VARIABLE, Settings, settings_as_json
from data.users import UserStore
from twin.cli.run_options import runs_option
from twin.job_supervisor import worker_command
from twin.stopping import StopRequest

EMBEDDED_SEOUL = Path(data.__file__).parent / "seoul"
LOOK_S = 0.5
GRACE_S = 25.0
RESTART_S = 1.0
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True)
class Served:
    """How the web process is started besides the application's settings."""

    workers: int
    threads: int
    certificate: Path | None
    key: Path | None


@click.command()
@runs_option
@click.option("--city", type=click.Path(path_type=Path), default=EMBEDDED_SEOUL, help="City folder that jobs plan for.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8050, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64), help="Threads of each.")
@click.option("--demo", is_flag=True, help="No log-in; on this machine only, and every page says so.")
@click.option("--proxies", default=0, type=click.IntRange(0, 5), help="Proxies in front whose headers are believed.")
@click.option("--https", is_flag=True, help="Browsers come by HTTPS through a proxy: cookies over HTTPS only.")
@click.option("--certificate", type=_FILE, help="For HTTPS of its own.")
@click.option("--key", type=_FILE, help="Key of the certificate.")
@click.option("--no-worker", is_flag=True, help="Do not start a worker; run `twin worker` somewhere yourself.")
@click.pass_context
def serve(
    context: click.Context,
    /,
    runs: Path,
    city: Path,
    host: str,
    port: int,
    workers: int,
    threads: int,
    proxies: int,
    certificate: Path | None,
    key: Path | None,
    *,
    demo: bool,
    https: bool,
    no_worker: bool,
) -> None:
    """Open the web app on the published runs.

    The first start adds the user `admin` and prints a password that works once.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    if (certificate is None) != (key is None):
        raise click.UsageError("give --certificate and --key together")
    secure = https or certificate is not None
    if not _is_loopback(host) and not secure:
        raise click.UsageError(
            f"on {host} passwords would travel in the clear: put a proxy with HTTPS in front and give --https, "
            "or give --certificate and --key"
        )
    try:
        settings = Settings(runs, host, port, demo=demo, https=secure, proxies=proxies)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    settings.state_folder.mkdir(parents=True, exist_ok=True)
    if not demo:
        _greet_first_admin(settings)
    scheme = "https" if certificate else "http"
    click.echo(f"Seoul Energy Twin: {scheme}://{host}:{port}/" + ("  (demonstration without log-in)" if demo else ""))
    web = web_command(settings, Served(workers, threads, certificate, key))
    context.exit(supervise(settings, web, None if no_worker else worker_command(runs, city)))


def _greet_first_admin(settings: Settings) -> None:
    password = UserStore(settings.state_folder).first_admin()
    if password is not None:
        click.echo(f"First start. User: admin   one-time password: {password}")


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def web_command(settings: Settings, served: Served) -> list[str]:
    """Return the command line of the web process."""
    options = {
        "--bind": f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}",
        "--workers": str(served.workers),
        "--threads": str(served.threads),
        "--worker-class": "gthread",
        "--worker-tmp-dir": _memory_folder(),
        "--graceful-timeout": "20",
        "--timeout": "60",
        "--keep-alive": "15",
        "--limit-request-line": "8190",
        "--backlog": "256",
        "--forwarded-allow-ips": "*" if settings.proxies else "127.0.0.1",
        "--certfile": str(served.certificate or ""),
        "--keyfile": str(served.key or ""),
    }
    told = [part for name, value in options.items() if value for part in (name, value)]
    return [sys.executable, "-m", "gunicorn", "--preload", "--no-control-socket", *told, "dash_app.wsgi:application()"]


def _memory_folder() -> str:
    """Return a folder in memory for heartbeats when there is one: a busy disk must not look like a dead process."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() and os.access(shared, os.W_OK) else tempfile.gettempdir()


def supervise(settings: Settings, web: list[str], worker: list[str] | None) -> int:
    """Run the web process and keep a worker beside it; return the exit code when stopped or when the web ends."""
    environment = {**os.environ, SETTINGS_VARIABLE: settings_as_json(settings)}
    with StopRequest() as stop:
        server = subprocess.Popen(web, env=environment)
        helper, helper_from_s = None, 0.0
        try:
            while server.poll() is None:
                gone = helper is None or helper.poll() is not None
                if worker is not None and gone and time.monotonic() >= helper_from_s:
                    helper, helper_from_s = subprocess.Popen(worker), time.monotonic() + RESTART_S
                time.sleep(LOOK_S)
        except KeyboardInterrupt:
            click.echo("stopping", err=True)
        finally:
            _end([process for process in (server, helper) if process is not None])
    return 0 if stop() else server.returncode or 1


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask processes to end, finishing what they answer, and end them when they do not."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
