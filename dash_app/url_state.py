"""What a page shows, as the query of its address: typed fields with defaults, read and written by one mechanism.

A page declares a frozen dataclass derived from :class:`PageState` whose fields are made by :func:`url_field`. Supported
types: ``str``, ``bool``, ``int``, ``float``, a ``StrEnum``, ``tuple[str, ...]``, and ``int | None``, ``float | None``.
The address holds only what differs from the defaults. What cannot be read becomes the default: a link that is cut or
tampered with opens the page, it never breaks it. The browser's half is ``assets/url_state.js``; a test holds both
halves together.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, urlencode

LONGEST_QUERY = 8000
MOST_ENTRIES = 50
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Rule:
    """How one field is read from and written to the address."""

    name: str
    key: str
    type: type
    default: Any
    optional: bool
    low: float
    high: float
    decimals: int
    longest: int


@dataclass(frozen=True)
class PageState:
    """What a page shows; the base is the state of a page that has nothing to choose."""


State = TypeVar("State", bound=PageState)


def url_field(
    default: object,
    *,
    key: str = "",
    low: float = -math.inf,
    high: float = math.inf,
    decimals: int = 3,
    longest: int = 120,
) -> Any:
    """Declare a field of a page's state.

    Parameters
    ----------
    default
        Value when the address does not say.
    key
        Name in the address; the field's name when empty.
    low, high
        Bounds of a number; one outside becomes the default.
    decimals
        Digits after the point that a ``float`` keeps.
    longest
        Characters a text (or each text of a tuple) may have.
    """
    rule = {"key": key, "low": low, "high": high, "decimals": decimals, "longest": longest}
    return dataclasses.field(default=default, metadata=rule)


def rules_of(state: type[PageState]) -> tuple[Rule, ...]:
    """Return the rules of a state's fields in the order of their declaration.

    Raises
    ------
    TypeError
        When a field has a type that no address can hold, or two fields share a key.
    """
    return _rules_of(state)  # type: ignore[arg-type]  # classes can be hashed


@cache
def _rules_of(state: type[PageState]) -> tuple[Rule, ...]:
    hints = get_type_hints(state)
    rules = tuple(_rule(field, hints[field.name]) for field in dataclasses.fields(state))
    keys = [rule.key for rule in rules]
    if len(set(keys)) != len(keys) or "run" in keys:
        raise TypeError(f"{state.__name__}: keys must differ, and 'run' belongs to the frame of the page")
    return rules


def _rule(field: dataclasses.Field[Any], hint: Any) -> Rule:
    kinds = [kind for kind in (get_args(hint) or (hint,)) if kind not in (type(None), Ellipsis)]
    kind = tuple if get_origin(hint) is tuple else kinds[0]
    if kind not in (str, bool, int, float, tuple) and not (isinstance(kind, type) and issubclass(kind, StrEnum)):
        raise TypeError(f"{field.name}: no address can hold {hint}")
    told: dict[str, Any] = {"key": "", "low": -math.inf, "high": math.inf, "decimals": 3, "longest": 120}
    told |= dict(field.metadata)
    told["key"] = told["key"] or field.name
    optional = type(None) in get_args(hint)
    return Rule(name=field.name, type=kind, default=field.default, optional=optional, **told)


def parse(state: type[State], query: str) -> State:
    """Return the state that the query of an address describes (with or without its question mark)."""
    found: dict[str, list[str]] = {}
    for key, value in parse_qsl(query[:LONGEST_QUERY].removeprefix("?"), keep_blank_values=True, errors="replace"):
        found.setdefault(key, []).append(value)
    values = {rule.name: _read(rule, found[rule.key]) for rule in rules_of(state) if rule.key in found}
    return state(**values)


def from_values(state: type[State], values: Mapping[str, Any]) -> State:
    """Return the state that controls show: JSON values by the fields' names; unknown names are ignored."""
    given = {rule.name: _from_json(rule, values[rule.name]) for rule in rules_of(state) if rule.name in values}
    return state(**given)


def to_values(state: PageState) -> dict[str, Any]:
    """Return the state as JSON values by the fields' names."""
    plain = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


def format_query(state: PageState, **more: str) -> str:
    """Return the query of an address without its question mark; `more` (the run) comes first when not empty."""
    pairs = [(key, value) for key, value in more.items() if value]
    for rule in rules_of(type(state)):
        value = getattr(state, rule.name)
        if value != rule.default:
            pairs += [(rule.key, text) for text in _write(rule, value)]
    return urlencode(pairs)


def specification(state: type[PageState]) -> list[dict[str, Any]]:
    """Return the rules as JSON for the browser's half."""
    return [
        {
            "name": rule.name,
            "key": rule.key,
            "kind": "text" if issubclass(rule.type, str) else rule.type.__name__,
            "default": list(rule.default) if isinstance(rule.default, tuple) else rule.default,
            "decimals": rule.decimals,
        }
        for rule in rules_of(state)
    ]


def query_value(query: str, key: str) -> str:
    """Return the last value of one key of a query, or an empty text."""
    pairs = parse_qsl(query[:LONGEST_QUERY].removeprefix("?"), keep_blank_values=True, errors="replace")
    return next((value for name, value in reversed(pairs) if name == key), "")


def _write(rule: Rule, value: Any) -> Sequence[str]:
    if rule.type is tuple:
        return tuple(value) or ("",)
    if value is None:
        return ("",)
    if rule.type is bool:
        return ("1" if value else "0",)
    if rule.type is float:
        return (_float_text(value, rule.decimals),)
    return (str(value),)


def _float_text(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _read(rule: Rule, texts: Sequence[str]) -> Any:
    if rule.type is tuple:
        kept = tuple(dict.fromkeys(text for text in texts[:MOST_ENTRIES] if _is_text(rule, text)))
        return kept if kept or texts == [""] else rule.default
    text = texts[-1]
    if rule.optional and text == "":
        return None
    if rule.type is bool:
        return {"1": True, "0": False}.get(text, rule.default)
    if issubclass(rule.type, StrEnum):
        return rule.type(text) if text in {member.value for member in rule.type} else rule.default
    if rule.type is str:
        return text if text == "" or _is_text(rule, text) else rule.default
    return _number(rule, text)


def _number(rule: Rule, text: str) -> Any:
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text, re.ASCII):
        return rule.default
    value = round(float(text), rule.decimals) + 0.0
    if not rule.low <= value <= rule.high or (rule.type is int and value != int(value)):
        return rule.default
    return int(text) if rule.type is int and "." not in text else rule.type(value)


def _from_json(rule: Rule, value: Any) -> Any:
    """Read a control's value as if it stood in an address: one set of checks for both ways."""
    if rule.type is tuple:
        return _read(rule, [str(entry) for entry in value] or [""]) if isinstance(value, list | tuple) else rule.default
    if value is None:
        return None if rule.optional else "" if rule.type is str else rule.default
    if rule.type is bool:
        return value if isinstance(value, bool) else _read(rule, [str(value)])
    if rule.type in (int, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return _read(rule, [_float_text(float(value), rule.decimals)]) if math.isfinite(value) else rule.default
    return _read(rule, [str(value)])


def _is_text(rule: Rule, text: str) -> bool:
    return 0 < len(text) <= rule.longest and not _UNPRINTABLE.search(text)
