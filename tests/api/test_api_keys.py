# SPDX-License-Identifier: Apache-2.0
"""API keys: shown once, expiry, revocation, rotation, scopes."""

import datetime
import time

import pytest

from support import environment
from support.http import Client
from support.world import unique


def soon(seconds):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make(account, **members):
    return account.client.ok("POST", "/v1/api_keys", {
        "name": unique("Key"), "scopes": "orders:read", **members})


def works(token):
    answer = Client(token).get("/v1/me")
    assert answer.status in (200, 401), answer
    return answer.status == 200


def test_a_key_is_shown_once(account):
    key = make(account)
    assert key["token"].startswith("rk_") and works(key["token"])
    answer = account.client.get("/v1/api_keys/" + key["id"])
    assert answer.status == 200 and "token" not in answer.json()
    secret = key["token"][56:]
    assert secret not in answer.body.decode()
    assert secret not in account.client.get("/v1/api_keys?limit=100").body.decode()
    me = Client(key["token"]).ok("GET", "/v1/me")
    assert (me["id"], me["kind"], me["user_id"]) == (key["id"], "api_key", None)
    assert me["scopes"] == key["scopes"] == ["orders:read"]


def test_a_key_expires(account):
    key = make(account, expires_at=soon(2))
    assert works(key["token"])
    time.sleep(2.1)
    assert not works(key["token"])
    late = account.client.post(f"/v1/api_keys/{key['id']}/rotate", {})
    assert late.status == 409 and late.code == "state_conflict", late
    for past in (soon(-1), soon(-86400), "1970-01-01T00:00:00.000Z"):
        answer = account.client.post("/v1/api_keys", {
            "name": "late", "scopes": "orders:read", "expires_at": past})
        assert answer.status == 422 and "/expires_at" in {p for p, _ in answer.faults()}, answer


def test_revocation_stops_a_key_at_once(account):
    for _ in range(environment.times(40)):
        key = make(account)
        client = Client(key["token"])
        assert client.get("/v1/me").status == 200
        assert account.client.delete("/v1/api_keys/" + key["id"]).status == 204
        assert client.get("/v1/me").status == 401
        client.close()
    assert account.client.delete("/v1/api_keys/" + key["id"]).status == 204, "again: the same"
    shown = account.client.ok("GET", "/v1/api_keys/" + key["id"])
    assert shown["revoked_at"] is not None


def test_remitctl_revokes_at_once(account):
    key = make(account)
    assert works(key["token"])
    environment.remitctl("key", "revoke", "--account", account.id, key["id"])
    assert not works(key["token"])


def test_rotation_overlaps(account):
    old = make(account)
    new = account.client.ok("POST", f"/v1/api_keys/{old['id']}/rotate", {"overlap_s": 2})
    assert new["id"] != old["id"] and new["scopes"] == old["scopes"]
    assert works(old["token"]) and works(new["token"])
    time.sleep(2.1)
    assert not works(old["token"]) and works(new["token"])


def test_rotation_without_overlap(account):
    old = make(account)
    assert works(old["token"])
    new = account.client.ok("POST", f"/v1/api_keys/{old['id']}/rotate", {})
    assert not works(old["token"]) and works(new["token"])
    again = account.client.post(f"/v1/api_keys/{old['id']}/rotate", {})
    assert again.status == 409, again


def test_nobody_grants_more_than_he_has(account):
    small = Client(make(account, scopes="api_keys:read api_keys:write orders:read")["token"])
    for body in ({"scopes": "orders:write"}, {"role": "viewer"}, {"role": "owner"},
                 {"scopes": "orders:read customers:read"}, {"scopes": "users:write"}):
        answer = small.post("/v1/api_keys", {"name": "bigger", **body})
        assert answer.status == 403 and answer.code == "forbidden", answer
    same = small.ok("POST", "/v1/api_keys", {"name": "equal", "scopes": "orders:read"})
    assert same["scopes"] == ["orders:read"]
    bigger = make(account, scopes="orders:write")
    answer = small.post(f"/v1/api_keys/{bigger['id']}/rotate", {})
    assert answer.status == 403, "rotating would hand over what it may do"
    assert works(bigger["token"]), "and the old key stays as it was"


def test_a_small_key_does_not_end_a_bigger_one(account):
    small = Client(make(account, scopes="api_keys:write")["token"])
    bigger = make(account, scopes=None, role="owner")
    answer = small.delete("/v1/api_keys/" + bigger["id"])
    assert answer.status in (204, 403), answer
    assert works(bigger["token"]) == (answer.status == 403)


@pytest.mark.parametrize("members", [
    {"scopes": ""}, {"scopes": "orders:reads"}, {"scopes": "orders:read,orders:write"},
    {"scopes": "orders:read  orders:write"}, {"scopes": " orders:read"}, {"scopes": "public"},
    {"scopes": "self"}, {"scopes": "orders:read", "role": "viewer"}, {}, {"scopes": None},
    {"role": "operator"}, {"scopes": "*"}])
def test_scopes_that_are_refused(account, members):
    answer = account.client.post("/v1/api_keys", {"name": "n", **members})
    assert answer.status == 422 and answer.code == "validation_failed", answer


def test_scopes_of_roles(account, sessions):
    for role, session in sessions.items():
        key = make(account, scopes=None, role=role)
        assert key["scopes"] == session.ok("GET", "/v1/me")["scopes"], role


def changed(token):
    """Tokens that differ from a good one a little."""
    kind, public, secret = token[:3], token[3:55], token[56:]

    def flip(text, i):
        return text[:i] + ("b" if text[i] != "b" else "c") + text[i + 1:]

    yield from (kind + flip(public, i) + "_" + secret for i in (0, 5, 25, 26, 40, 51))
    yield from (kind + public + "_" + flip(secret, i) for i in (0, 20, 41))
    other = "rs_" if kind == "rk_" else "rk_"
    yield from (other + public + "_" + secret, kind + public + "_" + secret + "A",
                kind + public + "_" + secret[:-1], kind + public.upper() + "_" + secret,
                kind + public + "_", kind + "_" + secret, kind + public + secret, kind, "",
                token[1:], token + " x",
                token + "=", kind + public + "_" + secret[::-1], "x" * 3000)


def test_tokens_that_differ_a_little(account, other):
    key = make(account)["token"]
    foreign = other.client.token
    assert works(key)
    for token in [*changed(key), key[:29] + foreign[29:], foreign[:29] + key[29:]]:
        if token == key:
            continue
        answer = Client(token).get("/v1/me")
        assert answer.status == 401 and answer.code == "unauthenticated", (token, answer)
    assert works(key)


def test_other_schemes(account):
    key = make(account)["token"]
    client = Client()
    for value in ("Basic " + key, key, "Bearer", "Bearer ", "bearer\t" + key, "Token " + key,
                  "Bearer,Bearer " + key):
        assert client.get("/v1/me", Authorization=value).status == 401, value
    for value in ("bearer " + key, "BEARER " + key):
        assert client.get("/v1/me", Authorization=value).status == 200, value
    assert client.get("/v1/me?access_token=" + key).status == 401
