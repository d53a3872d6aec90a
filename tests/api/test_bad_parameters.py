# SPDX-License-Identifier: Apache-2.0
"""Paths, queries and headers that are not what the document asks for."""

import base64

import pytest

from support import database
from support.document import OPERATIONS
from support.world import PREFIXES, customer_body, nowhere

GETS = [op for op in OPERATIONS if op.method == "GET" and op.permission != "public"]
LISTS = [op for op in GETS if op.is_list]
WITH_ID = [op for op in OPERATIONS if "{id}" in op.path]
WRITES = [op for op in OPERATIONS if op.method != "GET"]


@pytest.fixture
def client(account, sessions):
    def of(op):
        return sessions["owner"] if op.permission == "self" else account.client
    return of


def refused(answer, *codes):
    assert answer.status == 400 and answer.code in (codes or ("invalid_parameter",)), answer


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_limits(client, op):
    for limit in ("0", "101", "-1", "abc", "", "1.5", "1e1", "99999999999999999999", "%31%30x",
                  "+5", "0x10", "1%00", "%20", "１"):
        refused(client(op).get(f"{op.path}?limit={limit}"))
    for limit in ("1", "100", "%35"):
        assert client(op).get(f"{op.path}?limit={limit}").status == 200


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_sorts(client, op):
    for sort in ("", "-", "name", "created_at,id", "--created_at", "CREATED_AT", "created_at%00",
                 "created_at;DROP", "id", "+created_at"):
        refused(client(op).get(f"{op.path}?sort={sort}"))
    for sort in ("created_at", "-created_at"):
        assert client(op).get(f"{op.path}?sort={sort}").status == 200


@pytest.mark.parametrize("op", GETS, ids=str)
def test_unknown_parameters(client, op):
    for query in ("surprise=1", "surprise", "=1", "filter[surprise]=1", "filter=1", "filter[]=1",
                  "offset=1", "page=2", "Limit=1", "filter[created_at]=2024-01-01T00:00:00Z",
                  "filter[created_at][ne]=2024-01-01T00:00:00Z", "&".join(["a=1"] * 33), "%zz=1",
                  "a=%", "a=%f", "a=%ff", "%00=1", "a=%c0%80"):
        answer = client(op).get(f"{nowhere(op)}?{query}")
        refused(answer)


@pytest.mark.parametrize("op", WRITES, ids=str)
def test_parameters_of_writes(client, op):
    answer = client(op).request(op.method, nowhere(op) + "?surprise=1")
    refused(answer)


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_repeated_parameters(client, op):
    for query in ("limit=1&limit=1", "sort=created_at&sort=created_at", "cursor=a&cursor=b",
                  "filter[created_at][gte]=2024-01-01T00:00:00Z&"
                  "filter[created_at][gte]=2024-01-01T00:00:00Z",
                  "limit=1&%6cimit=1"):
        refused(client(op).get(f"{op.path}?{query}"))


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_filters_with_bad_values(client, op):
    for parameter in op.parameters:
        if parameter["in"] != "query" or not parameter["name"].startswith("filter["):
            continue
        kind = parameter["schema"].get("format") or parameter["schema"].get("pattern", "")
        values = ["", "%00", "%ff", "x" * 3000]
        if "time" in kind:
            values += ["yesterday", "2024-02-30T00:00:00Z", "1"]
        elif "_" in kind:
            values += ["x", "cus_", "zzz_01j00000000000000000000000", "1"]
        elif "enum" in parameter["schema"]:
            values += ["x", "OPEN", "0"]
        for value in values:
            refused(client(op).get(f"{op.path}?{parameter['name']}={value}"))


@pytest.mark.parametrize("op", WITH_ID, ids=str)
def test_bad_ids(client, op):
    before = database.state()
    prefix = PREFIXES[op.path.split("/")[2]]
    good = prefix + "_01j00000000000000000000000"
    for bad in ("x", prefix, prefix + "_", good[:-1], good + "0", good.upper(), "abc" + good[3:],
                prefix + "_" + "8" * 26, prefix + "_" + "z" * 26, good.replace("_", "-"),
                good[:-1] + "u", good[:-1] + "%00", good[:-1] + "%ff", "%27%20OR%201=1",
                good + "%20",
                "1", "-1", "null", "x" * 500, good[:-1] + "%C3%A9"):
        answer = client(op).request(op.method, op.path.replace("{id}", bad))
        assert answer.status in (400, 404, 405), (bad, answer)
        assert answer.code in ("not_found", "malformed_request", "invalid_parameter",
                               "route_not_found", "method_not_allowed"), (bad, answer)
    assert database.state() == before


@pytest.fixture(scope="module")
def many(account):
    """Enough rows for cursors of every list."""
    for _ in range(3):
        account.payment()
        account.credit_note()
        account.order()
        account.product()
        account.add_user("viewer")
        account.client.ok("POST", "/v1/api_keys", {"name": "n", "scopes": "orders:read"})


def cursor_of(client, path):
    cursor = client.ok("GET", path)["next_cursor"]
    assert cursor is not None, path
    return cursor


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_cursors(account, many, client, op):
    who = client(op)
    if op.id == "sessions.list":
        email = account.add_user("viewer")[1]
        who = [account.session_of(email) for _ in range(3)][0]
    good = cursor_of(who, op.path + "?limit=1")
    assert who.get(f"{op.path}?limit=1&cursor={good}").status == 200
    assert who.get(f"{op.path}?limit=2&cursor={good}").status == 200, "the limit may change"
    raw = base64.urlsafe_b64decode(good + "=" * (-len(good) % 4))
    bad = ["", "x", "AAAA", good[:-4], good + "AAAA", good[::-1], good.swapcase(), good + "=",
           "%00", "%ff", "x" * 3000, "null"]
    for i in range(len(raw)):
        mutated = raw[:i] + bytes([raw[i] ^ 1]) + raw[i + 1:]
        bad.append(base64.urlsafe_b64encode(mutated).decode().rstrip("="))
    for cursor in bad:
        answer = who.get(f"{op.path}?limit=1&cursor={cursor}")
        refused(answer, "invalid_cursor", "invalid_parameter")
    for query in ("&sort=created_at", "&filter[created_at][gte]=2020-01-01T00:00:00Z"):
        refused(who.get(f"{op.path}?limit=1&cursor={good}{query}"), "invalid_cursor")
    for other in LISTS:
        if other.id not in (op.id, "sessions.list") and op.id != "sessions.list":
            refused(who.get(f"{other.path}?limit=1&cursor={good}"), "invalid_cursor")


def test_a_cursor_of_a_filter(account, many):
    customer = account.customer()["id"]
    for _ in range(2):
        account.order(customer_id=customer)
    path = f"/v1/orders?limit=1&filter[customer_id]={customer}"
    good = cursor_of(account.client, path)
    assert account.client.get(f"{path}&cursor={good}").status == 200
    for other in ("/v1/orders?limit=1",
                  f"/v1/orders?limit=1&filter[customer_id]={account.customer()['id']}",
                  "/v1/orders?limit=1&filter[status]=placed", path + "&sort=created_at"):
        refused(account.client.get(f"{other}&cursor={good}"), "invalid_cursor")


def test_idempotency_keys_of_a_bad_form(account):
    before = database.state()
    for key in ("x" * 256, "with space", "tab\tin", "é", "x" * 2000, "\x7f"):
        answer = account.client.post("/v1/customers", customer_body(), Idempotency_Key=key)
        refused(answer, "invalid_parameter", "malformed_request")
    twice = account.client.request("POST", "/v1/customers", customer_body(), headers=[
        ("Idempotency-Key", "a-first-key"), ("Idempotency-Key", "a-second-key")])
    refused(twice, "invalid_parameter", "malformed_request")
    assert database.state() == before


def test_if_match_of_a_bad_form(account):
    path = "/v1/customers/" + account.customer()["id"]
    for value in ("x", '"', '"1', "1-00000000", '"a" "b"', "W/", ",", "* *", '"a",x'):
        refused(account.client.patch(path, {"phone": "1"}, If_Match=value))
    refused(account.client.post("/v1/customers", customer_body(), If_Match='"1-00000000"'))


def test_consistency_tokens_of_a_bad_form(account):
    good = account.client.post("/v1/customers", customer_body()).header("remit-consistency")
    assert account.client.get("/v1/customers", Remit_Consistency=good).status == 200
    for token in ("x", "v1.", "v1.AAAA", good[:-1], good + "A", good[3:], "v2." + good[3:],
                  good[:20] + ("A" if good[20] != "A" else "B") + good[21:], "v1." + "A" * 500):
        refused(account.client.get("/v1/customers", Remit_Consistency=token))
