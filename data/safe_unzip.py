"""Unpacking an archive that came from outside: limits on size, count, ratio and depth, and no way out of the folder."""

from __future__ import annotations

import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data.errors import InvalidInput, ProblemList

_PIECE_BYTES = 1 << 20
_ENCRYPTED = 0x1
_NEW = "pack the plain files again into one flat archive"


@dataclass(frozen=True)
class UnzipLimits:
    """What an archive may hold.

    Attributes
    ----------
    total_bytes
        Of all files, unpacked.
    files
        Number of files.
    ratio
        Unpacked over packed size of one file; small files (below `ratio_from_bytes`) are exempt.
    depth
        Folders a file may lie in: 0 for a flat archive.
    suffixes
        Endings a name may have, lower case; empty for any.
    """

    total_bytes: int = 200 * 1024 * 1024
    files: int = 1000
    ratio: float = 100.0
    ratio_from_bytes: int = 64 * 1024
    depth: int = 1
    suffixes: tuple[str, ...] = ()


def unzip(archive: Path, target: Path, limits: UnzipLimits | None = None) -> tuple[Path, ...]:
    """Unpack `archive` into the existing folder `target` and return the files in the order of their names.

    Sizes are counted while unpacking, so that a false size in the archive's directory does not help. Archives inside
    the archive are not unpacked.

    Raises
    ------
    InvalidInput
        With every entry that is refused: too much, links, devices, absolute paths, `..`, encrypted, damaged, two names
        that are one file. Nothing is unpacked when the directory is refused.
    """
    limits = limits or UnzipLimits()
    problems, name = ProblemList(), archive.name
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _check_directory(entries, name, limits, problems)
            problems.raise_if_any()
            return _unpack(opened, entries, target, limits, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        problems.add(name, f"the archive is damaged or of a kind that is not read ({error})", _NEW)
    except OSError as error:
        problems.add(name, f"the archive cannot be read ({error.strerror or error})", "check the path and your rights")
    raise InvalidInput(problems)


def _check_directory(entries: list[zipfile.ZipInfo], archive: str, limits: UnzipLimits, problems: ProblemList) -> None:
    if not entries:
        problems.add(archive, "the archive holds no files", "add the files")
    if len(entries) > limits.files:
        problems.add(
            archive, f"{len(entries):,} files where {limits.files:,} are allowed", "leave out what is not needed"
        )
        return
    total = sum(entry.file_size for entry in entries)
    if total > limits.total_bytes:
        what = f"{total / 1e6:,.0f} MB unpacked where {limits.total_bytes / 1e6:,.0f} MB are allowed"
        problems.add(archive, what, "leave out what is not needed")
    seen: set[str] = set()
    for entry in entries:
        for what in _faults(entry, limits):
            problems.add(archive, what, _NEW, field=_shown(entry.filename))
        folded = entry.filename.casefold()
        if folded in seen:
            problems.add(archive, "the name occurs twice", _NEW, field=_shown(entry.filename))
        seen.add(folded)


def _faults(entry: zipfile.ZipInfo, limits: UnzipLimits) -> list[str]:
    """Tell what is wrong with one entry of the archive's directory."""
    path, faults = PurePosixPath(entry.filename), []
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        faults.append("the entry is a link or a device, not a file")
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
        faults.append("the name leads out of the folder")
    if not path.name or any(ord(letter) < 32 for letter in entry.filename) or len(path.name.encode()) > 255:
        faults.append("the name cannot be used")
    if len(path.parts) - 1 > limits.depth:
        faults.append(f"the file lies in {len(path.parts) - 1} folders where {limits.depth} are allowed")
    if entry.flag_bits & _ENCRYPTED:
        faults.append("the file is encrypted")
    if entry.file_size > max(limits.ratio * entry.compress_size, limits.ratio_from_bytes):
        faults.append(f"the file grows more than {limits.ratio:g}-fold when unpacked")
    if limits.suffixes and path.suffix.lower() not in limits.suffixes:
        faults.append(f"the file is none of {', '.join(limits.suffixes)}")
    return faults


def _unpack(
    opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], target: Path, limits: UnzipLimits, archive: str
) -> tuple[Path, ...]:
    left = limits.total_bytes
    written = []
    for entry in sorted(entries, key=lambda entry: entry.filename):
        path = target.joinpath(*PurePosixPath(entry.filename).parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        allowed = min(left, entry.file_size)
        with opened.open(entry) as packed, path.open("xb") as plain:
            while piece := packed.read(_PIECE_BYTES):
                allowed -= len(piece)
                left -= len(piece)
                if allowed < 0:
                    problems = ProblemList()
                    what = "the file is larger than the archive's directory says"
                    problems.add(archive, what, _NEW, field=_shown(entry.filename))
                    raise InvalidInput(problems)
                plain.write(piece)
        written.append(path)
    return tuple(written)


def _shown(name: str) -> str:
    return name.encode("unicode_escape").decode()[:80]
