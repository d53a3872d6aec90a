# SPDX-License-Identifier: Apache-2.0
"""Reads after writes: with replicas that lag, with the cache, from several connections."""

import threading
import time

import pytest

from support import database, environment
from support.document import BY_ID, OPERATIONS
from support.http import Client, parallel
from support.world import SAMPLES, customer_body, unique

READS = [op for op in OPERATIONS if op.method == "GET" and op.takes("Remit-Consistency", "header")]


def token_of(answer):
    token = answer.header("remit-consistency")
    assert token is not None and len(token) <= 160, answer
    return token


def plain(account):
    """A client whose reads carry no token."""
    return Client(account.client.token, follow=False)


@pytest.fixture
def stopped_replica():
    with database.replication_stopped():
        yield


def test_a_read_with_the_token_sees_the_write(account, stopped_replica):
    client = plain(account)
    for i in range(environment.times(20)):
        made = client.post("/v1/customers", customer_body())
        assert made.status == 201, made
        path, token = "/v1/customers/" + made.json()["id"], token_of(made)
        read = client.get(path, Remit_Consistency=token)
        assert read.body == made.body, read
        rows = client.get("/v1/customers?limit=1", Remit_Consistency=token).json()["data"]
        assert rows[0]["id"] == made.json()["id"], "the newest is there"
        changed = client.patch(path, {"phone": str(i)})
        read = client.get(path, Remit_Consistency=token_of(changed))
        assert read.body == changed.body, read
        found = client.get(f"/v1/customers?filter[created_at][gte]={made.json()['created_at']}",
                           Remit_Consistency=token_of(changed)).json()["data"]
        assert {"phone": str(i), "id": made.json()["id"]}.items() <= found[0].items()


@pytest.mark.parametrize("op", READS, ids=str)
def test_every_read_with_a_token(account, sessions, stopped_replica, op):
    """What was made while the replica stood still is there."""
    client = sessions["owner"] if op.permission == "self" else account.client
    path, _ = SAMPLES[op.id](account)
    made = account.client.post("/v1/customers", customer_body())
    answer = client.get(path, Remit_Consistency=token_of(made))
    assert answer.status == 200, answer
    if op.id == "ledger.trial_balance":
        invoice = account.client.post("/v1/invoices", {
            "customer_id": made.json()["id"], "finalize": True,
            "lines": [{"description": "x", "unit_price": "1"}]})
        after = client.get(path, Remit_Consistency=token_of(invoice)).json()
        assert {r["code"]: r["debits"] for r in after["rows"] if r["currency"] == "EUR"}[1200] == \
            {r["code"]: r["debits"] for r in answer.json()["rows"]
             if r["currency"] == "EUR"}.get(1200, 0) + 100


def test_all_objects_with_a_token(account, stopped_replica):
    for create, get in (("products.create", "products.get"), ("orders.create", "orders.get"),
                        ("invoices.create", "invoices.get"), ("payments.create", "payments.get"),
                        ("credit_notes.create", "credit_notes.get")):
        path, body = SAMPLES[create](account)
        made = account.client.post(path, body)
        where = BY_ID[get].path.replace("{id}", made.json()["id"])
        assert account.client.get(where, Remit_Consistency=token_of(made)).body == made.body


def test_writes_do_not_read_a_replica(account, stopped_replica):
    """What a write depends on is read where it is true, with or without a token."""
    customer = account.customer()
    account.client.ok("PATCH", "/v1/customers/" + customer["id"], {"archived": True})
    answer = account.client.post("/v1/orders", {"customer_id": customer["id"], "lines": [
        {"description": "x", "unit_price": "1"}]})
    assert answer.status == 422, answer
    product = account.product(unit_price="1")
    account.client.ok("PATCH", "/v1/products/" + product["id"], {"unit_price": "2"})
    order = account.order(lines=[{"product_id": product["id"], "tax_percent": "0"}])
    assert order["total"] == 200


def test_a_replay_carries_a_token(account, stopped_replica):
    key, body = unique("replay"), customer_body()
    made = account.client.post("/v1/customers", body, Idempotency_Key=key)
    again = account.client.post("/v1/customers", body, Idempotency_Key=key)
    path = "/v1/customers/" + made.json()["id"]
    assert account.client.get(path, Remit_Consistency=token_of(again)).status == 200


def test_new_keys_work_at_once(account, stopped_replica):
    for _ in range(5):
        key = account.client.ok("POST", "/v1/api_keys", {"name": "n", "scopes": "orders:read"})
        assert Client(key["token"]).get("/v1/me").status == 200


def test_revoked_keys_stop_at_once(account, stopped_replica):
    for _ in range(5):
        key = account.client.ok("POST", "/v1/api_keys", {"name": "n", "scopes": "orders:read"})
        client = Client(key["token"])
        assert client.get("/v1/me").status == 200
        assert account.client.delete("/v1/api_keys/" + key["id"]).status == 204
        assert client.get("/v1/me").status == 401


def test_a_cached_object_is_never_stale(account, stopped_replica):
    """No token: once a write was answered, nobody reads what was before it from the cache."""
    made = account.client.post("/v1/customers", customer_body())
    path = "/v1/customers/" + made.json()["id"]
    clients = [plain(account) for _ in range(4)]
    assert account.client.get(path, Remit_Consistency=token_of(made)).status == 200
    for i in range(environment.times(30)):
        changed = account.client.patch(path, {"phone": str(i)})
        assert changed.status == 200, changed
        for read in parallel(4, lambda n: clients[n].get(path)):
            assert read.status == 200 and read.json()["phone"] == str(i), (i, read)


def test_readers_in_a_loop_never_go_back(account):
    """Several connections read while one writes: versions only grow, and are never older than
    what had been answered before the read began."""
    path = "/v1/customers/" + account.customer()["id"]
    answered, stop, faults = [1], threading.Event(), []

    def read():
        client, last = plain(account), 0
        while not stop.is_set():
            least = answered[0]
            answer = client.get(path)
            version = answer.json().get("version", 0)
            if answer.status != 200 or version < least or version < last:
                faults.append((least, last, answer))
                return
            last = version

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for i in range(environment.times(150)):
            answered[0] = account.client.ok("PATCH", path, {"phone": str(i)})["version"]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not faults, [str(x) for x in faults[:2]]


def test_what_was_deleted_is_gone_at_once(account, stopped_replica):
    client = plain(account)
    for _ in range(5):
        path = "/v1/invoices/" + account.invoice(finalize=False)["id"]
        assert account.client.get(path).status == 200, "it is in the cache now"
        deleted = client.delete(path)
        assert deleted.status == 204
        assert client.get(path).status == 404
        assert client.get(path, Remit_Consistency=token_of(deleted)).status == 404


def test_a_replica_comes_back(account):
    """After replication goes on, reads without a token see everything soon."""
    with database.replication_stopped():
        made = account.customer()
    deadline = time.monotonic() + 10 * environment.SLOWNESS
    while plain(account).get("/v1/customers/" + made["id"]).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_reads_go_on_while_replication_stands(account, stopped_replica):
    """Longer than the lag that is allowed: the primary is asked, and no request fails."""
    client = plain(account)
    end = time.monotonic() + 7
    while time.monotonic() < end:
        made = client.post("/v1/customers", customer_body())
        assert made.status == 201, made
        assert client.get("/v1/customers").status == 200
        time.sleep(0.05)
    time.sleep(0.6)
    rows = client.ok("GET", "/v1/customers?limit=1")["data"]
    assert rows[0]["id"] == made.json()["id"], "a replica 7 s behind was read without a token"
