"""Whether a run can be believed: one row a check, and where its inputs come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dash_app.answers.grid_facts import GridFacts
from dash_app.exports.table import Cell, Column, Table
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from optimizers.plan import PlanStatus
from twin.grid_check import LOADING_TOLERANCE, VOLTAGE_TOLERANCE_PU
from twin.report_answers import MISSING_KWH, SYNTHETIC
from twin.report_numbers import known, percent, plain

MOST_RESIDUAL_KVA = 0.1
"""Power balance of a bus that may be left: far below anything that is metered."""


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOTED = "noted"

    @property
    def sign(self) -> str:
        """A sign beside the word."""
        return {"passed": "✓", "failed": "▲", "noted": "·"}[self.value]


@dataclass(frozen=True)
class Check:
    """One check: its name's key, what was found, what is asked, and how it ended."""

    key: str
    found: str
    asked: str
    outcome: Outcome


@dataclass(frozen=True)
class Shares:
    """What inputs rest on, as shares of the rows of all tables that sum to 1.

    `measured` counts rows of meters or telemetry, `stated` facts of their source, `assumed` assumptions.
    """

    measured: float
    stated: float
    assumed: float
    rows: int


def shares_of(stated: Mapping[str, int], assumed: Mapping[str, int]) -> Shares:
    """Return what the rows of a city's tables rest on; no table of a city folder holds meter readings."""
    facts, guesses = sum(stated.values()), sum(assumed.values())
    rows = facts + guesses
    return Shares(0.0, facts / rows if rows else 0.0, guesses / rows if rows else 0.0, rows)


def checks_of(facts: GridFacts, words: Words, *, manifest_sound: bool) -> tuple[Check, ...]:
    """Return every check of a run.

    Parameters
    ----------
    facts
        The run.
    words
        Language of the page.
    manifest_sound
        Whether the run's manifest is the one the ledger knows.
    """
    made, lang = facts.summary.certificate, words.lang
    same, done = words("trust.same"), words("trust.steps", done=made.converged_steps, steps=made.steps)
    stored = same if manifest_sound else words("trust.differs")
    residual, voltage = made.max_power_residual_kva, made.max_voltage_violation_pu
    broken = words("trust.rules", count=len(made.replay_violations))
    fallbacks = sum(1 for depot in facts.summary.depots if depot.reason)
    loading, most = percent(made.max_loading_violation, lang), percent(LOADING_TOLERANCE, lang)
    return (
        _check("manifest", stored, same, manifest_sound),
        _check("converged", done, words("trust.all"), made.converged_steps == made.steps),
        _check("residual", _kva(residual, 4), f"≤ {_kva(MOST_RESIDUAL_KVA, 1)}", residual <= MOST_RESIDUAL_KVA),
        _check("voltage", _pu(voltage), f"≤ {_pu(VOLTAGE_TOLERANCE_PU)}", voltage <= VOLTAGE_TOLERANCE_PU),
        _check("loading", loading, f"≤ {most}", made.max_loading_violation <= LOADING_TOLERANCE),
        _check("replay", broken, words("trust.rules", count=0), made.replay_ok),
        _check("shortfall", _kwh(made.shortfall_kwh, 1), f"< {_kwh(MISSING_KWH, 0)}", made.shortfall_kwh < MISSING_KWH),
        _check("fallbacks", plain(fallbacks), "0", not fallbacks),
        *_notes(facts, words),
    )


def _notes(facts: GridFacts, words: Words) -> tuple[Check, ...]:
    """Return what is told and not judged: how good the plan is, what is synthetic."""
    made, told = facts.summary.certificate, words("trust.reported")
    gap = percent(made.gap, words.lang, 2) if known(made.gap) else words("trust.unknown")
    weather = "trust.synthetic" if facts.summary.run.weather_kind == SYNTHETIC else "trust.given"
    found = {
        "gap": gap,
        "status": words(f"trust.status_{PlanStatus(made.status).value}"),
        "grid": words("trust.synthetic"),
        "weather": words(weather),
    }
    return tuple(Check(key, value, told, Outcome.NOTED) for key, value in found.items())


def _kva(value: float, digits: int) -> str:
    return f"{plain(value, digits)} kVA"


def _kwh(value: float, digits: int) -> str:
    return f"{plain(value, digits)} kWh"


def _pu(value: float) -> str:
    return f"{plain(value, 4)} pu"


def _check(key: str, found: str, asked: str, sound: object) -> Check:
    return Check(key, found, asked, Outcome.PASSED if sound else Outcome.FAILED)


def trust_answer(facts: GridFacts, checks: tuple[Check, ...], words: Words) -> str:
    """Return the sentence that opens the page."""
    failed = [words(f"trust.check_{check.key}") for check in checks if check.outcome is Outcome.FAILED]
    shares = shares_of(facts.summary.run.stated_rows, facts.summary.run.assumed_rows)
    counted = sum(1 for check in checks if check.outcome is not Outcome.NOTED)
    told = {
        "measured": percent(shares.measured, words.lang, 0),
        "stated": percent(shares.stated, words.lang, 0),
        "assumed": percent(shares.assumed, words.lang, 0),
    }
    weather = "trust.weather_synthetic" if facts.summary.run.weather_kind == SYNTHETIC else "trust.weather_given"
    rests = words("trust.rests", weather=words(weather), **told)
    if failed:
        return words("trust.answer_failed", failed=len(failed), checks=counted, names=", ".join(failed)) + rests
    return words("trust.answer_passed", checks=counted) + rests


def trust_tone(checks: tuple[Check, ...]) -> Tone:
    """Return how unusual the checks are."""
    return Tone.ALERT if any(check.outcome is Outcome.FAILED for check in checks) else Tone.CALM


def checks_table(checks: tuple[Check, ...], words: Words) -> Table:
    """Return one row a check."""
    columns = (
        Column("check", words("trust.col_check")),
        Column("outcome", words("trust.col_outcome")),
        Column("found", words("trust.col_found")),
        Column("asked", words("trust.col_asked")),
        Column("meaning", words("trust.col_meaning")),
    )
    rows = [
        (
            words(f"trust.check_{check.key}"),
            f"{check.outcome.sign} {words(f'trust.{check.outcome}')}",
            check.found,
            check.asked,
            words(f"trust.why_{check.key}"),
        )
        for check in checks
    ]
    return Table(words("trust.checks"), columns, rows)


def certificate_table(facts: GridFacts, words: Words) -> Table:
    """Return the certificate of the run: what was proved, by which program, from which inputs."""
    made, run = facts.summary.certificate, facts.summary.run
    gap = made.gap if known(made.gap) else None
    bound = made.lower_bound_krw if known(made.lower_bound_krw) else None
    rows: list[tuple[Cell, ...]] = [
        (words("trust.cert_run"), run.run_id),
        (words("trust.cert_status"), words(f"trust.status_{PlanStatus(made.status).value}")),
        (words("trust.cert_objective"), f"{plain(made.objective_krw)} KRW"),
        (words("trust.cert_bound"), f"{plain(bound)} KRW" if bound is not None else None),
        (words("trust.cert_gap"), percent(gap, words.lang, 2) if gap is not None else None),
        (words("trust.cert_inputs"), made.input_sha256),
        (words("trust.cert_code"), made.code_version),
        (words("trust.cert_solver"), made.solver_version),
        (words("trust.cert_seed"), str(made.seed)),
        (words("trust.cert_wall"), f"{plain(made.wall_s, 1)} s"),
        (words("trust.cert_made"), run.made_utc),
    ]
    columns = (Column("entry", words("trust.col_entry")), Column("value", words("grid.col_value")))
    return Table(words("trust.certificate"), columns, rows, (made.bound_for,))


def sources_table(facts: GridFacts, words: Words) -> Table:
    """Return by table of the city how many rows are facts of their source, and how many are assumptions."""
    run = facts.summary.run
    columns = (
        Column("table", words("trust.col_table")),
        Column("stated_rows", words("trust.col_stated")),
        Column("assumed_rows", words("trust.col_assumed")),
        Column("assumed_percent", words("trust.col_assumed_share"), "%", 0),
    )
    rows: list[tuple[Cell, ...]] = []
    for name in sorted(run.stated_rows.keys() | run.assumed_rows.keys()):
        stated, assumed = int(run.stated_rows.get(name, 0)), int(run.assumed_rows.get(name, 0))
        share = 100.0 * assumed / (stated + assumed) if stated + assumed else None
        rows.append((name, stated, assumed, share))
    rows.sort(key=lambda row: (-float(row[3] or 0.0), str(row[0])))
    return Table(words("trust.sources"), columns, rows, (words("trust.note_sources"),))
