"""The application's own secret: made once, kept in a file that only its user can read."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

SECRET_FILE = "secret"
SECRET_BYTES = 32


def secret_of(folder: Path) -> bytes:
    """Return the secret of a folder, made at the first call; the same for all processes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SECRET_FILE
    temporary = folder / f".{SECRET_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    if not path.exists():
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(SECRET_BYTES))
        try:
            os.link(temporary, path)  # the first process wins, whole
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_bytes()


def signature(secret: bytes, purpose: str, text: str) -> str:
    """Return the signature of a text for one purpose."""
    return hmac.new(secret, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in constant time."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))
