"""A box to send a file: a plain labelled input; the browser's half is in `assets/frame.js`."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.uploads import KINDS
from dash_app.view import View


def upload_box(view: View, page: str, kind: str, label: str, limit_mb: int) -> Component:
    """Return the box; what was received is put into `ids.of_page(page, "upload-<kind>")` as JSON."""
    words, field = view.words, ids.of_page(page, f"file-{kind}")
    store = ids.of_page(page, f"upload-{kind}")
    told = {
        "data-upload": kind,
        "data-store": store,
        "data-accept": ",".join(KINDS[kind]),
        "data-limit": str(limit_mb * 1024 * 1024),
        "data-sending": words("upload.sending", name="{name}"),
        "data-done": words("upload.done", name="{name}", size="{size}"),
        "data-failed": words("upload.failed", name="{name}", why="{why}"),
        "data-large": words("error.too_large", limit=limit_mb),
    }
    note = f"{', '.join(KINDS[kind])} · {words('upload.limit', limit=limit_mb)}"
    return html.Div(
        [
            html.Div(label, className="upload-label", id=f"{field}-label"),
            # the input itself is put here by the script: Dash has no plain file input
            html.Div(id=field, className="upload-input", **told, **{"data-label": label}),
            html.P(note, className="note"),
            html.P(className="upload-status", role="status", id=f"{field}-status"),
            dcc.Store(id=store),
        ],
        className="upload",
    )
