"""Electric-bus depots: the compact model of each, as it stands, inside the model of the city."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.assets.bus_depots import BusDepots
from optimizers.depot_model.compose import build_depot_model


def add_depots(b: pyo.Block, depots: BusDepots) -> None:
    """Add the compact mixed-integer model of each depot; its own cost becomes a term of the city's."""
    b.depot = pyo.Block(b.A)
    models = []
    for a, problem in enumerate(depots.problems):
        model = build_depot_model(problem)
        model.cost.deactivate()
        b.depot[a].site = model
        models.append(model)
    b.kw = pyo.Expression(b.A, b.T, rule=lambda b, a, t: models[a].import_kw[t] - models[a].export_kw[t])
    b.kvar = pyo.Expression(b.A, b.T, rule=lambda b, a, t: depots.kvar_per_kw * b.kw[a, t])
    b.cost_krw = pyo.Expression(expr=sum(model.total_krw for model in models))
