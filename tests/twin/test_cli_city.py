"""`twin city check` and `twin city new` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data.errors import InvalidInput
from twin.cli.city import city

SEOUL = Path(__file__).parents[2] / "data" / "seoul"


def run(*words: str) -> Result:
    return CliRunner().invoke(city, words)


def test_new_folder_passes_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("new", "Hanbit on Sea")
    assert made.exit_code == 0
    assert "twin city check hanbit-on-sea" in made.output
    checked = run("check", "hanbit-on-sea")
    assert checked.exit_code == 0
    assert checked.output.startswith("Hanbit on Sea: no problems. 2 districts")


def test_name_in_other_letters_needs_no_folder_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("new", "한빛시").exit_code == 0
    assert (tmp_path / "한빛시" / "city.toml").is_file()
    assert run("new", "!!", "--folder", "other").exit_code == 0
    assert (tmp_path / "other" / "city.toml").is_file()


def test_seoul_passes() -> None:
    result = run("check", str(SEOUL))
    assert result.exit_code == 0, result.output
    assert "Seoul: no problems. 25 districts" in result.output


def test_all_problems_are_listed_and_the_exit_code_is_two(tmp_path: Path) -> None:
    run("new", "Hanbit", "--folder", str(tmp_path / "c"))
    (tmp_path / "c" / "districts.csv").unlink()
    (tmp_path / "c" / "city.toml").write_text("schema_version = 1\n", encoding="utf-8")
    result = run("check", str(tmp_path / "c"))
    assert result.exit_code == 2
    assert "districts.csv: the file is missing. add it" in result.output
    assert "city.toml, city.timezone: the setting is missing" in result.output
    assert f"problems in {tmp_path / 'c'}" in result.output
    listed = json.loads(run("check", "--json", str(tmp_path / "c")).output)
    assert len(listed) >= 12
    assert set(listed[0]) == {"file", "row", "field", "what", "fix"}


def test_empty_folder_is_one_problem(tmp_path: Path) -> None:
    result = run("check", str(tmp_path))
    assert result.exit_code == 2
    assert result.output.count("\n") == 2
    assert "1 problem in" in result.output


def test_existing_folder_is_refused(tmp_path: Path) -> None:
    result = run("new", "Hanbit", "--folder", str(tmp_path))
    assert isinstance(result.exception, InvalidInput)
    assert list(tmp_path.iterdir()) == []
