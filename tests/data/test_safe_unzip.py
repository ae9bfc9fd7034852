"""Unpacking archives from outside: what is allowed comes out whole, everything else is refused before it is written."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from data.errors import InvalidInput
from data.safe_unzip import UnzipLimits, unzip


def pack(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def refusals(archive: Path, target: Path, limits: UnzipLimits | None = None) -> str:
    with pytest.raises(InvalidInput) as refused:
        unzip(archive, target, limits)
    return str(refused.value)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


def test_files_come_out_whole_in_the_order_of_their_names(tmp_path: Path, target: Path) -> None:
    content = os.urandom(3 << 20)
    files = unzip(pack(tmp_path / "a.zip", {"b.xml": b"two", "a/c.xml": content}), target)
    assert [file.relative_to(target).as_posix() for file in files] == ["a/c.xml", "b.xml"]
    assert files[0].read_bytes() == content


@pytest.mark.parametrize("name", ["../out.xml", "a/../../out.xml", "/etc/out.xml", "C:out.xml", "a\\..\\out.xml"])
def test_names_that_lead_out_are_refused(tmp_path: Path, target: Path, name: str) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = name
        opened.writestr(entry, b"x")
    assert "leads out of the folder" in refusals(archive, target)
    assert list(tmp_path.rglob("*.xml")) == []


def test_links_are_refused(tmp_path: Path, target: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("link.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert "a link or a device" in refusals(tmp_path / "a.zip", target)
    assert list(target.iterdir()) == []


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size(tmp_path: Path, target: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"zeros.xml": bytes(20 << 20)})
    assert "grows more than 100-fold" in refusals(archive, target)
    few = UnzipLimits(total_bytes=1 << 20, ratio=1e9)
    assert "21 MB unpacked where 1 MB are allowed" in refusals(archive, target, few)
    assert list(target.iterdir()) == []


def test_a_false_size_in_the_directory_does_not_help(tmp_path: Path, target: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"zeros.xml": bytes(5 << 20)})
    raw = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", raw, raw.index(signature) + offset, 1000)
    archive.write_bytes(raw)
    words = refusals(archive, target)
    assert "damaged" in words or "larger than the archive's directory says" in words
    assert sum(file.stat().st_size for file in target.rglob("*")) <= 1000


def test_all_faults_of_all_entries_are_listed_at_once(tmp_path: Path, target: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"a/b/c.xml": b"deep", "notes.exe": b"kind", "../x.xml": b"out"})
    words = refusals(archive, target, UnzipLimits(suffixes=(".xml",)))
    assert "2 folders where 1 are allowed" in words
    assert "the file is none of .xml" in words
    assert "leads out" in words
    assert "3 problems" in words


def test_too_many_files_and_two_names_that_are_one_file(tmp_path: Path, target: Path) -> None:
    many = pack(tmp_path / "a.zip", {f"{k}.xml": b"x" for k in range(11)})
    assert "11 files where 10 are allowed" in refusals(many, target, UnzipLimits(files=10))
    assert "occurs twice" in refusals(pack(tmp_path / "b.zip", {"a.xml": b"x", "A.xml": b"y"}), target)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_archive_is_refused(tmp_path: Path, target: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    assert "damaged" in refusals(tmp_path / "a.zip", target)


def test_empty_missing_and_encrypted_archives(tmp_path: Path, target: Path) -> None:
    assert "holds no files" in refusals(pack(tmp_path / "a.zip", {}), target)
    assert "cannot be read" in refusals(tmp_path / "none.zip", target)
    archive = pack(tmp_path / "b.zip", {"a.xml": b"x"})
    raw = bytearray(archive.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    assert "encrypted" in refusals(archive, target)


def test_damaged_content_is_refused(tmp_path: Path, target: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"a.xml": os.urandom(5000)}, zipfile.ZIP_STORED)
    raw = bytearray(archive.read_bytes())
    raw[100] ^= 0xFF
    archive.write_bytes(raw)
    assert "damaged" in refusals(archive, target)
