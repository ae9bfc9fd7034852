"""Headers of every answer: what the browser may load and run, and who may show the page."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, request

STATIC = ("/_dash-component-suites/", "/assets/", "/resource/")


def content_policy(script_hashes: Sequence[str]) -> str:
    """Return the content security policy: everything from here, scripts from files or of known content alone.

    Styles may be inline: React components and charts set them. Charts on maps run their worker from a blob.
    """
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "object-src": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def add_headers(server: Flask, policy: str, *, https: bool) -> None:
    """Put the headers on every answer of a server."""
    fixed = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if https:
        fixed["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    @server.after_request
    def _add(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers[name] = value
        if not request.path.startswith(STATIC):
            response.headers["Cache-Control"] = "no-store"
        return response
