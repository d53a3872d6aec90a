# SPDX-License-Identifier: Apache-2.0
"""Real clients at one moment on one object: one outcome, the others a conflict."""

import datetime

import pytest

from support import database, environment
from support.http import Client, parallel
from support.world import line, unique

ROUNDS = environment.times(6)


def clients_of(account, n):
    return [Client(account.client.token) for _ in range(n)]


def get(account, invoice):
    return account.client.ok("GET", "/v1/invoices/" + invoice["id"])


def only(answers, status):
    """The one success; all others are conflicts that say why."""
    good = [a for a in answers if a.status < 300]
    assert len(good) == 1 and good[0].status == status, list(map(str, answers))
    for answer in answers:
        assert answer is good[0] or (answer.status == 409 and answer.code in (
            "state_conflict", "conflict")), answer
    return good[0]


@pytest.mark.parametrize("action,finalize", [("finalize", False), ("void", True)])
def test_one_action_by_many(account, action, finalize):
    for _ in range(ROUNDS):
        invoice = account.invoice(finalize=finalize)
        clients = clients_of(account, 8)
        path = f"/v1/invoices/{invoice['id']}/{action}"
        done = only(parallel(8, lambda i: clients[i].post(path)), 200)
        assert get(account, invoice) == done.json()
        entries = database.value("SELECT COUNT(*) FROM journal_entries WHERE source_id = "
                                 + database.hex_id(invoice["id"]))
        assert entries == ("1" if action == "finalize" else "2")


@pytest.mark.parametrize("end", ["succeed", "fail", "cancel"])
def test_one_end_of_a_payment(account, end):
    for _ in range(ROUNDS):
        payment = account.payment(status="pending")
        clients = clients_of(account, 8)
        path = f"/v1/payments/{payment['id']}/{end}"
        only(parallel(8, lambda i: clients[i].post(path)), 200)


def test_different_ends_of_a_payment(account):
    ends = ("succeed", "fail", "cancel", "succeed", "fail", "cancel")
    for _ in range(ROUNDS):
        invoice = account.invoice()
        payment = account.payment(invoice, status="pending")
        clients = clients_of(account, 6)
        done = only(parallel(6, lambda i: clients[i].post(
            f"/v1/payments/{payment['id']}/{ends[i]}")), 200)
        after = get(account, invoice)
        assert after["amount_reserved"] == 0
        assert (after["amount_due"] == 0) == (done.json()["status"] == "succeeded")


def test_finalize_and_delete(account):
    for _ in range(ROUNDS):
        invoice = account.invoice(finalize=False, lines=[line()] * 5)
        path = "/v1/invoices/" + invoice["id"]
        clients = clients_of(account, 2)
        answers = parallel(2, lambda i: clients[i].post(path + "/finalize") if i
                           else clients[i].delete(path))
        statuses = [a.status for a in answers]
        assert statuses in ([204, 404], [409, 200]), list(map(str, answers))
        lines = database.value("SELECT COUNT(*) FROM invoice_lines WHERE invoice_id = "
                               + database.hex_id(invoice["id"]))
        assert lines == ("0" if statuses[0] == 204 else "5")


def test_void_pay_and_credit(account):
    """Void excludes the others; the numbers fit whatever came first."""
    for _ in range(ROUNDS * 2):
        invoice = account.invoice(lines=[line(quantity="1", unit_price="100", tax_percent="0")])
        clients = clients_of(account, 3)
        work = (lambda c: c.post(f"/v1/invoices/{invoice['id']}/void"),
                lambda c: c.post("/v1/payments", {"invoice_id": invoice["id"], "amount": 10000}),
                lambda c: c.post("/v1/credit_notes", {
                    "invoice_id": invoice["id"],
                    "lines": [line(quantity="1", unit_price="30", tax_percent="0")]}))
        void, pay, credit = parallel(3, lambda i: work[i](clients[i]))
        after = get(account, invoice)
        if void.status == 200:
            assert pay.status == credit.status == 409, list(map(str, (void, pay, credit)))
            assert (after["status"], after["amount_due"], after["amount_paid"]) == ("void", 0, 0)
            continue
        assert (void.status, pay.status, credit.status) == (409, 201, 201), list(
            map(str, (void, pay, credit)))
        assert after["status"] == "paid" and after["amount_due"] == 0
        assert after["amount_paid"] + after["pre_payment_credit"] == 10000
        assert after["pre_payment_credit"] + after["post_payment_credit"] == 3000
        assert pay.json()["applied_to_invoice"] == after["amount_paid"]


def test_payments_never_over_apply(account):
    for _ in range(ROUNDS):
        invoice = account.invoice(lines=[line(quantity="1", unit_price="100", tax_percent="0")])
        clients = clients_of(account, 8)
        answers = parallel(8, lambda i: clients[i].post("/v1/payments", {
            "invoice_id": invoice["id"], "amount": 3000,
            "status": "pending" if i % 2 else "succeeded"}))
        assert {a.status for a in answers} <= {201, 409}, list(map(str, answers))
        made = [a.json() for a in answers if a.status == 201]
        held = [p for p in made if p["status"] == "pending"]
        after = get(account, invoice)
        applied = sum(p["applied_to_invoice"] for p in made)
        assert applied == after["amount_paid"] <= 10000
        assert sum(p["reserved"] for p in held) == after["amount_reserved"] <= after["amount_due"]
        assert after["amount_due"] == 10000 - applied
        for payment in made:
            if payment["status"] == "succeeded":
                assert payment["applied_to_invoice"] + payment["to_customer_credit"] == 3000
        answers = parallel(len(held), lambda i: clients[i].post(
            f"/v1/payments/{held[i]['id']}/succeed")) if held else []
        assert {a.status for a in answers} <= {200}, list(map(str, answers))
        after = get(account, invoice)
        assert after["amount_reserved"] == 0 and 0 <= after["amount_due"]
        assert after["amount_paid"] == min(10000, 3000 * len(made)), (after, made)


def test_credit_notes_never_over_credit(account):
    for _ in range(ROUNDS):
        invoice = account.invoice(lines=[line(quantity="1", unit_price="100", tax_percent="0")])
        clients = clients_of(account, 8)
        answers = parallel(8, lambda i: clients[i].post("/v1/credit_notes", {
            "invoice_id": invoice["id"],
            "lines": [line(quantity="1", unit_price="30", tax_percent="0")]}))
        assert sorted(a.status for a in answers) == [201] * 3 + [422] * 5, list(map(str, answers))
        assert get(account, invoice)["amount_due"] == 1000


def test_numbers_are_gapless_under_load(fresh):
    """8 finalizers, with failing ones in between."""
    each = environment.times(10)
    yesterday = (datetime.datetime.now(datetime.timezone.utc).date()
                 - datetime.timedelta(1)).isoformat()
    fresh.invoice()
    customer = fresh.customer()["id"]
    tokens = clients_of(fresh, 8)

    def work(i):
        client, numbers = tokens[i], []
        for n in range(each):
            body = {"customer_id": customer, "lines": [line()], "finalize": n % 2 == 0}
            failing = ({**body, "finalize": True, "issue_date": yesterday},
                       {**body, "finalize": True, "external_id": "taken"},
                       {**body, "finalize": True, "lines": [line(unit_price="-1")]})[n % 3]
            answer = client.post("/v1/invoices", failing)
            assert answer.status in (201, 409, 422), answer
            if answer.status == 201:
                numbers.append(answer.json()["number"])
            invoice = client.ok("POST", "/v1/invoices", body)
            if n % 2:
                path = f"/v1/invoices/{invoice['id']}/finalize"
                stale = client.post(path, If_Match='"99-00000000"')
                assert stale.status == 412, stale
                late = client.post(path, {"issue_date": yesterday})
                assert late.status == 422, late
                invoice = client.ok("POST", path)
            numbers.append(invoice["number"])
        return numbers

    taken = [number for numbers in parallel(8, work) for number in numbers]
    listed = [r["number"] for r in fresh.client.pages("/v1/invoices", 100) if r["number"]]
    expected = [f"INV-{i + 1:06d}" for i in range(len(taken) + 1)]
    assert sorted(listed) == expected
    assert sorted(taken) == expected[1:]
    assert len(taken) >= 8 * each


def test_credit_note_numbers_are_gapless_under_load(fresh):
    customer = fresh.customer()["id"]
    clients = clients_of(fresh, 8)

    def work(i):
        return [clients[i].ok("POST", "/v1/credit_notes", {
            "customer_id": customer, "lines": [line()]})["number"] for _ in range(5)]

    taken = sorted(n for numbers in parallel(8, work) for n in numbers)
    assert taken == [f"CN-{i + 1:06d}" for i in range(40)]


def test_the_first_documents_of_an_account(fresh):
    """Number series and ledger accounts are made by the first who need them: at one moment."""
    customers = [fresh.customer()["id"] for _ in range(8)]
    clients = clients_of(fresh, 8)
    answers = parallel(8, lambda i: clients[i].post("/v1/invoices", {
        "customer_id": customers[i], "lines": [line()], "finalize": True}))
    assert [a.status for a in answers] == [201] * 8, list(map(str, answers))
    assert sorted(a.json()["number"] for a in answers) == [f"INV-{i + 1:06d}" for i in range(8)]
    assert fresh.client.ok("GET", "/v1/ledger/trial_balance")["balanced"] is True


def test_opposite_orders_of_locks(account):
    """Invoices of orders, deleted, voided and made again from both sides: nobody waits for ever."""
    orders = [account.order() for _ in range(2)]
    clients = clients_of(account, 4)

    def work(i):
        for n in range(environment.times(8)):
            order = orders[(i + n) % 2]
            made = clients[i].post("/v1/invoices", {
                "order_id": order["id"], "finalize": i % 2 == 0})
            assert made.status in (201, 409), made
            if made.status != 201:
                continue
            path = "/v1/invoices/" + made.json()["id"]
            end = clients[i].post(path + "/void") if i % 2 == 0 else clients[i].delete(path)
            assert end.status in (200, 204), end

    parallel(4, work)
    for order in orders:
        after = account.client.ok("GET", "/v1/orders/" + order["id"])
        assert after["invoice_state"] == "none", after


def test_two_products_in_opposite_orders(account):
    """Documents of the same customers and products from both ends: no deadlock reaches a client."""
    customers = [account.customer()["id"] for _ in range(2)]
    clients = clients_of(account, 6)

    def work(i):
        for n in range(environment.times(8)):
            answer = clients[i].post("/v1/invoices", {
                "customer_id": customers[(i + n) % 2], "finalize": True, "lines": [line()],
                "reference": unique()})
            assert answer.status == 201, answer
            paid = clients[i].post("/v1/payments", {
                "invoice_id": answer.json()["id"], "amount": 10 ** 6})
            assert paid.status == 201, paid

    parallel(6, work)
