"""The WSGI application, for gunicorn or another server of that standard: `dash_app.wsgi:application()`."""

from __future__ import annotations

import os

from flask import Flask

from dash_app.server import create_app
from dash_app.settings import SETTINGS_VARIABLE, settings_from_json


def application() -> Flask:
    """Return the application with the settings that the environment holds (see `dash_app.settings`)."""
    server: Flask = create_app(settings_from_json(os.environ[SETTINGS_VARIABLE])).server
    return server
