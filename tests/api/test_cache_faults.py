# SPDX-License-Identifier: Apache-2.0
"""Memcached frozen, gone, and back: everything still works, and nothing old is served.

The tests of freezes come first: after many faults a breaker stays open for longer, and hides what
the cache would have said."""

import contextlib
import time

import pytest

from support import database, environment
from support.document import BY_ID
from support.http import Client, parallel
from support.world import PASSWORD, SAMPLES, customer_body, unique


def frozen_while(account, work):
    """The first requests find out that the cache does not answer; then it is not even asked, and
    nothing waits in its socket for the moment it wakes."""
    with environment.frozen(environment.memcached_pids()):
        for _ in range(40):
            assert account.client.post("/v1/customers", {}).status == 422
        work()
        time.sleep(1.5)  # all workers learn of it within a second (data.md: cache)


def test_a_key_revoked_during_a_freeze_stays_revoked(account):
    """One worker revokes it; what it knows the others must learn. A worker that commits something
    itself during the freeze trusts nothing older: hence one write only, and many readers."""
    for _ in range(3):
        key = account.client.ok("POST", "/v1/api_keys", {"name": "n", "scopes": "orders:read"})
        clients = [Client(key["token"]) for _ in range(8)]
        assert {a.status for a in parallel(8, lambda i: clients[i].get("/v1/me"))} == {200}
        frozen_while(account, lambda: account.client.delete("/v1/api_keys/" + key["id"]))
        for _ in range(5):
            answers = parallel(8, lambda i: clients[i].get("/v1/me"))
            assert {a.status for a in answers} == {401}, "a frozen cache woke with a revoked key"


def test_a_key_revoked_during_a_freeze_is_not_asked_of_a_replica_that_lags(account):
    """What a worker does not believe of the cache it reads anew: from where the revocation is."""
    for _ in range(3):
        key = account.client.ok("POST", "/v1/api_keys", {"name": "n", "scopes": "orders:read"})
        clients = [Client(key["token"]) for _ in range(8)]
        assert {a.status for a in parallel(8, lambda i: clients[i].get("/v1/me"))} == {200}
        with contextlib.ExitStack() as replicas:

            def revoke():
                replicas.enter_context(database.replication_stopped())
                account.client.ok("DELETE", "/v1/api_keys/" + key["id"])

            frozen_while(account, revoke)
            for _ in range(5):
                answers = parallel(8, lambda i: clients[i].get("/v1/me"))
                assert {a.status for a in answers} == {401}, "a revoked key came from a replica"


def test_an_object_changed_during_a_freeze_stays_changed(account):
    path = "/v1/customers/" + account.customer(phone="old")["id"]
    clients = [Client(account.client.token, follow=False) for _ in range(8)]
    for n in range(3):
        assert account.client.get(path).status == 200
        frozen_while(account, lambda: account.client.ok("PATCH", path, {"phone": str(n)}))
        for _ in range(5):
            answers = parallel(8, lambda i: clients[i].get(path))
            assert {a.json()["phone"] for a in answers} == {str(n)}, \
                "a frozen cache woke with an old object"


@pytest.fixture(params=["frozen", "gone"])
def no_cache(request):
    if request.param == "frozen":
        with environment.frozen(environment.memcached_pids()):
            yield
    else:
        environment.stack("stop", "mc0")
        try:
            yield
        finally:
            environment.stack("start", "mc0")


def test_everything_works(account, no_cache):
    failed = []
    for name, sample in SAMPLES.items():
        op = BY_ID[name]
        if name in ("sessions.list", "me.change_password"):
            continue
        path, body = sample(account)
        answer = account.client.request(op.method, path, body)
        if answer.status not in (200, 201, 204):
            failed.append(str(answer))
    assert not failed, failed
    _, email = account.add_user("sales")
    session = account.session_of(email)
    assert session.get("/v1/sessions").status == 200
    assert session.post("/v1/me/password", {
        "current_password": PASSWORD, "new_password": PASSWORD + "!"}).status == 204


def test_revocation_without_a_cache(account, no_cache):
    """Even when the replica has not heard of it, which without a lag is a matter of luck."""
    with database.replication_stopped():
        revoke_some(account)


def revoke_some(account):
    for _ in range(5):
        key = account.client.ok("POST", "/v1/api_keys", {"name": "n", "scopes": "orders:read"})
        client = Client(key["token"])
        assert client.get("/v1/me").status == 200
        assert account.client.delete("/v1/api_keys/" + key["id"]).status == 204
        assert client.get("/v1/me").status == 401
        client.close()


def test_read_your_writes_without_a_cache(account, no_cache):
    path = "/v1/customers/" + account.customer()["id"]
    for i in range(environment.times(20)):
        changed = account.client.patch(path, {"phone": str(i)})
        read = account.client.get(path, Remit_Consistency=changed.header("remit-consistency"))
        assert read.body == changed.body, read


def test_idempotency_without_a_cache(account, no_cache):
    key, body = unique("nocache"), customer_body()
    clients = [Client(account.client.token) for _ in range(8)]
    answers = parallel(8, lambda i: clients[i].post("/v1/customers", body, Idempotency_Key=key))
    assert {a.status for a in answers} <= {201, 409}
    assert len({a.json()["id"] for a in answers if a.status == 201}) == 1


def test_requests_stay_fast_without_a_cache(account, no_cache):
    """The cache costs a request at most its own limits, and a breaker keeps it from being asked."""
    path = "/v1/customers/" + account.customer()["id"]
    took = []
    for _ in range(40):
        start = time.perf_counter()
        assert account.client.get(path).status == 200
        took.append(time.perf_counter() - start)
    assert sorted(took)[20] < 0.1 * environment.SLOWNESS, took
    assert max(took) < 1 * environment.SLOWNESS, took


def test_health_says_so(anybody, no_cache):
    health = anybody.get("/health")
    assert health.status == 200 and health.json()["status"] == "degraded", health
    assert health.json()["components"]["cache"] == "down"
    assert anybody.get("/health/ready").status == 200, "slower, not unready"


def test_the_cache_comes_back(account, anybody):
    deadline = time.monotonic() + 40 * environment.SLOWNESS
    while anybody.get("/health").json()["components"]["cache"] != "up":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    path = "/v1/customers/" + account.customer()["id"]
    assert account.client.get(path).status == 200
    client = Client(account.client.token, follow=False)
    for i in range(30):
        client.ok("PATCH", path, {"phone": str(i)})
        assert client.ok("GET", path)["phone"] == str(i)
