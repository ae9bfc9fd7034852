"""The page of trust: every check fails when it should, and the sentence names it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_trust import (
    Outcome,
    certificate_table,
    checks_of,
    checks_table,
    shares_of,
    sources_table,
    trust_answer,
    trust_tone,
)
from dash_app.figures.grid_trust import shares_figure, shares_sentence
from dash_app.view import Theme
from dash_app.widgets.tone import Tone
from dash_app.words import Words, words_of
from tests.dash_app.grid_builders import town
from tests.twin.report_builders import depot
from twin.report_numbers import Lang

EN, KO = words_of(Lang.ENGLISH), words_of(Lang.KOREAN)


def facts(depots: tuple[Any, ...] = (), weather_kind: str = "synthetic", **changes: Any) -> GridFacts:
    made = town(0, 0.8).facts
    certificate = (
        replace(made.summary.certificate, converged_steps=24, **changes)
        if "converged_steps" not in changes
        else (replace(made.summary.certificate, **changes))
    )
    run = replace(made.summary.run, weather_kind=weather_kind)
    summary = replace(made.summary, certificate=certificate, depots=depots, run=run)
    return GridFacts(summary, made.overview, made.outlines)


FAILURES: dict[str, dict[str, Any]] = {
    "converged": {"converged_steps": 20},
    "residual": {"max_power_residual_kva": 3.0},
    "voltage": {"max_voltage_violation_pu": 0.01},
    "loading": {"max_loading_violation": 0.05},
    "replay": {"replay_ok": False, "replay_violations": ("a bus left short", "a plug was used twice")},
    "shortfall": {"shortfall_kwh": 12.0},
    "fallbacks": {"depots": (depot(1, reason="no plan in time"),)},
}


@pytest.mark.parametrize("words", [EN, KO], ids=["en", "ko"])
@pytest.mark.parametrize("key", [*FAILURES, "manifest", "none"])
def test_each_check_fails_alone_and_is_named(key: str, words: Words) -> None:
    told = facts(**FAILURES.get(key, {}))
    checks = checks_of(told, words, manifest_sound=key != "manifest")
    failed = [check.key for check in checks if check.outcome is Outcome.FAILED]
    assert failed == ([] if key == "none" else [key])
    sentence = trust_answer(told, checks, words)
    assert trust_tone(checks) is (Tone.ALERT if failed else Tone.CALM)
    assert all(words(f"trust.check_{name}") in sentence for name in failed)
    shares = shares_of(told.summary.run.stated_rows, told.summary.run.assumed_rows)
    assert f"{shares.assumed * 100:.0f}" in sentence
    assert len(checks_table(checks, words).rows) == len(checks)


def test_what_is_synthetic_is_said() -> None:
    for kind, word in (("synthetic", "synthetic too"), ("observed", "read from a file")):
        told = facts(weather_kind=kind)
        assert word in trust_answer(told, checks_of(told, EN, manifest_sound=True), EN)


def test_an_unknown_gap_is_not_shown_as_a_number() -> None:
    told = facts(gap=float("inf"), lower_bound_krw=float("-inf"))
    gap = next(check for check in checks_of(told, EN, manifest_sound=True) if check.key == "gap")
    assert gap.found == "not known"
    rows = dict(certificate_table(told, EN).rows)
    assert rows["Gap"] is None
    assert rows["Lower bound"] is None


def test_shares_count_rows_and_sum_to_one() -> None:
    shares = shares_of({"a": 3, "b": 5}, {"a": 2})
    assert (shares.measured, shares.stated, shares.assumed, shares.rows) == (0.0, 0.8, 0.2, 10)
    assert shares_of({}, {}).rows == 0
    figure = shares_figure(shares, EN, Theme.LIGHT)
    assert sum(trace.x[0] for trace in figure.data) == pytest.approx(100.0)
    assert figure.data[2].marker.pattern.shape == "/", "what is assumed is hatched"
    assert "10 rows" in shares_sentence(shares, EN)


def test_sources_list_the_most_assumed_first() -> None:
    table = sources_table(facts(), EN)
    shares = [float(row[3] or 0.0) for row in table.rows]
    assert shares == sorted(shares, reverse=True)
    assert {row[0]: (row[1], row[2]) for row in table.rows}["garages"] == (15, 70)
