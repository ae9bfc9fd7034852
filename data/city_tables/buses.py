"""Tables of electric buses: garages, fleets, vehicle types, chargers, service."""

from __future__ import annotations

from data.city_tables.rules import Check
from data.schema import Parameter, TableSchema

TABLES: tuple[TableSchema, ...] = ()

PARAMETERS: tuple[Parameter, ...] = ()

CHECKS: tuple[Check, ...] = ()
