#!/usr/bin/env bash
# Re-resolve both lock files from pyproject.toml (run by hand after changing a dependency range).
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --extra build)
.venv/bin/uv pip compile "${options[@]}" "$@" pyproject.toml -o requirements.lock
.venv/bin/uv pip compile "${options[@]}" "$@" --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
