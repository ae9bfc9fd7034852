"""A golden LP file for every part of the depot model, and for everything that is added to it; none may lack.

After a wanted change of the model write them anew with ``GOLDEN_LP_WRITE=1`` in the environment, and read the
difference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pyomo.environ as pyo
import pytest

from optimizers import lexicographic
from optimizers.depot_model import compose, elastic, goals, protection
from optimizers.problem_checks import check_problem
from tests.optimizers import depot_cases

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "lp"


def additions() -> dict[str, Callable[[], pyo.ConcreteModel]]:
    """What is added to a whole model: goals, protection, rules that give way."""

    def goal(add, problem):
        m = compose.build_depot_model(problem)
        m.cost.deactivate()
        m.goal = pyo.Objective(expr=add(m))
        return m

    def protected(add, against, problem):
        m = compose.build_depot_model(problem)
        add(m, problem, against)
        return m

    def relaxed(add, problem):
        m = compose.build_depot_model(problem)
        m.cost.deactivate()
        add(m, problem)
        return m

    case = depot_cases
    return {
        "peak_goal": lambda: goal(goals.peak_goal, case.outlets()),
        "starts_goal": lambda: goal(goals.starts_goal, case.outlets()),
        "smoothness_goal": lambda: goal_after_solve(goals.smoothness_goal, case.outlets()),
        "add_late_buses": lambda: protected(
            protection.add_late_buses, protection.LateBuses(1, 1, 5.0), case.session_count()
        ),
        "add_cold_day": lambda: protected(protection.add_cold_day, protection.ColdDay(1.3, 2.0), case.stored_energy()),
        "add_gifts": lambda: relaxed(elastic.add_gifts, case.stored_energy()),
        "add_outlet_hours": lambda: relaxed(elastic.add_outlet_hours, case.outlets()),
        "add_larger_connection": lambda: relaxed(elastic.add_larger_connection, case.site()),
    }


def goal_after_solve(add, problem):
    m = compose.build_depot_model(problem)
    for var in m.component_data_objects(pyo.Var):
        var.set_value(0.0, skip_validation=True)
    m.cost.deactivate()
    m.goal = pyo.Objective(expr=add(m))
    return m


def models() -> dict[str, Callable[[], pyo.ConcreteModel]]:
    parts = {name: (lambda c=case: compose.build_depot_model(c())) for name, case in depot_cases.CASES.items()}
    return {**parts, **additions()}


def lp_text(model: pyo.ConcreteModel, path: Path) -> str:
    model.write(str(path), io_options={"symbolic_solver_labels": True})
    return path.read_text()


@pytest.mark.parametrize("name", models())
def test_the_part_writes_its_golden_lp(name, tmp_path):
    written = lp_text(models()[name](), tmp_path / "model.lp")
    golden = FOLDER / f"{name}.lp"
    if os.environ.get("GOLDEN_LP_WRITE"):
        golden.write_text(written)
    assert written == golden.read_text()


def test_no_part_lacks_its_golden_file():
    added = {
        name
        for module in (elastic, protection)
        for name in vars(module)
        if re.fullmatch(r"add_\w+", name) and vars(module)[name].__module__ == module.__name__
    }
    wanted = (
        {part.__name__ for part in compose.PARTS} | {goal.__name__ for goal in lexicographic.GOALS.values()} | added
    )
    assert {path.stem for path in FOLDER.glob("*.lp")} == wanted


def test_every_part_changes_the_model():
    """Leaving a part out must change the file of its case, or the case does not show it."""
    for part in compose.PARTS:
        problem = depot_cases.CASES[part.__name__]()
        whole = compose.build_depot_model(problem)
        own = {c.name for c in whole.component_objects((pyo.Var, pyo.Constraint, pyo.Objective)) if len(c)}
        others = pyo.ConcreteModel()
        seen: set[str] = set()
        compose.add_sets(others, problem)
        for other in compose.PARTS:
            before = {c.name for c in others.component_objects((pyo.Var, pyo.Constraint, pyo.Objective)) if len(c)}
            other(others, problem)
            after = {c.name for c in others.component_objects((pyo.Var, pyo.Constraint, pyo.Objective)) if len(c)}
            seen |= (after - before) if other is part else set()
        assert seen
        assert seen <= own


@pytest.mark.parametrize("name", depot_cases.CASES)
def test_the_cases_are_sound_problems(name):
    assert check_problem(depot_cases.CASES[name]()) == ()
