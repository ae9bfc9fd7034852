"""Tables of electric vehicles: registrations, chargers, cohorts and their sessions."""

from __future__ import annotations

from data.city_tables.rules import Check
from data.schema import Parameter, TableSchema

TABLES: tuple[TableSchema, ...] = ()

PARAMETERS: tuple[Parameter, ...] = ()

CHECKS: tuple[Check, ...] = ()
