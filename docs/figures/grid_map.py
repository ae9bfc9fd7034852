"""Draw docs/figures/grid_map.png: the synthetic 22.9 kV grid of the embedded Seoul, coloured by feeder.

``python docs/figures/grid_map.py [CACHE]``; a grid that was built before is taken from the cache.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

import data
from data.city_folder import read_city_folder
from twin.city import City, build_city
from twin.scenario import TODAY, scenario_of

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the choice of a backend without a screen
from matplotlib.collections import LineCollection

HERE = Path(__file__).parent
DEGREE_SHAPE = 1.26  # a degree of latitude over one of longitude at 37.5° north


def draw(city: City, target: Path) -> None:
    """Draw every line in service in the colour of its feeder, substations on top."""
    grid = city.grid
    network, lines = grid.network, grid.lines
    figure, axes = plt.subplots(figsize=(11, 8.6))
    for outline in city.folder.boundaries.values():
        for part in getattr(outline, "geoms", [outline]):
            axes.plot(*part.exterior.xy, color="#4a5568", linewidth=0.7)
    served = np.flatnonzero(lines.feeder >= 0)
    ends = (network.lines.from_bus[served], network.lines.to_bus[served])
    segments = np.stack([np.stack([network.buses.x[bus], network.buses.y[bus]], axis=1) for bus in ends], axis=1)
    colours = plt.get_cmap("tab20")(lines.feeder[served] % 20)
    widths = np.where(lines.trunk[served], 0.7, 0.25)
    axes.add_collection(LineCollection(list(segments), colors=colours, linewidths=widths))
    axes.plot(grid.substations.x, grid.substations.y, "s", markersize=4, color="#f6d32d", markeredgecolor="black")
    axes.set_aspect(DEGREE_SHAPE)
    axes.set_axis_off()
    figure.savefig(target, dpi=100, bbox_inches="tight", metadata={"Software": None})


if __name__ == "__main__":
    seoul = read_city_folder(Path(data.__file__).parent / "seoul")
    cache = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("runs/cache")
    draw(build_city(seoul, scenario_of(seoul, TODAY), cache), HERE / "grid_map.png")
