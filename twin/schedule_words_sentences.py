"""Sentences that explain a city's plan, English and Korean side by side; no Korean particle follows a field."""

from __future__ import annotations

WHY_SENTENCES: dict[str, tuple[str, str]] = {
    "why.free": (
        "No limit of the grid or of the city costs anything: every vehicle, bus and battery follows its own price.",
        "비용을 높이는 전력망 한계나 도시 한계가 없습니다. 모든 차량, 버스, 배터리가 자체 요금만 따릅니다.",
    ),
    "why.bound": (
        "{count} limits bind; together with the gap to the proved bound they cost {krw} at most.",
        "구속되는 한계는 {count}건이며, 증명된 하한과의 차이까지 합한 비용은 최대 {krw}입니다.",
    ),
    "why.relaxed": (
        "All limits but {count} are kept, and those as nearly as can be; {forced} are broken by loads nobody plans.",
        "한계 {count}건은 최소한으로 벗어나고 나머지는 모두 지킵니다. "
        "그중 {forced}건은 계획 대상이 아닌 부하가 원인입니다.",
    ),
    "where.head": ("Feeder {group}", "배전선로 {group}"),
    "where.current": ("Branch {element} of {group}", "{group} 구간 {element}"),
    "where.current_alone": ("Branch {element}", "구간 {element}"),
    "where.flow_alone": ("Branch {element}", "구간 {element}"),
    "where.low_voltage": ("The lower voltage limit at bus {element} ({group})", "모선 {element}({group})의 전압 하한"),
    "where.low_voltage_alone": ("The lower voltage limit at bus {element}", "모선 {element}의 전압 하한"),
    "where.high_voltage": ("The upper voltage limit at bus {element} ({group})", "모선 {element}({group})의 전압 상한"),
    "where.high_voltage_alone": ("The upper voltage limit at bus {element}", "모선 {element}의 전압 상한"),
    "where.supply": ("The cap on the city's supply", "도시 전체 공급 상한"),
    "where.carbon": ("The carbon budget", "탄소 예산"),
    "binding.span": (
        "{where} binds {start}–{stop} at {price} per {unit}; "
        "relieving it by {relief} is worth up to {worth} on the day.",
        "{where}: {start}~{stop} 구속, {unit}당 {price}. {relief} 완화의 가치는 하루 최대 {worth}.",
    ),
    "binding.day": (
        "{where} binds at {price} per {unit}; relieving it by {relief} is worth up to {worth} on the day.",
        "{where}: {unit}당 {price}. {relief} 완화의 가치는 하루 최대 {worth}.",
    ),
    "place.battery": (
        "A battery of {size} at bus {element}{group} would save up to {worth} a day like this.",
        "모선 {element}{group}: {size} 배터리의 절감액은 이런 날 하루 최대 {worth}.",
    ),
    "place.charger": (
        "Chargers drawing {size} at bus {element}{group} would cost the grid {worth} a day; {room} is left there.",
        "모선 {element}{group}: 충전기 {size} 추가 시 전력망 비용은 하루 {worth}, 여유 {room}.",
    ),
    "place.charger_free": (
        "Chargers drawing {size} at bus {element}{group} cost the grid nothing; {room} is left there.",
        "모선 {element}{group}: 충전기 {size} 추가 시 전력망 비용 없음, 여유 {room}.",
    ),
    "place.cable": (
        "A cable of {size} more cross-section instead of {element}{group} would save up to {worth} a day like this.",
        "구간 {element}{group}: 단면적 {size} 증설의 절감액은 이런 날 하루 최대 {worth}.",
    ),
    "short.span": (
        "{where} is exceeded {start}–{stop}, by {excess}{share} at worst.",
        "{where}: {start}~{stop} 위반, 최대 {excess}{share}.",
    ),
    "short.day": ("{where} is exceeded by {excess}{share}.", "{where}: {excess}{share} 초과."),
    "short.dear": (
        "What can be moved is not enough, or keeping the limit would cost more than the price of breaking it.",
        "조정할 수 있는 부하가 부족하거나, 지키는 비용이 위반 비용보다 큽니다.",
    ),
    "short.forced": (
        "Loads that nobody plans break it by themselves.",
        "계획 대상이 아닌 부하만으로도 벗어납니다.",
    ),
    "relief.ways": ("The smallest relief: {ways}.", "최소 완화: {ways}."),
    "relief.or": (", or ", " 또는 "),
    "relief.limit": ("a limit relaxed by {excess}", "한계 완화 {excess}"),
    "relief.cap": ("{excess} more", "{excess} 추가 허용"),
    "relief.load": ("{kw} less load there", "해당 지점 부하 감축 {kw}"),
    "relief.reactive": ("{kvar} of reactive power produced there", "해당 지점 무효전력 공급 {kvar}"),
}
