# SPDX-License-Identifier: Apache-2.0
"""Methods, paths, headers: what HTTP itself asks for."""

import re

import pytest

from support import environment
from support.document import OPERATIONS, PATHS
from support.world import SAMPLES, nowhere


def problem(answer, status, code):
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.json()["status"] == status
    assert answer.json()["type"].endswith("/docs/errors/" + code)
    assert answer.header("x-request-id") == answer.json()["request_id"], answer


def test_every_operation_has_a_sample():
    assert {op.id for op in OPERATIONS} == set(SAMPLES)


@pytest.mark.parametrize("path", [
    "/v1", "/v1/", "/v1/nothing", "/v1/customers/", "/v1//customers", "/v1/customers/a/b",
    "/v2/customers", "/v1/orders/x/nothing", "/V1/customers", "/v1/%63ustomers/",
    "/v1/customers/../../x", "/health/nothing"])
def test_unknown_routes(account, path):
    answer = account.client.get(path)
    assert answer.status == 404 and answer.code in ("route_not_found", "not_found"), answer


@pytest.mark.parametrize("path", ["/nothing", "/admin", "/.git/config", "/docs/errors/nothing",
                                  "/.remit/problem", "/v1.json"])
def test_unknown_paths_of_the_front(anybody, path):
    problem(anybody.get(path), 404, "route_not_found")


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_405_with_allow(account, path):
    documented = set(PATHS[path])
    target = nowhere(PATHS[path][min(documented)])
    possible = documented | ({"HEAD"} if "GET" in documented else set()) | {"OPTIONS"}
    for method in ("GET", "POST", "PATCH", "DELETE", "PUT", "BREW"):
        if method in documented:
            continue
        answer = account.client.request(method, target, {} if method != "GET" else None)
        problem(answer, 405, "method_not_allowed")
        allow = {word.strip() for word in answer.header("allow").split(",")}
        assert allow == possible, answer


def test_trace_and_connect_are_refused(anybody):
    for method in ("TRACE", "CONNECT"):
        answer = anybody.request(method, "/v1/customers")
        assert answer.status in (400, 405), answer
        anybody.close()


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.method == "GET"], ids=str)
def test_head_is_get_without_body(account, sessions, op):
    client = sessions["owner"] if op.id == "sessions.list" else account.client
    path, _ = SAMPLES[op.id](account)
    get, head = client.get(path), client.request("HEAD", path)
    assert get.status == head.status == 200, (get, head)
    assert head.body == b""
    ignored = ("date", "x-request-id", "content-length", "connection")
    for name, value in get.headers:
        if name not in ignored:
            assert head.header(name) == value, (name, get, head)
    if get.header("content-length") and op.id != "metrics.get":
        assert head.header("content-length") in (None, get.header("content-length"))


@pytest.mark.parametrize("path", PATHS)
def test_options_answers_no_origin_by_default(anybody, path):
    answer = anybody.request("OPTIONS", nowhere(min(PATHS[path].values(), key=str)), headers=[
        ("Origin", "https://example.com"), ("Access-Control-Request-Method", "POST")])
    assert answer.status == 204 and answer.body == b"", answer
    assert not [name for name, _ in answer.headers if name.startswith("access-control-")]


def test_request_id_is_echoed_when_harmless(account):
    for given in ("abcdefgh", "A.b_c-9" * 9):
        assert account.client.get("/v1/me", X_Request_Id=given).header("x-request-id") == given
    for given in ("short", "x" * 65, "with space in", 'quote"quote"', "a;b,c:defg", "é" * 10):
        made = account.client.get("/v1/me", X_Request_Id=given).header("x-request-id")
        assert made != given and re.fullmatch(r"[A-Za-z0-9._-]{8,64}", made)


def test_account_data_is_not_cached_by_others(account):
    for path in ("/v1/me", "/v1/customers", f"/v1/customers/{account.customer()['id']}"):
        answer = account.client.get(path)
        assert answer.header("cache-control") == "private, no-cache", answer
        assert answer.header("x-content-type-options") == "nosniff"
    answer = account.client.get("/openapi.json")
    assert "public" in answer.header("cache-control"), answer


def test_sizes_of_the_head(account):
    client = account.client
    problem(client.get("/v1/customers?filter[email]=" + "x" * 4096), 414, "uri_too_long")
    problem(client.get("/v1/customers?filter[email]=" + "x" * 9000), 414, "uri_too_long")
    client.close()
    problem(client.get("/v1/me", X_Long="x" * 9000), 431, "headers_too_large")
    client.close()
    many = [(f"X-Header-{i}", "x" * 4000) for i in range(12)]
    problem(client.request("GET", "/v1/me", headers=many), 431, "headers_too_large")
    client.close()
    assert client.get("/v1/me", X_Long="x" * 7000).status == 200


def test_authorization_twice_is_not_a_choice(account, other):
    token = "Bearer " + other.client.token
    answer = account.client.request("GET", "/v1/me", headers=[
        ("Authorization", "Bearer " + account.client.token), ("Authorization", token)])
    assert answer.status in (400, 401), answer
    assert answer.code in ("malformed_request", "unauthenticated")
    account.client.close()


def test_not_http(account):
    for wire in (b"GET /v1/me\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n",
                 b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
                 b"GET /v1/me HTTP/1.1\r\n\r\n", b"GET /v1/%zz HTTP/1.1\r\nHost: a\r\n\r\n",
                 b"POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                 b"POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                 b"Content-Length: 2\r\n\r\n{}",
                 b"POST /v1/customers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"):
        client = type(account.client)(None)
        connection = client.connection()
        connection.send(wire)
        try:
            status, _, body, _ = connection.answer("GET")
        except (ConnectionError, ValueError, IndexError):
            continue  # HTTP/0.9 and the like: closed, or an answer without a head
        finally:
            client.close()
        assert 400 <= status < 500 and b'"code"' in body, (wire, status, body)
    assert account.client.get("/v1/me").status == 200


def test_chunked_bodies(account):
    body = b'{"name":"Chunked","currency":"EUR"}'
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (body[:7], body[7:])) + b"0\r\n\r\n"
    head = (f"POST /v1/customers HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
            f"{account.client.token}\r\nContent-Type: application/json\r\n"
            f"Transfer-Encoding: chunked\r\n\r\n").encode()
    answer = account.client.exchange("POST", "/v1/customers", body, head + chunks)
    assert answer.status == 201 and answer.json()["name"] == "Chunked", answer


def test_health_and_metrics(anybody):
    assert anybody.get("/health/live").json() == {"status": "live"}
    health = anybody.get("/health").json()
    assert health == {"status": "up", "components":
                      {"primary": "up", "replica": "up", "cache": "up"}}, health
    metrics = anybody.get("/metrics")
    assert metrics.header("content-type").startswith("text/plain")
    seen = set()
    for line in metrics.body.decode().split("\n"):
        assert line == "" or line.startswith("#") or re.fullmatch(
            r'[a-z_:][a-z0-9_:]*(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+0-9.e]+(Inf|NaN)?',
            line), line
        sample = line.rpartition(" ")[0]
        assert sample not in seen or line.startswith("#") or not line, line
        seen.add(sample)
    assert "remit_http_requests_total" in metrics.body.decode()


def test_the_document_names_this_stack(anybody):
    assert anybody.get("/openapi.json").json()["servers"] == [{"url": environment.URL}]
