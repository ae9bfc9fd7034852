"""Catalogues: the same keys with the same fields in both languages, every key of the code there, none unused."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from dash_app.pages import PAGES
from dash_app.words import FOLDER, CatalogueError, read_catalogue, words_of
from twin.report_numbers import Lang

ROOT = FOLDER.parent
GROUPS = sorted({path.name.split(".")[0] for path in FOLDER.glob("*.po")})
HANGUL = re.compile(r"[가-힣]")


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_whole_in_both_languages(group: str) -> None:
    korean, english = (read_catalogue(FOLDER / f"{group}.{lang}.po") for lang in ("ko", "en"))
    assert korean.keys() == english.keys()
    assert {key for key in korean if fields_of(korean[key]) != fields_of(english[key])} == set()
    assert {key for key, text in english.items() if HANGUL.search(text)} == set()


def literal_keys() -> dict[str, str]:
    """Return every key that code asks for by a literal, with the file it stands in."""
    found = {}
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if name == "words" and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found[first.value] = str(path.relative_to(ROOT))
    return found


def test_every_key_that_code_asks_for_is_there() -> None:
    texts = words_of(Lang.ENGLISH).texts
    asked = literal_keys()
    assert len(asked) > 50
    assert {key: path for key, path in asked.items() if key not in texts} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_has_its_title_and_question(page: object) -> None:
    for lang in Lang:
        for key in ("title", "question"):
            assert words_of(lang)(f"{key}.{page.name}")  # type: ignore[attr-defined]


def test_no_key_of_the_frame_is_unused() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for kind in ("*.py", "*.html") for path in ROOT.rglob(kind))
    computed = ("verdict.", "role.", "shell.to_", "age.")
    keys = read_catalogue(FOLDER / "shell.en.po")
    asked = set(re.findall(r"""["']([a-z_]+\.[a-z_0-9]+)["']""", code))
    assert [key for key in keys if key not in asked and not key.startswith(computed)] == []


def test_unfinished_and_repeated_entries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.en.po"
    path.write_text('msgid "a.b"\nmsgstr ""\n', encoding="utf-8")
    with pytest.raises(CatalogueError, match="no finished text"):
        read_catalogue(path)
    path.write_text('#, fuzzy\nmsgid "a.b"\nmsgstr "text"\n', encoding="utf-8")
    with pytest.raises(CatalogueError, match="no finished text"):
        read_catalogue(path)
    with pytest.raises(KeyError):
        words_of(Lang.ENGLISH)("no.such.key")
