"""Weather files: which kind a file is, and its reader."""

from __future__ import annotations

from pathlib import Path

from data.solar_position import Place
from data.weather import Weather
from data.weather_csv import read_hourly_csv
from data.weather_epw import read_epw

__all__ = ["read_epw", "read_hourly_csv", "read_weather"]


def read_weather(path: str | Path, site: Place | None = None, year: int | None = None) -> Weather:
    """Read a weather file, EPW or hourly CSV, told apart by its content.

    Parameters
    ----------
    path
        The file.
    site
        Where the weather is wanted; needed for a CSV file that does not say it itself.
    year
        Year of the time axis of an EPW file; see `read_epw`.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the file.
    """
    return read_epw(path, year) if _is_epw(Path(path)) else read_hourly_csv(path, site)


def _is_epw(path: Path) -> bool:
    if path.suffix.lower() == ".epw" or not path.is_file():
        return path.suffix.lower() == ".epw"
    with path.open("rb") as stream:
        return stream.read(12).upper().removeprefix(b"\xef\xbb\xbf").startswith(b"LOCATION,")
