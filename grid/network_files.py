"""A network from whatever file an engineer has: the format is told by its name."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from data.errors import InvalidInput, Problem
from grid.network import Network
from grid.synthesis_grid import SyntheticGrid

SIMBENCH = "simbench:"
FORMATS = (
    "a folder of CSV tables (buses.csv, slacks.csv, …), a pandapower .json, a MATPOWER .m, a CGMES .zip, .xml or "
    f"folder, a saved synthetic grid .npz, or {SIMBENCH}CODE"
)


def read_network(source: str, *, ignore: Collection[str] = ()) -> Network:  # noqa: PLR0911 - one return a format
    """Read the network that `source` names.

    Parameters
    ----------
    source
        A path, or `simbench:` and a code; see `FORMATS`.
    ignore
        Unsupported kinds of elements to leave out knowingly.

    Raises
    ------
    InvalidInput
        When nothing is there, the format is none of `FORMATS`, or the network has problems.
    """
    if source.startswith(SIMBENCH):
        return Network.from_simbench(source.removeprefix(SIMBENCH), ignore=ignore)
    path = Path(source)
    if path.is_dir():
        if any(path.glob("*.xml")):
            return Network.from_cgmes(path, ignore=ignore)
        return Network.from_tables(path)
    if not path.is_file():
        raise InvalidInput([Problem(source, 0, "", "there is no such file or folder", f"Give {FORMATS}")])
    match path.suffix.lower():
        case ".json":
            return Network.from_pandapower_json(path, ignore=ignore)
        case ".m":
            return Network.from_matpower(path, ignore=ignore)
        case ".zip" | ".xml":
            return Network.from_cgmes(path, ignore=ignore)
        case ".npz":
            return SyntheticGrid.load(path).network
    raise InvalidInput([Problem(source, 0, "", f"'{path.suffix}' is no format of networks", f"Give {FORMATS}")])
