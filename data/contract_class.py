"""The contract classes of electricity customers, after KEPCO's 계약종별, and their Korean names."""

from __future__ import annotations

from enum import StrEnum


class ContractClass(StrEnum):
    """What a customer has a contract for; tariffs, sales statistics and demand shapes go by it."""

    RESIDENTIAL = "residential"
    GENERAL = "general"
    INDUSTRIAL = "industrial"
    EDUCATION = "education"
    STREET_LIGHTING = "street_lighting"
    NIGHT = "night"
    AGRICULTURE = "agriculture"


CONTRACT_CLASSES: tuple[str, ...] = tuple(ContractClass)

KOREAN_NAMES: dict[str, ContractClass] = {
    "주택용": ContractClass.RESIDENTIAL,
    "일반용": ContractClass.GENERAL,
    "산업용": ContractClass.INDUSTRIAL,
    "교육용": ContractClass.EDUCATION,
    "가로등": ContractClass.STREET_LIGHTING,
    "심야": ContractClass.NIGHT,
    "농사용": ContractClass.AGRICULTURE,
}
"""Class by the heading KEPCO's sales statistics use."""
