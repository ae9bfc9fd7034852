"""Changes of a plan by hand, as they stand in an address, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields

from dash_app.answers.depot_rules import rule_words
from dash_app.answers.depot_sessions import MARK, clock_of
from dash_app.exports.table import Column, Table
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from optimizers.plan import DepotCost
from optimizers.problem import DepotProblem
from twin.depot_locks import Lock
from twin.depot_moves import Move, MoveOutcome, moved_schedule, sessions_after
from twin.depot_record import DepotRecord
from twin.report_numbers import minutes, money, plain, power

DROP = "drop"
SAME_KRW = 0.5
MOST_RULES = 6
"""Broken rules that are named one by one; the rest is counted."""
_MOVE = re.compile(rf"(?P<bus>.+){MARK}(?P<start>\d+):(?P<what>{DROP}|[+-]?\d+)(?::c(?P<charger>\d+))?")


def move_text(problem: DepotProblem, move: Move) -> str:
    """Return a move as it stands in an address; outlets by the number of their class."""
    what = DROP if move.drop else f"{move.shift:+d}"
    classes = [charger.id for charger in problem.chargers]
    given = f":c{classes.index(move.charger)}" if move.charger in classes and not move.drop else ""
    return f"{move.bus}{MARK}{move.start}:{what}{given}"


def moves_of(problem: DepotProblem, texts: Sequence[str]) -> tuple[Move, ...]:
    """Return the moves of an address; a text that is none is left out."""
    found = []
    for text in texts:
        match = _MOVE.fullmatch(text)
        if match is None:
            continue
        number = int(match["charger"]) if match["charger"] else -1
        charger = problem.chargers[number].id if 0 <= number < len(problem.chargers) else None
        drop = match["what"] == DROP
        found.append(Move(match["bus"], int(match["start"]), 0 if drop else int(match["what"]), charger, drop))
    return tuple(found)


def move_words(problem: DepotProblem, move: Move, words: Words) -> str:
    """Say a move in words."""
    start = clock_of(problem.labels, move.start, words)
    if move.drop:
        return words("move.dropped", bus=move.bus, start=start)
    to = clock_of(problem.labels, max(move.start + move.shift, 0), words)
    where = words("move.to_charger", charger=move.charger) if move.charger else ""
    return words("move.moved", bus=move.bus, start=start, to=to, charger=where)


def outcome_tone(outcome: MoveOutcome) -> Tone:
    """Return how unusual what a change does is: only breaking something is."""
    return Tone.CALM if outcome.keeps_rules else Tone.ALERT


def outcome_sentence(outcome: MoveOutcome, words: Words) -> str:
    """Say what a change costs and whether it breaks anything."""
    extra, lang = outcome.extra_krw, words.lang
    key = "move.costs_same" if abs(extra) < SAME_KRW else "move.costs_more" if extra > 0 else "move.costs_less"
    cost = words(key, amount=money(abs(extra), lang), total=money(outcome.cost_after.total_krw, lang))
    if outcome.keeps_rules:
        kept = "move.keeps" if not outcome.mended else "move.mends"
        return f"{cost} {words(kept, count=plain(len(outcome.mended)))}"
    count = plain(len(outcome.broken) + len(outcome.overloads))
    return f"{cost} {words('move.breaks', count=count)}"


def broken_lines(record: DepotRecord, outcome: MoveOutcome, words: Words) -> list[str]:
    """Return one line for each rule that a change breaks, feeders and banks first; the rest is counted."""
    lines = [
        words(
            "move.overload",
            element=over.element,
            clock=clock_of(record.problem.labels, over.step, words),
            power=power(over.kw),
            rating=power(over.rating_kw),
        )
        for over in outcome.overloads
    ]
    lines += [rule_words(sentence, words) for sentence in outcome.broken]
    if len(lines) > MOST_RULES:
        return [*lines[:MOST_RULES], words("move.more_rules", count=plain(len(lines) - MOST_RULES))]
    return lines


def cost_table(before: DepotCost, after: DepotCost, words: Words) -> Table:
    """Return the bill by term before and after a change, with the difference; terms that are 0 in both are left out."""
    columns = (
        Column("term", words("cost.term")),
        Column("before_krw", words("cost.before"), "KRW", 0),
        Column("after_krw", words("cost.after"), "KRW", 0),
        Column("difference_krw", words("cost.difference"), "KRW", 0),
    )
    rows = [
        (words(f"cost.{field.name}"), one, other, other - one)
        for field in fields(DepotCost)
        for one, other in [(float(getattr(before, field.name)), float(getattr(after, field.name)))]
        if abs(one) >= SAME_KRW or abs(other) >= SAME_KRW
    ]
    rows.append((words("cost.total"), before.total_krw, after.total_krw, after.total_krw - before.total_krw))
    return Table(words("cost.title"), columns, rows)


def bill_table(cost: DepotCost, words: Words) -> Table:
    """Return the bill of a plan by term; terms that are 0 are left out."""
    columns = (Column("term", words("cost.term")), Column("plan_krw", words("cost.before"), "KRW", 0))
    amounts = [(words(f"cost.{field.name}"), float(getattr(cost, field.name))) for field in fields(DepotCost)]
    rows = [(name, amount) for name, amount in amounts if abs(amount) >= SAME_KRW]
    return Table(words("cost.title"), columns, [*rows, (words("cost.total"), cost.total_krw)])


def locks_of(record: DepotRecord, moves: Sequence[Move]) -> tuple[Lock, ...]:
    """Return the windows in which the sessions of some moves end up, to plan everything else around them."""
    problem, plan = record.problem, record.plan
    ids: list[str] = problem.buses.id.tolist()
    locks: dict[tuple[str, int], Lock] = {}
    for number, move in enumerate(moves, 1):
        if move.drop:
            continue
        schedule = moved_schedule(problem, plan, moves[:number])
        begins = move.start + move.shift
        session = next(
            s for s in sessions_after(problem, plan, schedule) if ids[s.bus] == move.bus and s.start == begins
        )
        locks.pop((move.bus, move.start), None)  # an earlier move of the same session
        locks[move.bus, begins] = Lock(move.bus, begins, session.stop, problem.chargers[session.charger_class].id)
    return tuple(locks.values())


def shift_words(step_h: float, shift: int, words: Words) -> str:
    """Return a shift in words: how much later or earlier."""
    key = "move.later" if shift >= 0 else "move.earlier"
    return words(key, amount=minutes(abs(shift) * step_h * 60, words.lang))
