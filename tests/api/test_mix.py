# SPDX-License-Identifier: Apache-2.0
"""Everything at once from several clients; then the books must be right."""

import threading
import time

from support import books, database, environment, money, world
from support.http import Client
from support.world import unique

SECONDS = 15
THREADS = 4


class Actor:
    """One client that does what it likes with what all have made."""

    def __init__(self, place, shared, number):
        self.client = Client(place.client.token)
        self.rng = environment.rng(f"actor {number}")
        self.shared = shared
        self.made = {"customers": set(), "orders": set(), "invoices": set(), "payments": set(),
                     "credit_notes": set()}
        self.statuses = {}

    def send(self, method, path, body=None, kind=None):
        """One in five is sent twice with one key: the second must be the first's answer."""
        key = unique("mix") if self.rng.random() < 0.5 else None
        answer = self.client.request(method, path, body, Idempotency_Key=key)
        assert answer.status in (200, 201, 204, 404, 409, 422), answer
        if key and self.rng.random() < 0.4:
            again = self.client.request(method, path, body, Idempotency_Key=key)
            if answer.status < 300:
                assert (again.status, again.body) == (answer.status, answer.body), (answer, again)
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        if answer.status == 201:
            self.made[kind].add(answer.json()["id"])
            self.shared[kind].append(answer.json()["id"])
        return answer

    def pick(self, kind):
        # mostly recent ones: there several clients meet
        rows = self.shared[kind]
        return rows[max(0, len(rows) - self.rng.randrange(1, 12))] if rows else None

    def lines(self, currency, n=3):
        return [money.random_line(self.rng, currency, negative=0.05)
                for _ in range(self.rng.randrange(1, n + 1))]

    def customer(self):
        self.send("POST", "/v1/customers", world.customer_body(
            currency=self.rng.choice(("EUR", "JPY", "BHD"))), "customers")

    def order(self):
        self.send("POST", "/v1/orders", {
            "customer_id": self.pick("customers"), "lines": self.lines("EUR"),
            "place": self.rng.random() < 0.9}, "orders")

    def cancel(self):
        self.send("POST", f"/v1/orders/{self.pick('orders')}/cancel")

    def invoice(self):
        body = {"order_id": self.pick("orders")} if self.rng.random() < 0.5 else {
            "customer_id": self.pick("customers"), "lines": self.lines("EUR")}
        self.send("POST", "/v1/invoices", {**body, "finalize": self.rng.random() < 0.7}, "invoices")

    def act(self):
        action = self.rng.choice(("finalize", "finalize", "void"))
        self.send("POST", f"/v1/invoices/{self.pick('invoices')}/{action}")

    def delete(self):
        self.send("DELETE", f"/v1/invoices/{self.pick('invoices')}")

    def pay(self):
        self.send("POST", "/v1/payments", {
            "invoice_id": self.pick("invoices"), "amount": self.rng.randrange(1, 500000),
            "status": self.rng.choice(("pending", "succeeded"))}, "payments")

    def end(self):
        end = self.rng.choice(("succeed", "succeed", "fail", "cancel"))
        self.send("POST", f"/v1/payments/{self.pick('payments')}/{end}")

    def credit(self):
        body = {"invoice_id": self.pick("invoices")} if self.rng.random() < 0.9 else {
            "customer_id": self.pick("customers")}
        self.send("POST", "/v1/credit_notes", {**body, "lines": self.lines("EUR", 1)},
                  "credit_notes")

    def read(self):
        kind = self.rng.choice(list(self.made))
        path = f"/v1/{kind}" if self.rng.random() < 0.3 else f"/v1/{kind}/{self.pick(kind)}"
        answer = self.client.get(path)
        assert answer.status in (200, 404), answer
        if self.rng.random() < 0.05:
            trial = self.client.get("/v1/ledger/trial_balance")
            assert trial.status == 200 and trial.json()["balanced"] is True, trial

    def run(self, until):
        work = {self.customer: 2, self.order: 5, self.cancel: 1, self.invoice: 6, self.act: 4,
                self.delete: 1, self.pay: 7, self.end: 4, self.credit: 4, self.read: 5}
        while time.monotonic() < until:
            self.rng.choices(list(work), list(work.values()))[0]()


def test_everything_at_once(fresh):
    shared = {"customers": [fresh.customer()["id"]], "orders": [], "invoices": [], "payments": [],
              "credit_notes": []}
    shared["orders"].append(fresh.order()["id"])
    shared["invoices"].append(fresh.invoice()["id"])
    shared["payments"].append(fresh.payment()["id"])
    shared["credit_notes"].append(fresh.credit_note()["id"])
    before = {kind: len(list(fresh.client.pages(f"/v1/{kind}", 100))) for kind in shared}
    actors = [Actor(fresh, shared, i) for i in range(THREADS)]
    errors = []

    def run(actor):
        try:
            actor.run(time.monotonic() + SECONDS)
        except BaseException as error:  # raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    done = sum(sum(actor.statuses.values()) for actor in actors)
    assert done > 100, [actor.statuses for actor in actors]
    assert all(actor.statuses.get(201) for actor in actors)
    assert books.faults() == {}
    for kind in shared:
        made = set().union(*(actor.made[kind] for actor in actors))
        rows = int(database.value(f"SELECT COUNT(*) FROM {kind} WHERE account_id = "
                                  f"{database.hex_id(fresh.id)}"))
        deleted = 0 if kind != "invoices" else int(database.value(
            "SELECT COUNT(*) FROM events WHERE type = 'invoice.deleted' AND account_id = "
            + database.hex_id(fresh.id)))
        assert rows == before[kind] + len(made) - deleted, \
            f"{kind}: {len(made)} were answered, {rows - before[kind]} are there"
    ends = fresh.client.ok("GET", "/v1/ledger/trial_balance")
    assert ends["balanced"] is True
