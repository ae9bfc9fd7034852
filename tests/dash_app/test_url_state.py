"""State in the address: what is written is read again, on every page; what makes no sense becomes the default."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dash_app.page import Page
from dash_app.pages import PAGES
from dash_app.url_state import (
    LONGEST_QUERY,
    PageState,
    Rule,
    format_query,
    from_values,
    parse,
    query_value,
    rules_of,
    specification,
    to_values,
    url_field,
)
from tests.dash_app.sight import Sight


class Shade(StrEnum):
    DARK = "dark"
    PALE = "pale & light"


@dataclass(frozen=True)
class Everything(PageState):
    text: str = url_field("")
    word: str = url_field("what", key="w")
    shade: Shade = url_field(Shade.DARK)
    flag: bool = url_field(True)
    step: int = url_field(3, low=-5, high=95)
    power_kw: float = url_field(1.5, low=-1e6, high=1e6, decimals=2)
    limit_kw: float | None = url_field(None, low=0, high=100)
    count: int | None = url_field(7, low=0, high=9)
    runs: tuple[str, ...] = url_field(())
    wanted: tuple[str, ...] = url_field(("a", "b"), key="d")


def values_of(rule: Rule) -> st.SearchStrategy[Any]:
    letters = st.characters(exclude_categories=["Cs", "Cc"])
    low, high = max(rule.low, -1e9), min(rule.high, 1e9)
    longest = min(rule.longest, 20)
    if rule.type is tuple:
        return st.lists(st.text(letters, min_size=1, max_size=longest), max_size=5, unique=True).map(tuple)
    if rule.type is bool:
        kind: st.SearchStrategy[Any] = st.booleans()
    elif rule.type is int:
        kind = st.integers(int(low), int(high))
    elif rule.type is float:
        kind = st.floats(low, high).map(lambda x: round(x, rule.decimals) + 0.0).filter(lambda x: low <= x <= high)
    elif issubclass(rule.type, StrEnum):
        kind = st.sampled_from(list(rule.type))
    else:
        kind = st.text(letters, max_size=longest)
    return st.one_of(st.none(), kind) if rule.optional else kind


def states_of(state: type[PageState]) -> st.SearchStrategy[PageState]:
    return st.builds(state, **{rule.name: values_of(rule) for rule in rules_of(state)})


def check_round_trip(state: PageState) -> None:
    query = format_query(state)
    assert parse(type(state), query) == state
    assert parse(type(state), f"?{query}") == state
    assert format_query(parse(type(state), query)) == query
    assert parse(type(state), format_query(state, run="2026-11-24-seoul")) == state
    values = json.loads(json.dumps(to_values(state)))
    assert from_values(type(state), values) == state


@given(states_of(Everything))
@settings(max_examples=500, deadline=None)
def test_every_kind_of_field_goes_round(state: PageState) -> None:
    check_round_trip(state)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_state_of_a_page_goes_round(page: Page) -> None:
    @given(states_of(page.state))
    @settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    def goes_round(state: PageState) -> None:
        check_round_trip(state)

    goes_round()


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_as_some_state(text: str) -> None:
    state = parse(Everything, text)
    assert parse(Everything, format_query(state)) == state


@given(st.dictionaries(st.sampled_from([rule.key for rule in rules_of(Everything)]), st.text(max_size=40)))
@settings(max_examples=300, deadline=None)
def test_any_value_of_a_known_key_is_read_as_some_state(pairs: dict[str, str]) -> None:
    query = "&".join(f"{key}={value}" for key, value in pairs.items())
    state = parse(Everything, query)
    assert isinstance(state.shade, Shade)
    assert -5 <= state.step <= 95
    assert state.limit_kw is None or 0 <= state.limit_kw <= 100


@given(st.dictionaries(st.sampled_from([rule.name for rule in rules_of(Everything)]), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=4,
)))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_a_browser_sends_is_read_as_some_state(values: dict[str, Any]) -> None:
    check_round_trip(from_values(Everything, values))


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("step=96", "step", 3),
        ("step=1.5", "step", 3),
        ("step=nan", "step", 3),
        ("step=٣", "step", 3),
        ("step=5&step=7", "step", 7),
        ("power_kw=1e400", "power_kw", 1.5),
        ("power_kw=0.129", "power_kw", 0.13),
        ("limit_kw=", "limit_kw", None),
        ("limit_kw=-1", "limit_kw", None),
        ("count=", "count", None),
        ("flag=yes", "flag", True),
        ("flag=0", "flag", False),
        ("shade=red", "shade", Shade.DARK),
        ("w=", "word", ""),
        ("text=" + "x" * 121, "text", ""),
        ("text=a%00b", "text", ""),
        ("d=", "wanted", ()),
        ("d=x&d=x&d=y", "wanted", ("x", "y")),
        ("unknown=1", "step", 3),
    ],
)
def test_what_cannot_be_is_the_default(query: str, name: str, value: object) -> None:
    assert getattr(parse(Everything, query), name) == value


def test_only_what_differs_stands_in_the_address() -> None:
    assert format_query(Everything()) == ""
    assert format_query(Everything(step=4), run="r") == "run=r&step=4"
    assert query_value("?run=a&run=b&step=1", "run") == "b"
    assert query_value("step=1", "run") == ""
    assert parse(Everything, "step=5&" + "x" * LONGEST_QUERY).step == 5


def test_fields_that_no_address_can_hold_are_refused() -> None:
    @dataclass(frozen=True)
    class Bad(PageState):
        table: dict = url_field(None)  # type: ignore[type-arg]

    @dataclass(frozen=True)
    class Taken(PageState):
        run: str = url_field("")

    for state in (Bad, Taken):
        with pytest.raises(TypeError):
            rules_of(state)


@pytest.mark.browser
def test_browser_and_server_write_the_same_address(look: Callable[..., Sight]) -> None:
    """Both halves of the mechanism, on states drawn at random."""
    cases: list[PageState] = []

    @given(states_of(Everything))
    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    def draw(state: PageState) -> None:
        cases.append(state)

    draw()
    sight = look("/schedule")
    rules, values = specification(Everything), [to_values(state) for state in cases]
    written = sight.page.evaluate(
        "([rules, all]) => all.map(values => window.twinUrlState.formatQuery(rules, values, null))", [rules, values]
    )
    assert len(written) == len(cases) >= 100
    for query, state in zip(written, cases, strict=True):
        assert parse(Everything, query) == state
        assert bool(query) == bool(format_query(state))
