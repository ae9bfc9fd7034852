"""A new folder that appears complete or not at all: written beside its place, then renamed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import InvalidInput, Problem, ProblemList

LONGEST_NAME = 80


def check_place(path: Path, problems: ProblemList) -> None:
    """List why a folder cannot be made at a place: it is taken, or the folder around it is not there."""
    if path.exists() or path.is_symlink():
        problems.add(str(path), "this exists already", "choose another folder; nothing is overwritten")
    elif not path.parent.is_dir():
        problems.add(str(path), "the folder it should lie in does not exist", f"make {path.parent} first")


def check_name(name: str, kind: str, problems: ProblemList) -> None:
    """List why a text cannot be the name of something: it is blank, not printable or too long."""
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        what = f"{name!r} cannot be the name of a {kind}"
        problems.add("NAME", what, f"give one line of at most {LONGEST_NAME} printable characters")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a draft to fill; it becomes the folder when the block ends well, and is gone when it does not.

    Raises
    ------
    InvalidInput
        When the folder cannot be written.
    """
    draft: Path | None = None
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        yield draft
        draft.chmod(0o755)
        draft.rename(path)
    except OSError as error:
        what = f"the folder cannot be written ({error.strerror})"
        fix = "choose a place with room that you may write to"
        raise InvalidInput([Problem(str(path), 0, "", what, fix)]) from None
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
