"""Who may do what: every route and callback against every role, and what outsiders try."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient

from dash_app.pages import PAGES
from dash_app.runs import Runs
from dash_app.security.gate import CALLBACK_RULE, CSRF_HEADER
from dash_app.security.headers import content_policy
from dash_app.server import create_app
from dash_app.settings import Settings
from data.users import Role, UserStore
from tests.dash_app.addresses import example_address
from tests.dash_app.hostile import FORMULAS, PATHS, SCRIPTS
from tests.dash_app.served import PASSWORD, Served, client_of, csrf_headers, log_in

HTML = {"Accept": "text/html"}
FOREIGN_TAGS = {
    "img", "svg", "iframe", "object", "embed", "base", "math", "video", "audio", "details", "marquee", "isindex",
    "style", "template", "select", "textarea", "x",
}  # fmt: skip
OPEN = {"/assets/<path:filename>", "/health", "/login"}


def guard_of(served: Served) -> Any:
    return next(
        function.__self__.guard
        for function in served.app.server.before_request_funcs[None]
        if getattr(function, "__name__", "") == "check"
    )


@pytest.fixture(scope="module")
def clients(guarded: Served) -> dict[Role | None, FlaskClient]:
    return {role: client_of(guarded, role) for role in (None, *Role)}


def test_every_callback_that_the_server_runs_has_a_role(guarded: Served) -> None:
    known, callbacks = guarded.app.callback_map, guard_of(guarded).callbacks
    served = {name for name, entry in known.items() if "callback" in entry}
    assert len(served) > 5
    assert served == callbacks.keys()


def test_every_route_has_a_role_or_is_closed(guarded: Served) -> None:
    routes = guard_of(guarded).routes
    rules = {rule.rule for rule in guarded.app.server.url_map.iter_rules()}
    assert routes.keys() <= rules
    assert {rule for rule, role in routes.items() if role is None} == OPEN
    assert rules - routes.keys() == {"/_reload-hash", "/_favicon.ico"}


def test_closed_routes_are_closed_to_admins(clients: dict[Role | None, FlaskClient]) -> None:
    for rule in ("/_reload-hash", "/_favicon.ico"):
        assert clients[Role.ADMIN].get(rule).status_code == 403


def address_of(rule: str) -> str:
    examples = {"<path:filename>": "frame.css", "<string:package_name>": "dash", "<path:fingerprinted_path>": "x.js"}
    address = rule.replace("<path:path>", "schedule")
    for name, value in examples.items():
        address = address.replace(name, value)
    for name in ("<page>", "<table>", "<kind>", "<run>", "<name>"):
        address = address.replace(name, "x")
    return address


@pytest.mark.parametrize("role", [None, *Role])
def test_routes_let_in_whom_they_should(
    guarded: Served, clients: dict[Role | None, FlaskClient], role: Role | None
) -> None:
    client, routes = clients[role], guard_of(guarded).routes
    headers = csrf_headers(client) if role else {}
    for rule in guarded.app.server.url_map.iter_rules():
        needed = routes.get(rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            if rule.rule in {"/logout", "/login", "/_reload-hash", "/_favicon.ico"}:
                continue
            status = client.open(address_of(rule.rule), method=method, headers=headers, json={}).status_code
            if needed is not None and role is None:
                assert status == 401, (rule.rule, method)
            elif needed is not None and role is not None and not role.covers(needed):
                assert status == 403, (rule.rule, method)
            elif rule.rule != CALLBACK_RULE:
                assert status not in {401, 403}, (rule.rule, method)


@pytest.mark.parametrize("role", [None, *Role])
def test_callbacks_let_in_whom_they_should(
    guarded: Served, clients: dict[Role | None, FlaskClient], role: Role | None
) -> None:
    """Those above the role are refused before any code of a page runs; the rest get through (to a bad request)."""
    client = clients[role]
    headers = csrf_headers(client) if role else {}
    for output, needed in guard_of(guarded).callbacks.items():
        if role is not None and role.covers(needed):
            continue
        answer = client.post(CALLBACK_RULE, json={"output": output, "inputs": []}, headers=headers)
        assert answer.status_code == (401 if role is None else 403), output
    for output in ("", "nobody.knows", None, ["x"], {}, 7):
        answer = client.post(CALLBACK_RULE, json={"output": output}, headers=headers)
        assert answer.status_code == (401 if role is None else 403)
    for body in (b"", b"[]", b"{", b"null"):
        answer = client.post(CALLBACK_RULE, data=body, headers=headers, content_type="application/json")
        assert answer.status_code == (401 if role is None else 403)


def test_some_callbacks_need_more_than_looking(guarded: Served) -> None:
    guard = guard_of(guarded)
    above = {name for name, role in guard.callbacks.items() if role is not Role.VIEWER}
    assert above
    assert set(guard.changes) <= above, "what changes something is not for viewers"


def test_requests_of_other_sites_are_refused(clients: dict[Role | None, FlaskClient]) -> None:
    client = clients[Role.ADMIN]
    good = csrf_headers(client)
    call = {"output": "no.such", "inputs": []}
    refused = [
        {},
        {CSRF_HEADER: ""},
        {CSRF_HEADER: "0" * 64},
        {**good, "Origin": "https://evil.example"},
        {**good, "Origin": "null"},
        {**good, "Sec-Fetch-Site": "cross-site"},
        {**good, "Sec-Fetch-Site": "same-site"},
    ]
    for headers in refused:
        assert client.post(CALLBACK_RULE, json=call, headers=headers).status_code == 400, headers
        assert client.post("/upload/city", headers=headers).status_code == 400, headers
    ours = {**good, "Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post(CALLBACK_RULE, json=call, headers=ours).status_code == 403
    assert client.post("/logout", data={"token": "0" * 64}).status_code == 400


def test_the_token_of_one_session_is_no_good_in_another(guarded: Served) -> None:
    one, other = client_of(guarded, Role.VIEWER), client_of(guarded, Role.ADMIN)
    stolen = csrf_headers(one)
    assert other.post(CALLBACK_RULE, json={"output": "x"}, headers=stolen).status_code == 400


def test_log_in_rotates_the_session_and_log_out_ends_it(guarded: Served) -> None:
    client = guarded.app.server.test_client()
    client.set_cookie("twin", "chosen-by-an-attacker")
    assert log_in(client, "the-viewer", PASSWORD).status_code == 303
    cookie = client.get_cookie("twin")
    assert cookie is not None
    assert cookie.value != "chosen-by-an-attacker"
    assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Lax", "/")
    old = cookie.value
    token = csrf_headers(client)[CSRF_HEADER]
    assert client.post("/logout", data={"token": token}).status_code == 303
    again = guarded.app.server.test_client()
    again.set_cookie("twin", old)
    assert again.get("/schedule", headers=HTML).status_code == 303


def test_cookies_of_https(tmp_path: Any) -> None:
    app = create_app(Settings(runs=tmp_path, https=True))
    UserStore(tmp_path / "web").add("kim", Role.VIEWER, PASSWORD)
    client = app.server.test_client()
    base = {"base_url": "https://twin.example"}
    page = client.get("/login", **base).get_data(as_text=True)
    token = page.split('name="token" value="')[1].split('"')[0]
    answer = client.post("/login", data={"token": token, "name": "kim", "password": PASSWORD}, **base)
    session = next(text for text in answer.headers.getlist("Set-Cookie") if text.startswith("__Host-twin="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in session.split(";")}
    assert "Domain" not in session
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_wrong_log_ins_say_the_same_and_are_braked(guarded: Served) -> None:
    client = guarded.app.server.test_client()
    known, unknown = log_in(client, "the-engineer", "wrong"), log_in(client, "nobody-at-all", "wrong")
    assert known.status_code == unknown.status_code == 401
    strip = lambda answer: answer.get_data(as_text=True).split('role="alert"')[1].split("</p>")[0]  # noqa: E731
    assert strip(known) == strip(unknown)
    statuses = [log_in(client, "the-scheduler", f"guess {n}").status_code for n in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    assert log_in(client, "the-scheduler", PASSWORD).status_code == 429
    assert client.post("/login", data={"name": "the-viewer", "password": PASSWORD}).status_code == 400


@pytest.mark.parametrize(
    "wanted", ["//evil.example/x", "https://evil.example", "/\\evil.example", "\\/evil", "javascript:alert(1)", "/a\nb"]
)
def test_log_in_leads_to_no_other_site(guarded: Served, wanted: str) -> None:
    client = guarded.app.server.test_client()
    page = client.get("/login", query_string={"next": wanted}).get_data(as_text=True)
    token = page.split('name="token" value="')[1].split('"')[0]
    data = {"token": token, "name": "the-admin", "password": PASSWORD, "next": wanted}
    answer = client.post("/login", data=data, environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert (answer.status_code, answer.headers["Location"]) in {(303, "/"), (429, None)}


def test_a_shared_link_leads_through_log_in_and_back(guarded: Served) -> None:
    client = guarded.app.server.test_client()
    sent = client.get("/schedule?run=x&sort=cost", headers=HTML)
    assert sent.status_code == 303
    form = client.get(sent.headers["Location"]).get_data(as_text=True)
    assert 'name="next" value="/schedule?run=x&amp;sort=cost"' in form


def test_a_one_time_password_must_be_changed_first(tmp_path: Any) -> None:
    app = create_app(Settings(runs=tmp_path))
    users = UserStore(tmp_path / "web")
    once = users.first_admin()
    assert once is not None
    client = app.server.test_client()
    log_in(client, "admin", once)
    assert client.get("/schedule", headers=HTML).headers["Location"] == "/password"
    assert client.get("/_dash-layout").status_code == 401
    form = client.get("/password").get_data(as_text=True)
    token = form.split('name="token" value="')[1].split('"')[0]

    def change(password: str, again: str, token: str = token) -> int:
        return client.post("/password", data={"token": token, "password": password, "again": again}).status_code

    assert change("short", "short") == 400
    assert change(PASSWORD, PASSWORD + "x") == 400
    assert change(once, once) == 400
    assert change(PASSWORD, PASSWORD, token="0" * 64) == 400
    assert change(PASSWORD, PASSWORD) == 303
    assert client.get("/_dash-layout").status_code == 200
    assert users.verify("admin", once) is None


def test_a_disabled_user_is_out_at_once(guarded: Served) -> None:
    users = UserStore(guarded.settings.state_folder)
    users.add("short-lived", Role.VIEWER, PASSWORD)
    client = guarded.app.server.test_client()
    log_in(client, "short-lived", PASSWORD)
    assert client.get("/_dash-layout").status_code == 200
    users.disable("short-lived")
    assert client.get("/_dash-layout").status_code == 401


def test_headers_of_every_answer(clients: dict[Role | None, FlaskClient]) -> None:
    for address in ("/login", "/schedule", "/_dash-layout", "/assets/frame.css", "/health", "/no/such/page"):
        headers = clients[Role.VIEWER].get(address, headers=HTML).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert "unsafe" not in policy["script-src"]
        assert policy["default-src"] == policy["frame-ancestors"] == policy["object-src"] == "'none'"
        assert policy["connect-src"] == "'self'"
        assert "http" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    assert clients[Role.VIEWER].get("/schedule").headers["Cache-Control"] == "no-store"
    assert "'sha256-abc'" in content_policy(["'sha256-abc'"])


def test_the_only_inline_script_is_the_one_of_the_policy(guarded: Served) -> None:
    page = client_of(guarded, Role.VIEWER).get("/schedule", headers=HTML).get_data(as_text=True)
    inline = [part for part in page.split("<script")[1:] if " src=" not in part.split(">")[0]]
    kinds = sorted(part.split('type="')[1].split('"')[0] for part in inline)
    assert kinds == ["application/javascript", "application/json"]
    assert "onclick=" not in page


def test_a_demo_answers_to_names_of_this_machine_alone(demo: Served) -> None:
    client = demo.app.server.test_client()
    for host, status in {
        "127.0.0.1:8050": 200,
        "localhost": 200,
        "[::1]:80": 200,
        "evil.example": 421,
        "": 421,
    }.items():
        assert client.get("/_dash-layout", headers={"Host": host}).status_code == status, host
    with pytest.raises(ValueError, match="this machine only"):
        Settings(runs=demo.settings.runs, host="0.0.0.0", demo=True)


def test_a_demo_says_so_and_gives_no_admin(demo: Served) -> None:
    client = demo.app.server.test_client()
    layout = client.get("/_dash-layout").get_data(as_text=True)
    assert '"className":"demo"' in layout
    assert "/logout" not in layout


def test_nothing_is_shown_of_what_broke(guarded: Served) -> None:
    client = client_of(guarded, Role.VIEWER)
    output = next(name for name, role in guard_of(guarded).callbacks.items() if role is Role.VIEWER)
    answer = client.post(CALLBACK_RULE, json={"output": output, "inputs": "?"}, headers=csrf_headers(client))
    assert answer.status_code == 500
    text = answer.get_data(as_text=True)
    assert "Traceback" not in text
    assert ".py" not in text
    assert answer.headers["X-Twin-Message"]


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_no_path_leads_out(guarded: Served, clients: dict[Role | None, FlaskClient], path: str) -> None:
    client = clients[Role.ADMIN]
    run = Runs(guarded.settings.runs).latest()
    assert run is not None
    addresses = [
        f"/assets/{path}", f"/schedule/depot/{path}", f"/export/{path}/x.csv", f"/export/schedule/{path}.csv",
        f"/resource/{path}/grid/x.json", f"/resource/{run.run_id}/grid/{path}.json",
        f"/resource/{run.run_id}/{path}/x.json", f"/_dash-component-suites/dash/{path}", f"/{path.lstrip('/')}",
    ]  # fmt: skip
    for address in addresses:
        answer = client.get(address)
        text = answer.get_data(as_text=True)
        assert answer.status_code in {200, 303, 308, 400, 404}, address
        assert "root:x:" not in text, address
        assert "[project]" not in text, address
        assert "SQLite format" not in text, address
        if answer.status_code == 200:  # a name that a page could have: the frame, which then says "not found"
            assert "_dash-config" in text, address


@pytest.mark.parametrize("text", SCRIPTS, ids=range(len(SCRIPTS)))
def test_scripts_in_addresses_stay_text(guarded: Served, clients: dict[Role | None, FlaskClient], text: str) -> None:
    client = clients[Role.VIEWER]
    nobody = guarded.app.server.test_client()
    pages = [
        client.get(f"/{text}", headers=HTML),
        client.get("/schedule", query_string={"run": text, "sort": text}, headers=HTML),
        client.get(f"/schedule/depot/{text}", headers=HTML),
        nobody.get("/login", query_string={"next": f"/{text}"}),
        nobody.post("/login", data={"name": text, "password": text, "token": text}),
    ]
    for page in pages:
        assert live_parts(page.get_data(as_text=True)) == []


class _Live(HTMLParser):
    """Collects what a browser would run or load of a page, besides its own two scripts and its style sheets."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        own = all(value.startswith("/") and not value.startswith("//") for value in _addresses(told))
        kind = told.get("type", "")
        if tag in FOREIGN_TAGS or any(name.startswith("on") for name in told) or not own:
            self.found.append(self.get_starttag_text() or tag)
        if tag == "script" and "src" not in told and kind not in {"application/json", "application/javascript"}:
            self.found.append(self.get_starttag_text() or tag)


def _addresses(told: dict[str, str]) -> list[str]:
    return [value for name, value in told.items() if name in {"href", "src", "action", "srcset", "data"}]


def live_parts(text: str) -> list[str]:
    parser = _Live()
    parser.feed(text)
    return parser.found


def test_enough_is_tried() -> None:
    assert len(set(SCRIPTS)) >= 60
    assert len(set(PATHS)) >= 200
    assert len(set(FORMULAS)) >= 40


def test_foreign_runs_and_names_give_nothing(clients: dict[Role | None, FlaskClient], guarded: Served) -> None:
    client = clients[Role.ADMIN]
    for address in (
        "/export/nopage/x.csv", "/export/schedule/nosuch.csv", "/export/schedule/districts.exe",
        "/resource/nosuch/grid/x.json", "/upload/nosuch",
    ):  # fmt: skip
        assert client.get(address).status_code in {404, 405}, address
    headers = csrf_headers(client)
    assert client.post("/upload/nosuch", headers=headers, data={}).status_code == 404


def test_exports_need_the_role_of_their_page(guarded: Served, clients: dict[Role | None, FlaskClient]) -> None:
    runs = Runs(guarded.settings.runs)
    for page in PAGES:
        for table in page.tables:
            address = f"/export/{page.name}/{table}.csv"
            query = {"at": example_address(page, runs)}
            assert clients[None].get(address, query_string=query).status_code == 401
            for role in Role:
                status = clients[role].get(address, query_string=query).status_code
                assert status in ({200, 404} if role.covers(page.role) else {403}), (address, role)


def test_too_much_is_refused_readably(guarded: Served) -> None:
    client = client_of(guarded, Role.ENGINEER)
    body = json.dumps({"output": "x" * (guarded.settings.upload_bytes + 1)})
    answer = client.post(CALLBACK_RULE, data=body, headers=csrf_headers(client), content_type="application/json")
    assert answer.status_code == 413
    assert "MB" in answer.get_json()["error"]
