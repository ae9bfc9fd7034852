"""Markup built from elements: plain text is escaped wherever it enters, so no name can break or extend a page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

VOID_TAGS = frozenset({"meta", "br", "hr"})


class Html(str):
    """Markup that is already safe to stand in a page."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | float | None) -> Html:
    """Return an element; children that are not `Html` are text and are escaped.

    Parameters
    ----------
    tag
        Name of the element.
    children
        Text, or markup made by these functions.
    attributes
        By name: a trailing underscore is dropped (`class_`), others become hyphens (`aria_label`); None leaves it out.
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in VOID_TAGS:
        return Html(f"<{tag}{given}>")
    return Html(f"<{tag}{given}>{join(children)}</{tag}>")


def join(parts: Iterable[str]) -> Html:
    """Return parts one after the other, text escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))
