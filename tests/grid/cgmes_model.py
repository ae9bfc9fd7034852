"""A small CGMES 2.4.15 model written from scratch: slack, transformer with a tap, line, two loads, a switch."""

from __future__ import annotations

from pathlib import Path

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:cim="http://iec.ch/TC57/2013/CIM-schema-cim16#"
 xmlns:md="http://iec.ch/TC57/61970-552/ModelDescription/1#" xmlns:entsoe="http://entsoe.eu/CIM/SchemaExtension/3/1#">
<md:FullModel rdf:about="urn:uuid:{name}">
<md:Model.scenarioTime>2026-01-01T00:00:00Z</md:Model.scenarioTime>
<md:Model.profile>{profile}</md:Model.profile>
</md:FullModel>
"""
PROFILES = {
    "EQ": "http://entsoe.eu/CIM/EquipmentCore/3/1",
    "SSH": "http://entsoe.eu/CIM/SteadyStateHypothesis/1/1",
    "TP": "http://entsoe.eu/CIM/Topology/4/1",
    "SV": "http://entsoe.eu/CIM/StateVariables/4/1",
}
LIMITS = {"high": 110.0, "low": 20.0}


class Profile:
    """Objects of one profile as XML; values that begin with # are references."""

    def __init__(self, name: str) -> None:
        self.name, self.text = name, HEAD.format(name=name, profile=PROFILES[name])

    def add(self, kind: str, key: str, *, about: bool = False, **values: object) -> None:
        place = f'rdf:about="#{key}"' if about else f'rdf:ID="{key}"'
        self.text += f"<cim:{kind} {place}>\n"
        for path, value in values.items():
            name = path.replace("__", ".")
            if isinstance(value, str) and value.startswith(("#", "http")):
                self.text += f'<cim:{name} rdf:resource="{value}"/>\n'
            else:
                self.text += f"<cim:{name}>{str(value).lower() if isinstance(value, bool) else value}</cim:{name}>\n"
        self.text += f"</cim:{kind}>\n"


def write_model(folder: Path) -> list[Path]:
    """Write the four profiles; the tap stands two steps of 1.5 % above neutral at the high side."""
    eq, ssh, tp, sv = (Profile(name) for name in PROFILES)
    eq.add("GeographicalRegion", "region", IdentifiedObject__name="region")
    eq.add("SubGeographicalRegion", "sub", IdentifiedObject__name="sub", SubGeographicalRegion__Region="#region")
    eq.add("Substation", "station", IdentifiedObject__name="station", Substation__Region="#sub")
    for name, kv in LIMITS.items():
        eq.add("BaseVoltage", f"bv_{name}", BaseVoltage__nominalVoltage=kv, IdentifiedObject__name=name)
        level = {"VoltageLevel__BaseVoltage": f"#bv_{name}", "VoltageLevel__Substation": "#station"}
        eq.add("VoltageLevel", f"vl_{name}", IdentifiedObject__name=name, **level)
    for node, level in {"n1": "high", "n2": "low", "n3": "low", "n4": "low"}.items():
        where = {
            "TopologicalNode__BaseVoltage": f"#bv_{level}",
            "TopologicalNode__ConnectivityNodeContainer": f"#vl_{level}",
        }
        tp.add("TopologicalNode", node, IdentifiedObject__name=node, **where)
        sv.add(
            "SvVoltage",
            f"sv_{node}",
            SvVoltage__v=LIMITS[level],
            SvVoltage__angle=0,
            SvVoltage__TopologicalNode=f"#{node}",
        )

    def terminal(equipment: str, node: str, number: int = 1) -> str:
        key = f"{equipment}_t{number}"
        eq.add(
            "Terminal",
            key,
            Terminal__ConductingEquipment=f"#{equipment}",
            ACDCTerminal__sequenceNumber=number,
            IdentifiedObject__name=key,
        )
        ssh.add("Terminal", key, about=True, ACDCTerminal__connected=True)
        tp.add("Terminal", key, about=True, Terminal__TopologicalNode=f"#{node}")
        return f"#{key}"

    where = {"Equipment__EquipmentContainer": "#vl_low", "Equipment__aggregate": False}
    feed = terminal("feed", "n1")
    eq.add(
        "ExternalNetworkInjection",
        "feed",
        IdentifiedObject__name="feed",
        Equipment__EquipmentContainer="#vl_high",
        RegulatingCondEq__RegulatingControl="#hold",
        ExternalNetworkInjection__governorSCD=0,
        ExternalNetworkInjection__maxP=100,
        ExternalNetworkInjection__minP=-100,
        ExternalNetworkInjection__maxQ=100,
        ExternalNetworkInjection__minQ=-100,
    )
    mode = "http://iec.ch/TC57/2013/CIM-schema-cim16#RegulatingControlModeKind.voltage"
    eq.add(
        "RegulatingControl",
        "hold",
        IdentifiedObject__name="hold",
        RegulatingControl__mode=mode,
        RegulatingControl__Terminal=feed,
    )
    unit = "http://iec.ch/TC57/2013/CIM-schema-cim16#UnitMultiplier.k"
    ssh.add(
        "RegulatingControl",
        "hold",
        about=True,
        RegulatingControl__enabled=True,
        RegulatingControl__discrete=False,
        RegulatingControl__targetValue=112.2,
        RegulatingControl__targetValueUnitMultiplier=unit,
    )
    ssh.add(
        "ExternalNetworkInjection",
        "feed",
        about=True,
        ExternalNetworkInjection__p=0,
        ExternalNetworkInjection__q=0,
        ExternalNetworkInjection__referencePriority=1,
        RegulatingCondEq__controlEnabled=True,
    )
    eq.add(
        "PowerTransformer",
        "bank",
        IdentifiedObject__name="bank",
        Equipment__EquipmentContainer="#station",
        Equipment__aggregate=False,
    )
    for number, (node, kv, r, x) in enumerate((("n1", 110.0, 1.2, 30.0), ("n2", 20.0, 0.0, 0.0)), 1):
        end = terminal("bank", node, number)
        kind = "http://iec.ch/TC57/2013/CIM-schema-cim16#WindingConnection." + ("D" if number == 1 else "Yn")
        eq.add(
            "PowerTransformerEnd",
            f"end{number}",
            IdentifiedObject__name=f"end{number}",
            PowerTransformerEnd__PowerTransformer="#bank",
            PowerTransformerEnd__ratedS=40,
            PowerTransformerEnd__ratedU=kv,
            PowerTransformerEnd__r=r,
            PowerTransformerEnd__x=x,
            PowerTransformerEnd__b=0,
            PowerTransformerEnd__g=0,
            PowerTransformerEnd__connectionKind=kind,
            PowerTransformerEnd__phaseAngleClock=0,
            TransformerEnd__endNumber=number,
            TransformerEnd__Terminal=end,
            TransformerEnd__BaseVoltage="#bv_high" if number == 1 else "#bv_low",
        )
    eq.add(
        "RatioTapChanger",
        "tap",
        IdentifiedObject__name="tap",
        RatioTapChanger__TransformerEnd="#end1",
        RatioTapChanger__stepVoltageIncrement=1.5,
        TapChanger__neutralStep=0,
        TapChanger__lowStep=-9,
        TapChanger__highStep=9,
        TapChanger__neutralU=110,
        TapChanger__normalStep=0,
        TapChanger__ltcFlag=True,
    )
    ssh.add("RatioTapChanger", "tap", about=True, TapChanger__step=2, TapChanger__controlEnabled=False)
    eq.add(
        "ACLineSegment",
        "wire",
        IdentifiedObject__name="wire",
        Conductor__length=5,
        ACLineSegment__r=1.1,
        ACLineSegment__x=1.6,
        ACLineSegment__bch=0.0003,
        ACLineSegment__gch=0,
        ConductingEquipment__BaseVoltage="#bv_low",
        Equipment__aggregate=False,
    )
    terminal("wire", "n2", 1)
    terminal("wire", "n3", 2)
    eq.add(
        "Breaker", "coupler", IdentifiedObject__name="coupler", Switch__normalOpen=False, Switch__retained=True, **where
    )
    ssh.add("Breaker", "coupler", about=True, Switch__open=False)
    terminal("coupler", "n3", 1)
    terminal("coupler", "n4", 2)
    for name, node, p in (("shop", "n3", 4.0), ("mill", "n4", 6.0)):
        eq.add("EnergyConsumer", name, IdentifiedObject__name=name, **where)
        ssh.add("EnergyConsumer", name, about=True, EnergyConsumer__p=p, EnergyConsumer__q=0.3 * p)
        terminal(name, node)
    paths = []
    for profile in (eq, ssh, tp, sv):
        paths.append(folder / f"model_{profile.name}.xml")
        paths[-1].write_text(profile.text + "</rdf:RDF>\n", encoding="utf-8")
    return paths
