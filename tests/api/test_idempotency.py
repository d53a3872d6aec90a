# SPDX-License-Identifier: Apache-2.0
"""One effect for one key, whatever happens."""

import collections
import time

import pytest

from support import database, environment
from support.document import OPERATIONS
from support.http import Client, parallel
from support.world import PASSWORD, SAMPLES, customer_body, line, unique

WITH_KEY = [op for op in OPERATIONS if op.takes("Idempotency-Key", "header")]


def effects():
    """Rows of everything, but what notes the calls themselves."""
    return database.counts()


def until_done(send):
    """The first answer that is not "still in flight"."""
    for _ in range(100):
        answer = send()
        if answer.code != "idempotency_key_in_use":
            return answer
        assert answer.header("retry-after") is not None
        time.sleep(0.05)
    raise AssertionError(answer)


def test_every_write_takes_a_key():
    writes = {op.id for op in OPERATIONS if op.method != "GET"}
    assert writes - {op.id for op in WITH_KEY} == {"sessions.create", "invoices.preview"}


@pytest.mark.parametrize("op", WITH_KEY, ids=str)
def test_replay(account, sessions, op):
    client = sessions["owner"] if op.permission == "self" else account.client
    path, body = SAMPLES[op.id](account)
    key = unique("replay")
    first = client.request(op.method, path, body, Idempotency_Key=key)
    assert first.status in (200, 201, 204), first
    assert first.header("idempotent-replayed") is None
    before = database.state()
    for _ in range(3):
        again = client.request(op.method, path, body, Idempotency_Key=key)
        assert again.status == first.status, again
        assert again.header("idempotent-replayed") == "true", again
        if first.body and "token" in first.json():
            shown = first.json()
            del shown["token"]
            assert again.json() == shown, "a secret is shown once"
        else:
            assert again.body == first.body
        for name in ("etag", "location", "content-type"):
            assert again.header(name) == first.header(name), (name, again)
        assert again.header("remit-consistency") is not None
    assert database.state() == before

    if op.input and "metadata" in op.input["properties"]:
        reused = client.request(op.method, path, {**body, "metadata": {"other": "1"}},
                                Idempotency_Key=key)
        assert (reused.status, reused.code) == (422, "idempotency_key_reused"), reused
    elsewhere = account.client.post("/v1/customers", customer_body(), Idempotency_Key=key)
    assert (elsewhere.status, elsewhere.code) == (422, "idempotency_key_reused"), elsewhere
    assert database.state() == before


def test_the_body_counts_byte_by_byte(account):
    key, body = unique("bytes"), b'{"name":"A","currency":"EUR"}'
    assert account.client.post("/v1/customers", body, Idempotency_Key=key).status == 201
    for other in (body + b" ", body.replace(b"A", b"B"), b'{"currency":"EUR","name":"A"}'):
        answer = account.client.post("/v1/customers", other, Idempotency_Key=key)
        assert (answer.status, answer.code) == (422, "idempotency_key_reused"), answer


def test_keys_that_look_alike(account):
    ids = set()
    base = unique("Key")
    for key in (base, base.lower(), base + "!", "~" + base, base[:-1], "x" * 255):
        answer = account.client.post("/v1/customers", customer_body(),
                                     Idempotency_Key=key if key != "x" * 255 else
                                     (base + "y" * 255)[:255])
        assert answer.status == 201, answer
        ids.add(answer.json()["id"])
    assert len(ids) == 6


def test_methods_and_paths_of_one_key(account):
    key = unique("routes")
    order = account.order(place=False)
    assert account.client.post(f"/v1/orders/{order['id']}/place", Idempotency_Key=key).status == 200
    for method, path in (("POST", f"/v1/orders/{order['id']}/cancel"),
                         ("POST", f"/v1/orders/{account.order(place=False)['id']}/place")):
        answer = account.client.request(method, path, Idempotency_Key=key)
        assert (answer.status, answer.code) == (422, "idempotency_key_reused"), answer


def test_rejections_are_not_stored(account):
    """What was refused before it was done can be done with the same key once it is right."""
    key = unique("fixed")
    wrong = account.client.post("/v1/customers", {"name": "A"}, Idempotency_Key=key)
    assert wrong.status == 422
    assert account.client.post("/v1/customers", b"{", Idempotency_Key=key).status == 400
    assert Client().post("/v1/customers", customer_body(), Idempotency_Key=key).status == 401
    assert account.client.post("/v1/customers", customer_body(), Idempotency_Key=key).status == 201
    key = unique("rule")
    body = {"customer_id": account.customer(archived=True)["id"], "lines": [line()]}
    assert account.client.post("/v1/orders", body, Idempotency_Key=key).status == 422
    account.client.ok("PATCH", "/v1/customers/" + body["customer_id"], {"archived": False})
    assert account.client.post("/v1/orders", body, Idempotency_Key=key).status == 201


def test_decisions_are_stored(account):
    """A conflict is the answer to the key, also when the state has changed since."""
    invoice = account.invoice()
    pay = {"invoice_id": account.invoice(finalize=False)["id"], "amount": 100}
    key = unique("decision")
    first = account.client.post("/v1/payments", pay, Idempotency_Key=key)
    assert (first.status, first.code) == (409, "state_conflict"), first
    account.client.ok("POST", f"/v1/invoices/{pay['invoice_id']}/finalize")
    again = account.client.post("/v1/payments", pay, Idempotency_Key=key)
    assert again.status == 409 and again.header("idempotent-replayed") == "true", again
    assert again.body == first.body
    assert account.client.post("/v1/payments", pay, Idempotency_Key=unique()).status == 201

    external = unique("taken")
    account.customer(external_id=external)
    body, key = customer_body(external_id=external), unique("decision")
    for replayed in (None, "true"):
        answer = account.client.post("/v1/customers", body, Idempotency_Key=key)
        assert (answer.status, answer.code) == (409, "already_exists"), answer
        assert answer.header("idempotent-replayed") == replayed

    path, key = f"/v1/invoices/{invoice['id']}/void", unique("stale")
    for replayed in (None, "true"):
        answer = account.client.post(path, If_Match='"99-00000000"', Idempotency_Key=key)
        assert answer.status == 412 and answer.header("idempotent-replayed") == replayed, answer


def test_a_replay_after_the_object_has_changed(account):
    key = unique("old")
    body = customer_body()
    first = account.client.post("/v1/customers", body, Idempotency_Key=key)
    account.client.ok("PATCH", "/v1/customers/" + first.json()["id"], {"name": "Changed"})
    again = account.client.post("/v1/customers", body, Idempotency_Key=key)
    assert again.body == first.body and again.header("etag") == first.header("etag")


def test_secrets_are_not_stored(account, sessions):
    key = unique("secret")
    made = account.client.post("/v1/api_keys", {"name": "n", "scopes": "orders:read"},
                               Idempotency_Key=key).json()
    sessions["owner"].post("/v1/me/password", {
        "current_password": PASSWORD, "new_password": PASSWORD}, Idempotency_Key=unique("secret"))
    secret = made["token"][56:]
    for table, columns in (("idempotency_keys", ("head", "body")), ("events", ("data",))):
        for column in columns:
            for text in (secret, PASSWORD):
                assert database.value(
                    f"SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%{text}%'") == "0"


def test_50_clients_with_one_key(account):
    key, body = unique("many"), customer_body()
    before = effects()
    clients = [Client(account.client.token) for _ in range(50)]
    answers = parallel(50, lambda i: until_done(
        lambda: clients[i].post("/v1/customers", body, Idempotency_Key=key)))
    assert {a.status for a in answers} == {201}, collections.Counter(map(str, answers))
    assert len({a.body for a in answers}) == 1
    assert sum(a.header("idempotent-replayed") is None for a in answers) == 1
    after = effects()
    assert {t: after[t] - before[t] for t in after if after[t] != before[t]} == {
        "customers": 1, "events": 1, "idempotency_keys": 1}


def test_50_clients_pay_with_one_key(account):
    invoice = account.invoice()
    key, body = unique("pay"), {"invoice_id": invoice["id"], "amount": invoice["amount_due"]}
    clients = [Client(account.client.token) for _ in range(50)]
    answers = parallel(50, lambda i: until_done(
        lambda: clients[i].post("/v1/payments", body, Idempotency_Key=key)))
    assert {a.status for a in answers} == {201}, collections.Counter(map(str, answers))
    assert len({a.body for a in answers}) == 1
    paid = account.client.ok("GET", f"/v1/payments?filter[invoice_id]={invoice['id']}")["data"]
    assert len(paid) == 1


@pytest.mark.parametrize("op", [op for op in WITH_KEY if op.id in (
    "orders.create", "invoices.finalize", "invoices.void", "invoices.delete", "payments.succeed",
    "credit_notes.create", "api_keys.rotate", "users.create", "users.remove")], ids=str)
def test_clients_with_one_key(account, op):
    path, body = SAMPLES[op.id](account)
    key = unique("few")
    clients = [Client(account.client.token) for _ in range(8)]
    answers = parallel(8, lambda i: until_done(
        lambda: clients[i].request(op.method, path, body, Idempotency_Key=key)))
    assert {a.status for a in answers} <= {200, 201, 204}, collections.Counter(map(str, answers))
    assert sum(a.header("idempotent-replayed") is None for a in answers) == 1


def test_two_payloads_with_one_key_at_once(account):
    for _ in range(environment.times(10)):
        key = unique("two")
        clients = [Client(account.client.token) for _ in range(8)]
        bodies = [customer_body(), customer_body()]
        answers = parallel(8, lambda i: until_done(
            lambda: clients[i].post("/v1/customers", bodies[i % 2], Idempotency_Key=key)))
        made = {a.json()["id"] for a in answers if a.status == 201}
        assert len(made) == 1, answers
        refused = [a for a in answers if a.status != 201]
        assert {a.code for a in refused} == {"idempotency_key_reused"}, refused
