"""Options of `twin depot plan` for what a plan has to survive, and for what it is good at besides the cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import click

from optimizers.depot_model.protection import ColdDay, LateBuses
from optimizers.lexicographic import Goal
from optimizers.robust import Protection
from twin.cli.number import Number
from twin.depot_wishes import late_steps

LATE_BUSES = click.option(
    "--late-buses",
    type=click.IntRange(min=1),
    help="Survive that any so many buses come back late and lose the charging they miss.",
)
LATE_MINUTES = click.option(
    "--late-minutes",
    type=Number(1, 1440),
    help="How late they are, rounded up to whole steps; needed with --late-buses.",
)
MAKEUP = click.option(
    "--makeup-kwh",
    type=Number(min=0),
    help="What the late buses can make up together elsewhere; 0, the default, makes every bus safe by itself.",
)
COLD_DAY = click.option(
    "--cold-day",
    type=Number(1, 5),
    metavar="FACTOR",
    help="Survive that every duty takes so many times its energy, as 1.25.",
)
COLD_STANDING = click.option(
    "--cold-standing",
    type=Number(1, 20),
    metavar="FACTOR",
    help="The same for what parked buses draw; 1 by default; needs --cold-day.",
)
SPARE_CHARGER = click.option(
    "--spare-charger", is_flag=True, help="Survive the loss of any one outlet of every class, at any time."
)


class GoalList(click.ParamType[tuple[Goal, ...]]):
    """Goals in order of importance, separated by commas; the cost is always the first."""

    name = "cost,GOAL,…"
    words: ClassVar = {"peak": Goal.PEAK, "starts": Goal.STARTS, "smooth": Goal.SMOOTHNESS}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Goal, ...]:
        """Return the goals after the cost."""
        first, *rest = str(value).split(",")
        known = first == "cost" and len(set(rest)) == len(rest) and set(rest) <= set(self.words)
        if not known:
            words = ", ".join(self.words)
            self.fail(f"{value!r} is no list of goals; begin with cost, then any of {words}, once.", param, ctx)
        return tuple(self.words[word] for word in rest)


GOALS = click.option(
    "--goals",
    type=GoalList(),
    default="cost",
    show_default=True,
    help="What the plan is good at, in this order: cost, then any of peak (highest import), starts (sessions), "
    "smooth (changes of power). The cost may rise by 0.01 % for them.",
)


def protection_of(options: Mapping[str, Any], step_min: float) -> Protection:
    """Return what a plan has to survive; options that belong together come together."""
    count, minutes, makeup_kwh = options["late_buses"], options["late_minutes"], options["makeup_kwh"]
    factor, standing = options["cold_day"], options["cold_standing"]
    if (count is None) != (minutes is None):
        raise click.UsageError("--late-buses and --late-minutes belong together: say how many, and how late")
    if count is None and makeup_kwh is not None:
        raise click.UsageError("--makeup-kwh needs --late-buses")
    if factor is None and standing is not None:
        raise click.UsageError("--cold-standing needs --cold-day")
    steps = late_steps(minutes or 0.0, step_min)
    late = LateBuses(count, steps, makeup_kwh or 0.0) if count else None
    cold = ColdDay(factor, standing or 1.0) if factor else None
    return Protection(late, cold, int(options["spare_charger"]))
