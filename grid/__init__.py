"""What the network does: networks, batch AC power flow, limits and the synthetic 22.9 kV grid of a city."""

from grid.load_models import LoadModel
from grid.network import Network
from grid.powerflow import power_flow
from grid.powerflow_result import PowerFlow
from grid.reducers import EnergyLosses, Extremes, Quantiles, Violations
from grid.sensitivity import (
    Sensitivity,
    current_sensitivity,
    power_sensitivity,
    sensitivity,
    supply_sensitivity,
)
from grid.solving import solve
from grid.status import Method, Status
from grid.streaming import FlowSummary, LoadBlocks, stream

__all__ = [
    "EnergyLosses",
    "Extremes",
    "FlowSummary",
    "LoadBlocks",
    "LoadModel",
    "Method",
    "Network",
    "PowerFlow",
    "Quantiles",
    "Sensitivity",
    "Status",
    "Violations",
    "current_sensitivity",
    "power_flow",
    "power_sensitivity",
    "sensitivity",
    "solve",
    "stream",
    "supply_sensitivity",
]
