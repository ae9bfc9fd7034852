"""Tables of the city's other assets: public bikes, parking, sensors and cameras, hospitals, shuttles."""

from __future__ import annotations

from data.city_tables.rules import Check
from data.schema import Parameter, TableSchema

TABLES: tuple[TableSchema, ...] = ()

PARAMETERS: tuple[Parameter, ...] = ()

CHECKS: tuple[Check, ...] = ()
