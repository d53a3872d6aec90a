# SPDX-License-Identifier: Apache-2.0
"""Log-in, sessions, passwords."""

import time

import pytest

from support import database, world
from support.http import Client, parallel
from support.world import PASSWORD, unique


def log_in(email, password=PASSWORD, **members):
    return Client().post("/v1/sessions", {"email": email, "password": password, **members})


def same_problem(a, b):
    def rest(answer):
        return {k: v for k, v in answer.json().items() if k not in ("request_id",)}

    return a.status == b.status and rest(a) == rest(b)


def test_log_in_and_out(account):
    user, email = account.add_user("sales")
    answer = log_in(email)
    assert answer.status == 201, answer
    session = answer.json()
    assert session["user_id"] == user and session["account_id"] == account.id
    assert session["role"] == "sales" and session["current"] is True
    client = Client(session["token"])
    me = client.ok("GET", "/v1/me")
    assert (me["id"], me["kind"], me["email"], me["role"]) == (session["id"], "session", email,
                                                               "sales")
    assert client.delete("/v1/sessions/" + session["id"]).status == 204
    assert client.get("/v1/me").status == 401
    assert client.delete("/v1/sessions/" + session["id"]).status == 401


def test_email_is_matched_without_case(account):
    _, email = account.add_user("viewer")
    assert log_in(email.upper()).status == 201
    assert log_in(" " + email).status == 422


def test_wrong_password_and_unknown_user_are_told_alike(account):
    _, email = account.add_user("viewer")
    answers = [log_in(email, PASSWORD + "!"), log_in(unique("nobody") + "@example.com"),
               log_in(email, PASSWORD.upper()), log_in(email, "x"), log_in(email, "y" * 128),
               log_in(email, "wrong password", account_id=account.id)]
    for answer in answers:
        assert answer.status == 401 and same_problem(answer, answers[0]), answer
        assert answer.header("www-authenticate")
        assert email not in answer.body.decode()


def test_unknown_user_takes_as_long(account):
    """Not a proof: a factor of three would be seen."""
    _, email = account.add_user("viewer")

    def median(who):
        took = []
        for _ in range(7):
            start = time.perf_counter()
            assert log_in(who, "wrong password").status == 401
            took.append(time.perf_counter() - start)
        return sorted(took)[3]

    known, unknown = median(email), median(unique("nobody") + "@example.com")
    assert known / 3 < unknown < known * 3, (known, unknown)


def test_user_without_password_cannot_log_in(account):
    email = unique("silent") + "@example.com"
    account.client.ok("POST", "/v1/users", {"email": email, "name": "Silent", "role": "viewer"})
    for password in ("", "null", " ", "x" * 20):
        assert log_in(email, password).status in (401, 422)


def test_a_user_of_two_accounts_chooses(account, other):
    _, email = account.add_user("viewer")
    other.add_user("sales", email=email, password="some other password")
    password = "some other password"
    answer = log_in(email, password)
    assert answer.status == 422 and ("/account_id", "required") in answer.faults(), answer
    assert log_in(email).status == 401, "the operator's password is the one"
    for place, role in ((account, "viewer"), (other, "sales")):
        session = log_in(email, password, account_id=place.id).json()
        assert (session["account_id"], session["role"]) == (place.id, role)
        assert Client(session["token"]).ok("GET", "/v1/account")["id"] == place.id
    third = world.Account()
    assert log_in(email, password, account_id=third.id).status == 403
    # without the password nobody learns who belongs where
    assert same_problem(log_in(email, "wrong password", account_id=third.id),
                        log_in(email, "wrong password", account_id=account.id))


def test_a_session_is_of_one_account(account, other):
    _, email = account.add_user("owner")
    other.add_user("owner", email=email)
    client = account.session_of(email)
    assert client.get("/v1/customers/" + other.customer()["id"]).status == 404
    listed = client.ok("GET", "/v1/sessions")["data"]
    other.session_of(email)
    assert {s["account_id"] for s in listed} == {account.id}


def test_list_and_revoke_own_sessions(account):
    _, email = account.add_user("viewer")
    clients = [account.session_of(email) for _ in range(4)]
    rows = list(clients[0].pages("/v1/sessions", limit=1))
    assert {row["id"] for row in rows} == {c.session["id"] for c in clients}
    assert [row["id"] for row in rows if row["current"]] == [clients[0].session["id"]]
    assert all("token" not in row for row in rows)
    assert clients[0].delete("/v1/sessions/" + clients[1].session["id"]).status == 204
    assert clients[1].get("/v1/me").status == 401
    assert clients[2].get("/v1/me").status == 200


def test_sessions_of_others(account):
    mine = account.session_of(account.add_user("viewer")[1])
    admin = account.session_of(account.add_user("admin")[1])
    theirs = account.session_of(account.add_user("viewer")[1])
    assert mine.delete("/v1/sessions/" + theirs.session["id"]).status == 404
    assert theirs.get("/v1/me").status == 200
    assert admin.delete("/v1/sessions/" + theirs.session["id"]).status == 204
    assert theirs.get("/v1/me").status == 401


def test_change_of_password(account):
    _, email = account.add_user("sales")
    first, second = account.session_of(email), account.session_of(email)
    new = "another good password"
    body = {"current_password": PASSWORD, "new_password": new}
    wrong = first.post("/v1/me/password", {**body, "current_password": "wrong password"})
    assert wrong.status == 422 and ("/current_password", "wrong_password") in wrong.faults(), wrong
    same = first.post("/v1/me/password", {**body, "new_password": email.upper()})
    assert same.status == 422, same
    assert first.post("/v1/me/password", body).status == 204
    assert second.get("/v1/me").status == 401, "other sessions end"
    assert first.get("/v1/me").status == 200
    assert log_in(email).status == 401 and log_in(email, new).status == 201


def test_two_changes_of_password_at_once(account):
    _, email = account.add_user("sales")
    clients = [account.session_of(email) for _ in range(2)]
    words = ["password of the first", "password of the second"]
    answers = parallel(2, lambda i: clients[i].post("/v1/me/password", {
        "current_password": PASSWORD, "new_password": words[i]}))
    good = [i for i in range(2) if answers[i].status == 204]
    assert len(good) == 1, answers
    assert answers[1 - good[0]].status in (401, 409, 422), answers[1 - good[0]]
    assert log_in(email, words[good[0]]).status == 201
    assert log_in(email, words[1 - good[0]]).status == 401


@pytest.mark.parametrize("password", ["Qz7!kWv2m", "a" * 9, "a" * 129, "é" * 129])
def test_passwords_that_are_refused(account, password):
    answer = account.client.post("/v1/users", {
        "email": unique() + "@example.com", "name": "N", "role": "viewer", "password": password})
    assert answer.status == 422 and "/password" in {p for p, _ in answer.faults()}, answer
    assert password not in answer.body.decode()


@pytest.mark.parametrize("password", ["é" * 128, "\U0001f600" * 10, "with \\ \" ' % quotes"])
def test_passwords_of_any_characters(account, password):
    email = unique("odd") + "@example.com"
    account.client.ok("POST", "/v1/users", {
        "email": email, "name": "N", "role": "viewer", "password": password})
    assert log_in(email, password).status == 201
    assert log_in(email, password[:-1]).status == 401


def test_a_user_has_at_most_15_sessions(account):
    _, email = account.add_user("viewer")
    clients = [account.session_of(email) for _ in range(17)]
    alive = [c for c in clients if c.get("/v1/me").status == 200]
    assert alive == clients[2:], "the oldest ended"
    assert len(list(clients[-1].pages("/v1/sessions"))) == 15


def test_a_session_that_has_expired(account):
    client = account.session_of(account.add_user("viewer")[1])
    expires = client.session["expires_at"]
    created = client.session["created_at"]
    assert expires > created
    row = database.ask("SELECT TIMESTAMPDIFF(DAY, created_at, expires_at) FROM sessions WHERE "
                       f"session_id = {database.hex_id(client.session['id'])}")
    assert row == [["30"]], "thirty days is the default"


def test_secrets_are_not_in_the_database(account):
    _, email = account.add_user("viewer")
    session = log_in(email).json()
    secret = session["token"][56:]
    for table, column in (("sessions", "secret_hash"), ("api_keys", "secret_hash"),
                          ("users", "password_phc")):
        found = database.value(f"SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%{secret}%'"
                               f" OR {column} LIKE '%{PASSWORD}%'")
        assert found == "0"
    phc = database.value(f"SELECT password_phc FROM users WHERE email_key = '{email}'")
    assert phc.startswith("$argon2id$")


def test_a_session_of_a_removed_user(account):
    user, email = account.add_user("sales")
    client = account.session_of(email)
    assert client.get("/v1/me").status == 200
    assert account.client.delete("/v1/users/" + user).status == 204
    assert client.get("/v1/me").status == 401
    assert log_in(email).status == 403
