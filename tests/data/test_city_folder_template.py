"""A new city folder appears complete or not at all."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from data import city_folder_template
from data.city_folder_template import write_template
from data.errors import InvalidInput


@pytest.mark.parametrize("name", ["Hanbit", '따옴표 "시"', "back\\slash", "a" * 80])
def test_name_survives_the_settings_file(tmp_path: Path, name: str) -> None:
    write_template(tmp_path / "city", name)
    with (tmp_path / "city" / "city.toml").open("rb") as file:
        assert tomllib.load(file)["city"]["name"] == name
    assert [entry.name for entry in tmp_path.iterdir()] == ["city"]


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "a" * 81, "tab\there"])
def test_name_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the name"):
        write_template(tmp_path / "city", name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for taken in ("folder", "file", "link"):
        with pytest.raises(InvalidInput, match="exists already"):
            write_template(tmp_path / taken, "Hanbit")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"
    assert not any((tmp_path / "folder").iterdir())


def test_missing_parent_and_every_problem_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        write_template(tmp_path / "none" / "city", " ")
    assert [problem.file for problem in caught.value.problems] == ["NAME", str(tmp_path / "none" / "city")]


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(draft: Path, name: str) -> None:
        (draft / "city.toml").write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(city_folder_template, "_fill", disk_full)
    with pytest.raises(InvalidInput, match="No space left on device"):
        write_template(tmp_path / "city", "Hanbit")
    assert list(tmp_path.iterdir()) == []


def test_template_that_would_fail_its_own_check_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(city_folder_template, "_fill", lambda draft, name: (draft / "x.csv").write_text("x\n"))
    with pytest.raises(AssertionError, match="does not pass the check"):
        write_template(tmp_path / "city", "Hanbit")
    assert list(tmp_path.iterdir()) == []
