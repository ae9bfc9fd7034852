"""The programmes of all areas: which assets bear on an area's limits, and what is kept from one round to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizers.ac_cuts import Tangents
from optimizers.arrays import Flags, Floats, Ints
from optimizers.coordination_area import AreaProgramme, Member
from optimizers.coordination_assets import is_compact
from optimizers.coordination_bound import NodalPrices
from optimizers.coordination_limits import LimitBook
from optimizers.coordination_planned import Planned
from optimizers.coordination_problem import CityProblem

BEARING = 0.05
"""An asset bears on a limit when its bus moves the limit by this share of what the most effective bus does."""
MARGIN = 0.25
"""Tangents ask for this share of the tolerance more than the limit, so that few rounds end inside it; bounds do not."""


@dataclass(frozen=True, eq=False)
class AreaRows:
    """Tangents of one area, the (R,) excess allowed, and what supply adds to the price of power."""

    rows: Tangents
    allowed: Floats
    supply: NodalPrices


class Programmes:
    """Builds the programme of an area, or brings the one it has up to date."""

    def __init__(self, problem: CityProblem, book: LimitBook, time_limit_s: float) -> None:
        self.problem, self.book, self.time_limit_s = problem, book, time_limit_s
        self._known: dict[int, tuple[Flags, AreaProgramme, Ints]] = {}

    def of(self, area: int, given: AreaRows, planned: Planned) -> AreaProgramme:
        """Return an area's programme with all its tangents, made anew when other assets bear on them."""
        bearing = _bearing(given.rows)
        identity = given.rows.limit * self.problem.steps + given.rows.step
        if area in self._known and given.rows.outer.all():
            before, programme, seen = self._known[area]
            if np.array_equal(before, bearing) and np.array_equal(identity[: len(seen)], seen):
                self._add(programme, given, np.arange(len(seen), len(identity)), planned)
                self._known[area] = (bearing, programme, identity)
                return programme
        programme = self.built(given, planned, ())
        self._known[area] = (bearing, programme, identity)
        return programme

    def built(self, given: AreaRows, planned: Planned, extra: tuple[Member, ...]) -> AreaProgramme:
        """Return a new programme of an area, with `extra` members that choose among known plans."""
        bearing = _bearing(given.rows)
        members = []
        for number, block in enumerate(self.problem.assets):
            at = np.flatnonzero(bearing[block.bus]) if is_compact(block) else np.zeros(0, dtype=np.int64)
            if at.size:
                members.append(Member(number, at, block.select(at)))
        members += extra
        prices = tuple(given.supply.seen_by(member.part.bus) for member in members)
        programme = AreaProgramme(tuple(members), prices, self.problem, self.time_limit_s)
        self._add(programme, given, np.arange(len(given.rows)), planned)
        return programme

    def forget(self, areas: Ints) -> None:
        """Build the programmes of some areas anew next time: loads they do not plan have changed."""
        for area in areas.tolist():
            self._known.pop(area, None)

    def _add(self, programme: AreaProgramme, given: AreaRows, at: Ints, planned: Planned) -> None:
        if not len(at):
            return
        rows, book = given.rows.take(at), self.book
        kw = [planned.plans[member.block].kw[member.assets] for member in programme.members]
        kvar = [planned.plans[member.block].kvar[member.assets] for member in programme.members]
        outside = rows.at(planned.kw, planned.kvar) - programme.seen_by(rows, kw, kvar)
        room = given.allowed[at] - MARGIN * book.tolerance[rows.limit] - outside
        programme.add(rows, book.slack[rows.limit], book.price_krw[rows.limit] * self.problem.step_h, room)


def _bearing(rows: Tangents) -> Flags:
    """Return (N,) buses that move any of the tangents."""
    strength = abs(rows.by_kw) + abs(rows.by_kvar)
    most = strength.max(axis=1).toarray().ravel()
    entries = strength.tocoo()
    bears = entries.data >= BEARING * most[entries.coords[0]]
    found = np.zeros(strength.shape[1], dtype=bool)
    found[entries.coords[1][bears]] = True
    return found
