"""What the network does: networks, batch AC power flow, limits and the synthetic 22.9 kV grid of a city."""

from grid.load_models import LoadModel
from grid.network import Network
from grid.powerflow import power_flow, solve
from grid.powerflow_result import PowerFlow
from grid.status import Method, Status

__all__ = ["LoadModel", "Method", "Network", "PowerFlow", "Status", "power_flow", "solve"]
