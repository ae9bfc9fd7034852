"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_seoul() -> Path:
    """Folder with real weather, load and registration files of Seoul, which are not shipped with the product.

    Looked for in ``$SEOUL_REAL_DATA``, then beside the checkout. Tests that need it say so when it is absent.
    """
    folder = Path(os.environ.get("SEOUL_REAL_DATA", ROOT.parent / "shared" / "seoul"))
    if not (folder / "FACTS.md").is_file():
        pytest.skip(f"real Seoul data not found in {folder}: set SEOUL_REAL_DATA to run this test")
    return folder
