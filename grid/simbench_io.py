"""SimBench networks by their code, with the transformer taps their tables state.

The tables of SimBench give tap positions but no type of tap changer. pandapower 3 ignores taps without a type, so that
its power flow of these networks is off by the taps; here they are taken as the ratio changers they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Any

from data.errors import InvalidInput, Problem
from grid.network_tables import NetworkTables
from grid.pandapower_import import network_of
from grid.pandapower_io import columns_of
from grid.pandapower_transformers import UntypedTaps


def from_simbench(code: str, *, ignore: Collection[str] = ()) -> NetworkTables:
    """Load a network shipped with the package simbench, such as `1-MV-urban--0-sw`; loads as the tables state them.

    S. Meinecke et al., SimBench: A benchmark dataset of electric power systems, Energies 13(12), 2020. Names are
    those of `from_pandapower`.

    Raises
    ------
    InvalidInput
        When there is no such code, and for all that `from_pandapower` refuses.
    """
    return network_of(columns_of(simbench_net(code), code), ignore=ignore, untyped_taps=UntypedTaps.RATIO)


def simbench_net(code: str) -> Any:
    """Return the pandapower network that the package simbench builds of its tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # simbench and pandas warn of their own future
        import simbench  # noqa: PLC0415 - loads pandapower

        known = simbench.collect_all_simbench_codes()
        if code not in known:
            some = ", ".join(known[:3])
            fix = f"Choose one of its {len(known)} codes, such as {some}"
            raise InvalidInput([Problem("simbench", 0, "code", f"there is no network '{code}'", fix)])
        return simbench.get_simbench_net(code)
