"""Independent replay of a depot's plan: walks through the day step by step, as the depot would, and keeps the books.

Shares no code with the optimizers: plain loops over plain numbers, read from the problem and from the decisions in the
plan. Stored energies, site power and cost that the plan reports are recomputed and compared.
"""

from __future__ import annotations

from dataclasses import dataclass

from optimizers.plan import DepotCost, DepotPlan
from optimizers.problem import DepotProblem, LaneRule
from optimizers.replay_cost import replayed_cost

TOLERANCE_KW = 1e-3
"""Also in kWh. Far above the feasibility tolerance of any solver (1e-6), far below what a meter shows."""
TOLERANCE_KRW = 1.0
RELATIVE_TOLERANCE_KRW = 1e-6


@dataclass(frozen=True)
class ReplayReport:
    """What the replay found: `ok`, every broken rule in words, and the cost by its own arithmetic."""

    ok: bool
    violations: tuple[str, ...]
    cost: DepotCost


@dataclass(frozen=True)
class Session:
    """One bus at one outlet, ``start <= t < stop``; a session that was under way has a negative start."""

    bus: int
    charger_class: int
    start: int
    stop: int


def replay(problem: DepotProblem, plan: DepotPlan) -> ReplayReport:
    """Check a plan against its problem, rule by rule.

    Parameters
    ----------
    problem
        A problem without input errors.
    plan
        A plan of any method.

    Returns
    -------
    ReplayReport
        With one sentence for each bus, step or charger class that breaks a rule.
    """
    sessions = sessions_of(problem, plan)
    cost = replayed_cost(problem, plan)
    violations = [
        *_battery_violations(problem, plan),
        *_power_violations(problem, plan),
        *_session_violations(problem, sessions),
        *_outlet_violations(problem, sessions),
        *_lane_violations(problem, sessions),
        *_cabinet_violations(problem, plan),
        *_site_violations(problem, plan),
        *_site_battery_violations(problem, plan),
        *_cost_violations(plan, cost),
    ]
    return ReplayReport(not violations, tuple(violations), cost)


def sessions_of(problem: DepotProblem, plan: DepotPlan) -> tuple[Session, ...]:
    """Return all sessions of a plan, by bus, then by time."""
    found: list[Session] = []
    for bus in range(problem.bus_count):
        current, since = -1, 0
        if problem.under_way is not None:
            current = int(problem.under_way.plugged_class[bus])
            since = -int(problem.under_way.steps_plugged[bus])
        for step in range(problem.step_count):
            now = int(plan.plugged_class[bus, step])
            if now != current:
                if current >= 0:
                    found.append(Session(bus, current, since, step))
                current, since = now, step
        if current >= 0:
            found.append(Session(bus, current, since, problem.step_count))
    return tuple(found)


def _battery_violations(problem: DepotProblem, plan: DepotPlan) -> list[str]:
    """Follow each battery through the day."""
    buses, found = problem.buses, []
    for b, name in enumerate(buses.id):
        energy, fed_kwh = float(buses.initial_kwh[b]), 0.0
        for t in range(problem.step_count + 1):
            where = f"bus {name}, {problem.step_name(t) if t < problem.step_count else 'end'}"
            if abs(energy - plan.energy_kwh[b, t]) > TOLERANCE_KW:
                found.append(f"{where}: the plan says {plan.energy_kwh[b, t]:.3f} kWh, the replay {energy:.3f}")
            if energy > buses.max_kwh[b] + TOLERANCE_KW:
                found.append(f"{where}: {energy:.3f} kWh is above the window's {buses.max_kwh[b]:.3f}")
            needed = float(buses.terminal_min_kwh[b] if t == problem.step_count else problem.need_kwh[b, t])
            needed = max(needed, float(buses.min_kwh[b]))
            if energy < needed - TOLERANCE_KW:
                found.append(f"{where}: {energy:.3f} kWh, {needed - energy:.3f} short of {needed:.3f}")
            if t == problem.step_count:
                break
            found += _taper_violations(problem, plan, b, t, energy)
            hours = float(problem.step_h[t])
            fed_kwh += hours * plan.discharge_kw[b, t]
            energy += hours * buses.charge_efficiency[b] * plan.charge_kw[b, t]
            energy -= hours * plan.discharge_kw[b, t] / buses.discharge_efficiency[b]
            energy -= hours * buses.standing_loss_kw[b] if problem.present[b, t] else 0.0
            energy -= problem.trip_kwh[b, t]
        if fed_kwh > buses.discharge_limit_kwh[b] + TOLERANCE_KW:
            found.append(f"bus {name}: feeds back {fed_kwh:.3f} kWh, warranted are {buses.discharge_limit_kwh[b]:.3f}")
    return found


def _taper_violations(problem: DepotProblem, plan: DepotPlan, b: int, t: int, energy_kwh: float) -> list[str]:
    buses = problem.buses
    limits = [
        alpha + beta * energy_kwh for alpha, beta in zip(buses.taper_kw[b], buses.taper_kw_per_kwh[b], strict=True)
    ]
    power = float(plan.charge_kw[b, t])
    if limits and power > max(min(limits), 0.0) + TOLERANCE_KW:
        where = f"bus {buses.id[b]}, {problem.step_name(t)}"
        return [f"{where}: charges at {power:.3f} kW, at {energy_kwh:.1f} kWh it takes {min(limits):.3f}"]
    return []


def _power_violations(problem: DepotProblem, plan: DepotPlan) -> list[str]:
    """Check each bus against the power range of its outlet and its own."""
    found = []
    for b, name in enumerate(problem.buses.id):
        for t in range(problem.step_count):
            where = f"bus {name}, {problem.step_name(t)}"
            charge, feed = float(plan.charge_kw[b, t]), float(plan.discharge_kw[b, t])
            c = int(plan.plugged_class[b, t])
            if charge < -TOLERANCE_KW or feed < -TOLERANCE_KW:
                found.append(f"{where}: negative power {charge:.3f} / {feed:.3f} kW")
            if charge > TOLERANCE_KW and feed > TOLERANCE_KW:
                found.append(f"{where}: charges {charge:.3f} kW and feeds back {feed:.3f} kW at once")
            if c < 0:
                if max(charge, feed) > TOLERANCE_KW:
                    found.append(f"{where}: power {max(charge, feed):.3f} kW without being plugged")
                continue
            if not problem.present[b, t]:
                found.append(f"{where}: plugged to {problem.chargers[c].id} while away")
            if not problem.compatible[b, c]:
                found.append(f"{where}: plugged to {problem.chargers[c].id}, which does not fit")
            found += [f"{where}: {what}" for what in _range_violations(problem, b, c, charge, feed)]
    return found


def _range_violations(problem: DepotProblem, b: int, c: int, charge: float, feed: float) -> list[str]:
    outlet, buses, found = problem.chargers[c], problem.buses, []
    if charge > min(outlet.max_kw, buses.max_charge_kw[b]) + TOLERANCE_KW:
        found.append(f"charges at {charge:.3f} kW, more than bus or {outlet.id} can")
    if feed > min(outlet.max_discharge_kw, buses.max_discharge_kw[b]) + TOLERANCE_KW:
        found.append(f"feeds back {feed:.3f} kW, more than bus or {outlet.id} can")
    idle = charge <= TOLERANCE_KW
    may_idle = outlet.can_pause or feed > TOLERANCE_KW
    if charge < outlet.min_kw - TOLERANCE_KW and not (idle and may_idle):
        found.append(f"charges at {charge:.3f} kW, {outlet.id} starts at {outlet.min_kw:.3f}")
    return found


def _session_violations(problem: DepotProblem, sessions: tuple[Session, ...]) -> list[str]:
    """Check staff hours, least length and number of sessions in a stay."""
    rules, found = problem.rules, []
    for session in sessions:
        name = f"bus {problem.buses.id[session.bus]}, session from {problem.step_name(max(session.start, 0))}"
        if session.start >= 0 and not rules.plug_allowed[session.start]:
            found.append(f"{name}: nobody is there to plug it in")
        length = session.stop - session.start
        if length < rules.min_plug_steps and session.stop < problem.step_count:
            found.append(f"{name}: {length} steps long, the least is {rules.min_plug_steps}")
    for b, name in enumerate(problem.buses.id):
        starts = [s.start for s in sessions if s.bus == b and s.start >= 0]
        begun = int(problem.under_way.sessions_used[b]) if problem.under_way is not None else 0
        first = 0
        while first < problem.step_count:
            if not problem.present[b, first]:
                first, begun = first + 1, 0
                continue
            last = first
            while last < problem.step_count and problem.present[b, last]:
                last += 1
            count = begun + sum(first <= start < last for start in starts)
            if count > rules.max_sessions_per_stay:
                where = f"bus {name}, stay from {problem.step_name(first)}"
                found.append(f"{where}: {count} sessions, at most {rules.max_sessions_per_stay} are allowed")
            first, begun = last, 0
    return found


def _outlet_violations(problem: DepotProblem, sessions: tuple[Session, ...]) -> list[str]:
    """Count the outlets in use, those being handed over included."""
    found = []
    for c, outlet in enumerate(problem.chargers):
        for t in range(problem.step_count):
            used = sum(s.charger_class == c and s.start <= t < s.stop for s in sessions)
            idle_until = problem.rules.handover_steps
            left = sum(s.charger_class == c and s.stop <= t < s.stop + idle_until for s in sessions)
            if used + left > outlet.count:
                found.append(
                    f"{outlet.id}, {problem.step_name(t)}: {used} buses plugged and {left} outlets in handover, "
                    f"there are {outlet.count}"
                )
    return found


def _lane_violations(problem: DepotProblem, sessions: tuple[Session, ...]) -> list[str]:
    """Check that no bus drives through another one standing in its lane."""
    found = []
    for c, outlet in enumerate(problem.chargers):
        if outlet.lane is LaneRule.FREE:
            continue
        here = [s for s in sessions if s.charger_class == c]
        for early in here:
            for late in here:
                if not early.start < late.start < early.stop:
                    continue
                first_in_first_out = outlet.lane is LaneRule.FIRST_IN_FIRST_OUT
                blocked, blocking = (late, early) if first_in_first_out else (early, late)
                if blocked.stop < blocking.stop:
                    found.append(
                        f"{outlet.id}, {problem.step_name(blocked.stop)}: bus {problem.buses.id[blocked.bus]} leaves "
                        f"the lane through bus {problem.buses.id[blocking.bus]}"
                    )
    return found


def _cabinet_violations(problem: DepotProblem, plan: DepotPlan) -> list[str]:
    found = []
    for cabinet in problem.cabinets:
        for t in range(problem.step_count):
            power = sum(
                float(plan.charge_kw[b, t])
                for b in range(problem.bus_count)
                if int(plan.plugged_class[b, t]) in cabinet.classes
            )
            if power > cabinet.max_kw + TOLERANCE_KW:
                found.append(
                    f"cabinet {cabinet.id}, {problem.step_name(t)}: {power:.3f} kW, it gives {cabinet.max_kw:.3f}"
                )
    return found


def _site_violations(problem: DepotProblem, plan: DepotPlan) -> list[str]:
    """Add up the site's power and hold it against its connection."""
    site, found = problem.site, []
    for t in range(problem.step_count):
        where = f"site, {problem.step_name(t)}"
        power = float(site.base_kw[t] - plan.pv_kw[t] + plan.site_battery_kw[t])
        for b in range(problem.bus_count):
            c = int(plan.plugged_class[b, t])
            if c >= 0:
                power += plan.charge_kw[b, t] / problem.chargers[c].efficiency
                power -= plan.discharge_kw[b, t] * problem.chargers[c].efficiency
        if abs(power - plan.grid_kw[t]) > TOLERANCE_KW:
            found.append(f"{where}: the plan says {plan.grid_kw[t]:.3f} kW, the replay {power:.3f}")
        if power > site.import_limit_kw[t] + TOLERANCE_KW:
            found.append(f"{where}: draws {power:.3f} kW, the connection gives {site.import_limit_kw[t]:.3f}")
        if -power > site.export_limit_kw[t] + TOLERANCE_KW:
            found.append(f"{where}: exports {-power:.3f} kW, the connection takes {site.export_limit_kw[t]:.3f}")
        if not -TOLERANCE_KW <= plan.pv_kw[t] <= site.pv_kw[t] + TOLERANCE_KW:
            found.append(f"{where}: uses {plan.pv_kw[t]:.3f} kW of PV, there are {site.pv_kw[t]:.3f}")
    return found


def _site_battery_violations(problem: DepotProblem, plan: DepotPlan) -> list[str]:
    """Follow the stationary battery through the day."""
    battery, found = problem.site.battery, []
    if battery is None:
        used = max((abs(float(power)) for power in plan.site_battery_kw), default=0.0)
        return ["site battery: used, but there is none"] if used > TOLERANCE_KW else []
    energy = battery.initial_kwh
    for t, net in enumerate(plan.site_battery_kw):
        power, where = float(net), f"site battery, {problem.step_name(t)}"
        if not -battery.max_discharge_kw - TOLERANCE_KW <= power <= battery.max_charge_kw + TOLERANCE_KW:
            found.append(f"{where}: {power:.3f} kW is outside its power")
        gain = power * battery.charge_efficiency if power > 0 else power / battery.discharge_efficiency
        energy += gain * float(problem.step_h[t])
        if not battery.min_kwh - TOLERANCE_KW <= energy <= battery.max_kwh + TOLERANCE_KW:
            found.append(f"{where}: {energy:.3f} kWh is outside its window")
    if energy < battery.terminal_min_kwh - TOLERANCE_KW:
        found.append(f"site battery, end: {energy:.3f} kWh, needed are {battery.terminal_min_kwh:.3f}")
    return found


def _cost_violations(plan: DepotPlan, cost: DepotCost) -> list[str]:
    found = []
    for term in DepotCost.__dataclass_fields__:
        said, own = float(getattr(plan.cost, term)), float(getattr(cost, term))
        if abs(said - own) > TOLERANCE_KRW + RELATIVE_TOLERANCE_KRW * abs(own):
            found.append(f"cost, {term}: the plan says {said:.2f}, the replay {own:.2f}")
    return found
