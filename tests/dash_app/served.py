"""An application served on the loopback by a thread, and requests that a user's browser would make."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server

from dash_app.page import Pages
from dash_app.server import TwinDash, create_app
from dash_app.settings import Settings
from data.users import Role

PASSWORD = "a long enough password"


@dataclass(frozen=True, eq=False)
class Served:
    """An application and where it answers."""

    app: TwinDash
    settings: Settings
    address: str


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(settings: Settings, pages: Pages | None = None) -> Iterator[Served]:
    """Serve an application on a free port until the block ends."""
    app = create_app(settings, pages)
    server = make_server("127.0.0.1", 0, app.server, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Served(app, settings, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client_of(served: Served, role: Role | None) -> FlaskClient:
    """Return a client that is logged in as the user of a role, or nobody."""
    client = served.app.server.test_client()
    if role is not None:
        log_in(client, f"the-{role.value}", PASSWORD)
    return client


def log_in(client: FlaskClient, name: str, password: str) -> Any:
    """Fill in and send the form of log-in."""
    page = client.get("/login").get_data(as_text=True)
    token = page.split('name="token" value="')[1].split('"')[0]
    return client.post("/login", data={"token": token, "name": name, "password": password})


def csrf_headers(client: FlaskClient) -> dict[str, str]:
    """Return the header with the session's token that scripts of a page send."""
    client.get("/schedule", headers={"Accept": "text/html"})
    cookie = client.get_cookie("_csrf_token")
    return {"X-CSRFToken": cookie.value if cookie else ""}
