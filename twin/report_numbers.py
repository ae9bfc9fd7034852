"""Numbers as people read them, in the language of the page."""

from __future__ import annotations

import math
from datetime import date
from enum import StrEnum

KRW_PER_MKRW = 1e6
KRW_PER_KKRW = 1e3
KW_PER_MW = 1e3

_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAYS_KO = ("월", "화", "수", "목", "금", "토", "일")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_MONEY_EN = ((1e12, "trillion KRW"), (1e9, "billion KRW"), (1e6, "million KRW"), (1e3, "thousand KRW"))
_MONEY_KO = ((1e12, "조 원"), (1e8, "억 원"), (1e4, "만 원"))


class Lang(StrEnum):
    """A language that reports are written in."""

    KOREAN = "ko"
    ENGLISH = "en"


def plain(value: float, digits: int = 0) -> str:
    """Return a number with separated thousands and a true minus sign; never a negative zero."""
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text.replace("-", "−")


def _three_figures(value: float) -> str:
    size = abs(value)
    return plain(value, 0 if size >= 100 else 1 if size >= 10 else 2)


def power(kw: float) -> str:
    """Return a power: in kW below 1 MW, else in MW; a city's load is read in MW."""
    if abs(kw) < KW_PER_MW:
        return f"{plain(kw)} kW"
    return f"{_three_figures(kw / KW_PER_MW)} MW"


def energy(mwh: float) -> str:
    """Return an energy in kWh, MWh or GWh."""
    if abs(mwh) < 1:
        return f"{plain(mwh * 1e3)} kWh"
    return f"{_three_figures(mwh)} MWh" if abs(mwh) < 1e3 else f"{_three_figures(mwh / 1e3)} GWh"


def money(krw: float, lang: Lang) -> str:
    """Return an amount of won with the counting words of the language (million and billion, 만 and 억)."""
    for unit, word in _MONEY_KO if lang is Lang.KOREAN else _MONEY_EN:
        if abs(krw) >= unit:
            gap = "" if lang is Lang.KOREAN else " "
            return f"{_three_figures(krw / unit)}{gap}{word}"
    return f"{plain(krw)}원" if lang is Lang.KOREAN else f"{plain(krw)} KRW"


def money_in_column(krw: float, lang: Lang) -> str:
    """Return an amount without its unit, in million KRW or 만 원, so that a column can be read downwards."""
    return plain(krw / 1e4) if lang is Lang.KOREAN else plain(krw / KRW_PER_MKRW, 2)


def percent(share: float, lang: Lang, digits: int = 1) -> str:
    """Return a share in percent; what is not zero is never shown as zero."""
    sign = "%" if lang is Lang.KOREAN else " %"
    least = 10.0**-digits
    if 0 < abs(share) * 100 < least / 2:
        return f"{'<' if share > 0 else '> −'} {plain(least, digits)}{sign}".replace("− ", "−")
    return f"{plain(share * 100, digits)}{sign}"


def known(value: float) -> bool:
    """Whether a figure is known; a missing bound is kept as infinite."""
    return math.isfinite(value)


def minutes(amount: float, lang: Lang) -> str:
    """Return a duration in minutes, or in hours and minutes from two hours on."""
    whole = round(amount)
    if lang is Lang.KOREAN:
        return f"{whole}분" if whole < 120 else f"{whole // 60:,}시간 {whole % 60}분"
    return f"{whole} min" if whole < 120 else f"{whole // 60:,} h {whole % 60} min"


def mass(kg: float) -> str:
    """Return a mass in kg, or in t from 10 t on."""
    return f"{_three_figures(kg / 1e3)} t" if abs(kg) >= 1e4 else f"{plain(kg)} kg"


def day(iso: str, lang: Lang) -> str:
    """Return a date ("2026-08-12") with its day of the week."""
    when = date.fromisoformat(iso)
    if lang is Lang.KOREAN:
        return f"{when.year}년 {when.month}월 {when.day}일({_WEEKDAYS_KO[when.weekday()]})"
    return f"{_WEEKDAYS_EN[when.weekday()]} {when.day} {_MONTHS_EN[when.month - 1]} {when.year}"


def zone(timezone: str) -> str:
    """Return how a time zone is named on the page."""
    return "KST" if timezone == "Asia/Seoul" else timezone
