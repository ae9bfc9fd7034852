"""What the network does: networks, batch AC power flow, limits and the synthetic 22.9 kV grid of a city."""
