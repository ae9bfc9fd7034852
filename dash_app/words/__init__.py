"""Every text a page shows, in Korean and English: gettext catalogues beside this file, one pair a group of pages.

Catalogues are named ``<group>.<language>.po`` and are read once. A key stands in exactly one group and in both
languages; fields in braces are the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from twin.report_numbers import Lang

FOLDER = Path(__file__).parent


class CatalogueError(ValueError):
    """A catalogue is not what pages need: a key twice, without text, or in one language alone."""


@dataclass(frozen=True)
class Words:
    """Words in one language: called with a key and the values of its fields."""

    lang: Lang
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of a key with its fields filled; `KeyError` for an unknown key or a missing field."""
        return self.texts[key].format(**values)

    def label(self, group: str, name: str) -> str:
        """Return the label of a member of an open group (tariffs, contract classes), or its name when it has none."""
        return self.texts.get(f"{group}.{name}", name)

    def has(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in self.texts


@cache
def words_of(lang: Lang) -> Words:
    """Return the words of a language, from all catalogues."""
    texts: dict[str, str] = {}
    for path in sorted(FOLDER.glob(f"*.{lang.value}.po")):
        for key, text in read_catalogue(path).items():
            if key in texts:
                raise CatalogueError(f"{path.name}: {key} stands in another catalogue too")
            texts[key] = text
    return Words(lang, texts)


def read_catalogue(path: Path) -> dict[str, str]:
    """Return text by key of one catalogue.

    Raises
    ------
    CatalogueError
        When an entry has no text or is marked fuzzy.
    """
    texts: dict[str, str] = {}
    with path.open("rb") as stream:
        for message in read_po(stream):
            if not message.id:
                continue
            if not message.string or message.fuzzy or not isinstance(message.id, str):
                raise CatalogueError(f"{path.name}: {message.id} has no finished text")
            texts[message.id] = str(message.string)
    return texts
