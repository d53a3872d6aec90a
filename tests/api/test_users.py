# SPDX-License-Identifier: Apache-2.0
"""Users of an account and their roles."""

import pytest

from support import world
from support.http import parallel
from support.world import ROLES, unique


def body(**members):
    return {"email": unique("user") + "@example.com", "name": "A User", "role": "viewer", **members}


def test_add_get_change_remove(account):
    made = account.client.post("/v1/users", body())
    assert made.status == 201, made
    user = made.json()
    path = "/v1/users/" + user["id"]
    assert made.header("location").endswith(path)
    assert account.client.ok("GET", path) == user
    changed = account.client.ok("PATCH", path, {"role": "sales"})
    assert changed["role"] == "sales" and changed["version"] == user["version"] + 1
    assert account.client.delete(path).status == 204
    assert account.client.get(path).status == 404
    assert account.client.delete(path).status == 404


def test_a_member_is_added_once(account):
    _, email = account.add_user("viewer")
    for again in (email, email.upper()):
        answer = account.client.post("/v1/users", body(email=again))
        assert answer.status == 409 and answer.code == "already_exists", answer


def test_the_same_user_added_by_many(account):
    same = body()
    answers = parallel(8, lambda i: account.client.post("/v1/users", same))
    assert sorted(a.status for a in answers) == [201] + [409] * 7, answers


def test_nobody_takes_in_a_user_by_his_address(account, other):
    """Else whoever made the user first, with a password of his own, would get in with him."""
    user, email = account.add_user("viewer")
    answer = other.client.post("/v1/users", body(
        email=email, name="Mallory", password="mallory's password", role="owner"))
    assert answer.status == 409 and answer.json()["code"] == "already_exists", answer
    assert account.client.ok("GET", "/v1/users/" + user)["role"] == "viewer"
    assert account.session_of(email).get("/v1/me").status == 200
    assert user not in [u["id"] for u in other.client.ok("GET", "/v1/users?limit=100")["data"]]


@pytest.mark.parametrize("role", ["admin", "accountant", "sales", "viewer"])
def test_nobody_makes_somebody_who_may_more(account, sessions, role):
    client = sessions[role]
    answer = client.post("/v1/users", body(role="owner"))
    assert answer.status == 403, answer
    target, _ = account.add_user("viewer")
    assert client.patch("/v1/users/" + target, {"role": "owner"}).status == 403
    me = client.session["user_id"]
    assert client.patch("/v1/users/" + me, {"role": "owner"}).status == 403
    owner, _ = account.add_user("owner")
    assert client.patch("/v1/users/" + owner, {"role": "viewer"}).status == 403
    assert client.delete("/v1/users/" + owner).status == 403
    assert account.client.ok("GET", "/v1/users/" + owner)["role"] == "owner"


def test_an_admin_makes_what_is_below_him(account, sessions):
    for role in ("admin", "accountant", "sales", "viewer"):
        answer = sessions["admin"].post("/v1/users", body(role=role))
        assert answer.status == 201, (role, answer)


def test_a_role_holds_at_once(account):
    user, email = account.add_user("viewer")
    client = account.session_of(email)
    for role in ("owner", "viewer", "sales", "accountant") * 3:
        account.client.ok("PATCH", "/v1/users/" + user, {"role": role})
        me = client.ok("GET", "/v1/me")
        assert me["role"] == role
        status = client.post("/v1/products", {}).status
        assert status == (422 if role in ("owner", "sales") else 403), (role, status)


def test_the_last_owner_stays():
    place = world.Account()
    first, _ = place.add_user("owner")
    for answer in (place.client.delete("/v1/users/" + first),
                   place.client.patch("/v1/users/" + first, {"role": "admin"})):
        assert answer.status == 409 and answer.code == "state_conflict", answer
    second, _ = place.add_user("owner")
    answers = parallel(2, lambda i: place.client.delete("/v1/users/" + (first, second)[i]))
    assert sorted(a.status for a in answers) == [204, 409], answers
    owners = [u for u in place.client.pages("/v1/users") if u["role"] == "owner"]
    assert len(owners) == 1


def test_account_settings(account):
    before = account.client.ok("GET", "/v1/account")
    assert before["id"] == account.id
    after = account.client.ok("PATCH", "/v1/account", {"name": "Renamed ☃", "currency": "USD"})
    assert (after["name"], after["currency"]) == ("Renamed ☃", "USD")
    assert after["version"] == before["version"] + 1
    assert account.client.ok("GET", "/v1/account") == after
    account.client.ok("PATCH", "/v1/account", {"currency": "EUR"})


def test_who_i_am(account, sessions):
    for role in ROLES:
        me = sessions[role].ok("GET", "/v1/me")
        assert (me["account_id"], me["role"]) == (account.id, role)
