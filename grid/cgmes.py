"""CGMES models (IEC 61970-600): XML profiles, packed or not, checked before pandapower's converter sees them."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from data.errors import ProblemList
from data.safe_unzip import UnzipLimits, unzip
from grid.network_tables import NetworkTables
from grid.pandapower_import import network_of
from grid.pandapower_io import read_cim
from grid.pandapower_tables import PandapowerTables
from grid.pandapower_transformers import UntypedTaps

LIMITS = UnzipLimits(suffixes=(".xml", ".zip"))

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF"
_VERSIONS = {"http://iec.ch/TC57/2013/CIM-schema-cim16#": "2.4.15", "http://iec.ch/TC57/CIM100#": "3.0"}
_NEEDED = (("EquipmentCore", "CoreEquipment"), ("SteadyStateHypothesis",))
_WHOLE = "give the EQ, SSH and TP profiles of one model, CGMES 2.4.15 or 3.0"


def from_cgmes(path: str | Path, *, ignore: Collection[str] = ()) -> NetworkTables:
    """Read a CGMES model from a zip archive, or from a folder or single file of XML profiles.

    An archive may hold at most 1,000 files, 200 MB unpacked, each growing at most a hundredfold, one folder deep,
    archives of profiles inside it included; links and names that lead out are refused, and so are entities, document
    types and outside references in the XML. Buses bear the names of their nodes where these are
    distinct; other names are those of `from_pandapower`.

    Raises
    ------
    InvalidInput
        With every problem of the archive and of the profiles, and for all that `from_pandapower` refuses.
    """
    path = Path(path)
    with tempfile.TemporaryDirectory(prefix="cgmes-") as folder:
        files = _profiles(path, Path(folder))
        version = _checked_version(files, path.name)
        tables = read_cim(files, version)
    return _with_names(network_of(tables, ignore=ignore, untyped_taps=UntypedTaps.RATIO), tables)


def _with_names(network: NetworkTables, tables: PandapowerTables) -> NetworkTables:
    """Call the buses by the names of their nodes, if every one has a name of its own."""
    names = np.array([str(name or "") for name in tables.tables["bus"]["name"]], dtype=str)
    if "" in names or len(np.unique(names)) < len(names):
        return network
    return replace(network, buses=replace(network.buses, id=names))


def _profiles(path: Path, folder: Path) -> list[Path]:
    problems = ProblemList()
    if path.is_dir():
        files = sorted(file for file in path.glob("*.xml") if file.is_file() and not file.is_symlink())
    elif path.suffix.lower() == ".zip":
        files = _unpacked(path, folder)
    else:
        files = [path] if path.is_file() else []
    if not files:
        problems.add(str(path), "no XML profile is there", _WHOLE)
    if len(files) > LIMITS.files or sum(file.stat().st_size for file in files) > LIMITS.total_bytes:
        problems.add(str(path), "more files or bytes than a model may have", "leave out what is not needed")
    problems.raise_if_any()
    return files


def _unpacked(path: Path, folder: Path) -> list[Path]:
    """Unpack an archive, and archives of single profiles in it, sharing one budget."""
    outer = folder / "profiles"
    outer.mkdir()
    files = unzip(path, outer, LIMITS)
    left = LIMITS.total_bytes - sum(file.stat().st_size for file in files)
    found = [file for file in files if file.suffix.lower() == ".xml"]
    for number, file in enumerate(file for file in files if file.suffix.lower() == ".zip"):
        inner = folder / f"inner-{number}"
        inner.mkdir()
        few = UnzipLimits(total_bytes=max(0, left), files=LIMITS.files - len(found), depth=0, suffixes=(".xml",))
        found += unzip(file, inner, few)
        left -= sum(piece.stat().st_size for piece in found if piece.parent == inner)
    return found


def _checked_version(files: list[Path], model: str) -> str:
    """Check that every file is plain RDF/XML of one version of CIM, and return that version of CGMES."""
    problems, versions, profiles = ProblemList(), set(), set()
    for file in files:
        try:
            spaces, stated = _spaces_and_profiles(file, problems)
        except DefusedXmlException as error:
            fix = "remove the document type and its entities: a CGMES profile needs none"
            problems.add(file.name, f"the XML declares what could do harm ({type(error).__name__})", fix)
        except ParseError as error:
            what = f"the file is no well-formed XML ({error})"
            problems.add(file.name, what, "export the profile again", row=error.position[0])
        else:
            found = {_VERSIONS[space] for space in spaces if space in _VERSIONS}
            if not found:
                problems.add(file.name, "the file names no CIM version that is read here", _WHOLE)
            versions |= found
            profiles |= stated
    if len(versions) > 1:
        problems.add(model, f"profiles of several versions: {', '.join(sorted(versions))}", _WHOLE)
    problems.raise_if_any()
    for wanted in _NEEDED:
        if not any(part in profile for part in wanted for profile in profiles):
            problems.add(model, f"the {wanted[0]} profile is missing", _WHOLE)
    problems.raise_if_any()
    return versions.pop()


def _spaces_and_profiles(file: Path, problems: ProblemList) -> tuple[set[str], set[str]]:
    """Read the file through once: its name spaces, and the profiles that its header states."""
    spaces: set[str] = set()
    profiles: set[str] = set()
    root = None
    for event, item in iterparse(file, events=("start-ns", "end", "start"), forbid_dtd=True):
        if event == "start-ns":
            spaces.add(item[1])
        elif event == "start":
            root = root or item.tag
        else:
            if item.tag.endswith("}Model.profile"):
                profiles.add(item.text or "")
            item.clear()
    if root != _RDF:
        problems.add(file.name, "the root of the file is not rdf:RDF", _WHOLE)
    return spaces, profiles
