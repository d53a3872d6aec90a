# SPDX-License-Identifier: Apache-2.0
"""Every route of the document with every role, every scope, and nobody."""

import pytest

from support import database
from support.document import OPERATIONS
from support.http import Client
from support.world import ROLES, nowhere

# What app/auth/README.md says, written out once more.
READ_ALL = {"customers:read", "products:read", "orders:read", "invoices:read", "account:read"}
SELLING = {"customers:write", "products:write", "orders:write"}
BOOKS = {"payments:read", "ledger:read", "events:read"}
BILLING = {"invoices:write", "payments:write"}
STAFF = {"users:read", "users:write", "api_keys:read", "api_keys:write"}
SCOPES = {
    "owner": READ_ALL | SELLING | BOOKS | BILLING | STAFF | {"account:write"},
    "admin": READ_ALL | SELLING | BOOKS | BILLING | STAFF,
    "accountant": READ_ALL | BOOKS | BILLING,
    "sales": READ_ALL | SELLING,
    "viewer": READ_ALL | BOOKS,
}
PRIVATE = [op for op in OPERATIONS if op.permission != "public"]
# About the user himself, whom an API key has not.
USERS_ONLY = {"sessions.list", "me.change_password"}


def attempt(client, op, **named):
    """The operation on an object that does not exist, with a body that is never valid."""
    body = {"surprise": 1} if op.input is not None else None
    return client.request(op.method, nowhere(op), body, **named)


@pytest.fixture(scope="module")
def keys(account):
    return {role: Client(account.key_of(role)) for role in ROLES}


@pytest.fixture(scope="module")
def scoped(account):
    """{scope: a key that has only this one}"""
    return {scope: Client(account.client.ok("POST", "/v1/api_keys", {
        "name": scope, "scopes": scope})["token"]) for scope in sorted(SCOPES["owner"])}


def test_the_scopes_of_roles(keys):
    for role, client in keys.items():
        assert set(client.ok("GET", "/v1/me")["scopes"]) == SCOPES[role], role


def test_every_permission_is_known():
    assert {op.permission for op in PRIVATE} <= SCOPES["owner"] | {"self"}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("op", PRIVATE, ids=str)
def test_roles(keys, sessions, op, role):
    for kind, client in (("key", keys[role]), ("session", sessions[role])):
        answer = attempt(client, op)
        allowed = op.permission in SCOPES[role] | {"self"}
        if op.id in USERS_ONLY and kind == "key":
            assert answer.status in (403, 422), answer
        elif allowed:
            assert answer.status not in (401, 403) and answer.status < 500, answer
        else:
            assert answer.status == 403 and answer.code == "forbidden", answer
            assert op.permission in answer.json()["detail"], answer


@pytest.mark.parametrize("op", PRIVATE, ids=str)
def test_scopes(scoped, op):
    for scope, client in scoped.items():
        answer = attempt(client, op)
        if op.permission == "self":
            assert answer.status != 401, answer
        else:
            assert (answer.status == 403) == (scope != op.permission), (scope, answer)


@pytest.mark.parametrize("op", PRIVATE, ids=str)
def test_without_credentials(anybody, op):
    before = database.state()
    for answer in (attempt(anybody, op), attempt(anybody, op, Authorization="Bearer nonsense"),
                   attempt(anybody, op, Authorization="Bearer rk_" + "0" * 52 + "_" + "A" * 43)):
        assert answer.status == 401 and answer.code == "unauthenticated", answer
        assert answer.header("www-authenticate") == "Bearer", answer
    assert database.state() == before


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.permission == "public"], ids=str)
def test_public_routes_need_none(anybody, op):
    answer = attempt(anybody, op)
    assert answer.status not in (401, 403) and answer.status < 500, answer
    assert attempt(Client("nonsense"), op).status == answer.status
