# SPDX-License-Identifier: Apache-2.0
"""Invoices, payments, credit notes and what they post."""

import datetime

import pytest

from support import database
from support.world import credit_body, line, unique


def get(account, invoice):
    return account.client.ok("GET", "/v1/invoices/" + invoice["id"])


def balances(account):
    """{(code, currency): balance}"""
    trial = account.client.ok("GET", "/v1/ledger/trial_balance")
    assert trial["balanced"] is True
    for row in trial["rows"]:
        assert row["balance"] == row["debits"] - row["credits"]
    return {(r["code"], r["currency"]): r["balance"] for r in trial["rows"] if r["balance"]}


def euros(account):
    return {code: n for (code, currency), n in balances(account).items() if currency == "EUR"}


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


def test_finalize_freezes(account):
    customer = account.customer(name="Before", address={"city": "Bern"}, tax_id="T")
    draft = account.invoice(finalize=False, customer_id=customer["id"])
    assert draft["status"] == "draft" and draft["number"] is None and draft["amount_due"] == 0
    final = account.client.ok("POST", f"/v1/invoices/{draft['id']}/finalize")
    assert final["status"] == "open" and final["number"].startswith("INV-")
    assert final["amount_due"] == final["total"] > 0 and final["finalized_at"] is not None
    assert final["customer_snapshot"]["name"] == "Before"
    account.client.ok("PATCH", "/v1/customers/" + customer["id"], {"name": "After"})
    assert get(account, final) == final
    assert final["due_date"] == (datetime.date.fromisoformat(final["issue_date"])
                                 + datetime.timedelta(30)).isoformat()


def test_postings_of_a_life(fresh):
    invoice = fresh.invoice(lines=[line(quantity="1", unit_price="100", tax_percent="19")])
    assert euros(fresh) == {1200: 11900, 4000: -10000, 2200: -1900}
    fresh.payment(invoice, amount=5000)
    assert euros(fresh) == {1200: 6900, 1000: 5000, 4000: -10000, 2200: -1900}
    fresh.credit_note(invoice, lines=[line(quantity="1", unit_price="10", tax_percent="19")])
    assert euros(fresh) == {1200: 5710, 1000: 5000, 4000: -9000, 2200: -1710}
    fresh.payment(invoice, amount=6000)
    assert euros(fresh) == {1000: 11000, 2100: -290, 4000: -9000, 2200: -1710}
    after = get(fresh, invoice)
    assert (after["status"], after["amount_due"], after["amount_paid"]) == ("paid", 0, 10710)
    fresh.credit_note(invoice, lines=[line(quantity="1", unit_price="50", tax_percent="19")])
    assert euros(fresh) == {1000: 11000, 2100: -6240, 4000: -4000, 2200: -760}
    after = get(fresh, invoice)
    assert (after["pre_payment_credit"], after["post_payment_credit"]) == (1190, 5950)


def test_journal_entries(fresh):
    invoice = fresh.invoice()
    fresh.client.ok("POST", f"/v1/invoices/{invoice['id']}/void")
    entries = list(fresh.client.pages("/v1/ledger/entries?sort=created_at", 1))
    assert [e["kind"] for e in entries] == ["invoice_finalized", "invoice_voided"]
    assert {e["source_id"] for e in entries} == {invoice["id"]}
    assert entries[1]["reverses_id"] == entries[0]["id"] and entries[0]["reverses_id"] is None
    for entry in entries:
        assert sum(p["amount"] for p in entry["postings"]) == 0
        assert [p["line"] for p in entry["postings"]] == list(range(1, len(entry["postings"]) + 1))
    assert sorted(p["amount"] for p in entries[0]["postings"]) == \
        sorted(-p["amount"] for p in entries[1]["postings"])
    assert balances(fresh) == {}
    accounts = list(fresh.client.pages("/v1/ledger/accounts", 2))
    assert {a["code"] for a in accounts} == {1200, 4000, 2200}
    assert all(a["balance"] == 0 and a["last_seq"] == 2 for a in accounts)


def test_a_page_of_entries_has_its_postings(fresh):
    """Pages of any size in both directions: each entry with its own postings."""
    for _ in range(7):
        fresh.payment()
    whole = {e["id"]: e for e in fresh.client.pages("/v1/ledger/entries", 100)}
    assert len(whole) == 14
    for sort in ("created_at", "-created_at"):
        for limit in (1, 2, 5):
            rows = list(fresh.client.pages(f"/v1/ledger/entries?sort={sort}", limit))
            assert len(rows) == 14 and all(whole[row["id"]] == row for row in rows)


def test_an_invoice_of_nothing(fresh):
    invoice = fresh.invoice(lines=[line(unit_price="0")])
    assert (invoice["status"], invoice["total"], invoice["amount_due"]) == ("paid", 0, 0)
    assert invoice["number"] == "INV-000001" and invoice["paid_at"] is not None
    assert balances(fresh) == {}
    for path, body in (("/v1/payments", {"invoice_id": invoice["id"], "amount": 1}),
                       ("/v1/credit_notes", credit_body(invoice)),
                       (f"/v1/invoices/{invoice['id']}/void", None)):
        answer = fresh.client.post(path, body)
        assert (answer.status, answer.code) == (409, "state_conflict"), answer
    assert balances(fresh) == {}


DRAFT, OPEN, PART, RESERVED, PAID, VOID = "draft", "open", "part", "reserved", "paid", "void"
# What can be done in each state, and what available_actions says.
POSSIBLE = {
    DRAFT: {"delete", "finalize"}, OPEN: {"pay", "credit", "void"}, PART: {"pay", "credit"},
    RESERVED: {"pay", "credit"}, PAID: {"credit"}, VOID: set(),
}


def in_state(account, state):
    invoice = account.invoice(finalize=state != DRAFT)
    if state in (PART, RESERVED):
        account.payment(invoice, amount=1, status="succeeded" if state == PART else "pending")
    elif state == PAID:
        account.payment(invoice)
    elif state == VOID:
        account.client.ok("POST", f"/v1/invoices/{invoice['id']}/void")
    return get(account, invoice)


def act(account, invoice, action):
    path = "/v1/invoices/" + invoice["id"]
    if action == "delete":
        return account.client.delete(path)
    if action == "pay":
        return account.client.post("/v1/payments", {"invoice_id": invoice["id"], "amount": 1})
    if action == "credit":
        return account.client.post("/v1/credit_notes", credit_body(
            invoice, lines=[line(quantity="1", unit_price="1")]))
    return account.client.post(f"{path}/{action}")


@pytest.mark.parametrize("state", POSSIBLE)
@pytest.mark.parametrize("action", ["delete", "finalize", "pay", "credit", "void"])
def test_states(account, state, action):
    invoice = in_state(account, state)
    assert set(invoice["available_actions"]) == POSSIBLE[state]
    before = database.state()
    answer = act(account, invoice, action)
    if action in POSSIBLE[state]:
        assert answer.status in (200, 201, 204), answer
        return
    assert (answer.status, answer.code) == (409, "state_conflict"), answer
    assert answer.json()["state"] == invoice["status"]
    assert answer.json()["available_actions"] == invoice["available_actions"]
    assert database.state() == before


PAYMENT_ENDS = {"succeed": "succeeded", "fail": "failed", "cancel": "cancelled"}


@pytest.mark.parametrize("end", PAYMENT_ENDS)
def test_payments_in_flight(account, end):
    invoice = account.invoice()
    due = invoice["amount_due"]
    payment = account.payment(invoice, amount=due + 5, status="pending")
    assert (payment["reserved"], payment["applied_to_invoice"]) == (due, 0)
    held = get(account, invoice)
    assert (held["amount_reserved"], held["amount_due"], held["status"]) == (due, due, "open")
    path = f"/v1/payments/{payment['id']}/"
    done = account.client.ok("POST", path + end)
    assert done["status"] == PAYMENT_ENDS[end] and done["reserved"] == 0
    after = get(account, invoice)
    assert after["amount_reserved"] == 0
    if end == "succeed":
        assert (done["applied_to_invoice"], done["to_customer_credit"]) == (due, 5)
        assert (after["status"], after["amount_due"], after["amount_paid"]) == ("paid", 0, due)
    else:
        assert (done["applied_to_invoice"], done["to_customer_credit"]) == (0, 0)
        assert (after["status"], after["amount_due"], after["amount_paid"]) == ("open", due, 0)
    for again in PAYMENT_ENDS:
        answer = account.client.post(path + again)
        assert (answer.status, answer.code) == (409, "state_conflict"), answer
        assert answer.json()["state"] == done["status"]
        assert answer.json()["available_actions"] == done["available_actions"] == []


def test_a_reservation_stands_against_credit(fresh):
    invoice = fresh.invoice(lines=[line(quantity="1", unit_price="100", tax_percent="0")])
    payment = fresh.payment(invoice, amount=8000, status="pending")
    note = fresh.credit_note(invoice, lines=[line(quantity="1", unit_price="50", tax_percent="0")])
    assert (note["applied_to_invoice"], note["to_customer_credit"]) == (2000, 3000)
    done = fresh.client.ok("POST", f"/v1/payments/{payment['id']}/succeed")
    assert (done["applied_to_invoice"], done["to_customer_credit"]) == (8000, 0)
    assert get(fresh, invoice)["status"] == "paid"
    assert euros(fresh) == {1000: 8000, 2100: -3000, 4000: -5000}


def test_two_payments_in_flight(fresh):
    invoice = fresh.invoice(lines=[line(quantity="1", unit_price="100", tax_percent="0")])
    first = fresh.payment(invoice, amount=7000, status="pending")
    second = fresh.payment(invoice, amount=7000, status="pending")
    assert (first["reserved"], second["reserved"]) == (7000, 3000)
    done = fresh.client.ok("POST", f"/v1/payments/{second['id']}/succeed")
    assert (done["applied_to_invoice"], done["to_customer_credit"]) == (3000, 4000)
    done = fresh.client.ok("POST", f"/v1/payments/{first['id']}/succeed")
    assert (done["applied_to_invoice"], done["to_customer_credit"]) == (7000, 0)
    assert euros(fresh) == {1000: 14000, 2100: -4000, 4000: -10000}


def test_a_payment_that_fails_late(fresh):
    """A second payment settles the invoice; the first one's reservation is given back."""
    invoice = fresh.invoice(lines=[line(quantity="1", unit_price="100", tax_percent="0")])
    first = fresh.payment(invoice, amount=7000, status="pending")
    fresh.payment(invoice, amount=7000)
    after = get(fresh, invoice)
    assert (after["amount_due"], after["amount_reserved"], after["status"]) == (7000, 7000, "open")
    fresh.client.ok("POST", f"/v1/payments/{first['id']}/fail", {"reason": "declined"})
    after = get(fresh, invoice)
    assert (after["amount_due"], after["amount_reserved"]) == (7000, 0)
    assert euros(fresh) == {1000: 7000, 1200: 7000, 2100: -4000, 4000: -10000}


def test_credit_is_at_most_the_invoice(account):
    invoice = account.invoice(lines=[line(quantity="1", unit_price="100", tax_percent="19")])
    for price, status in (("60", 201), ("40.01", 422), ("40", 201), ("0.01", 409)):
        answer = account.client.post("/v1/credit_notes", credit_body(
            invoice, lines=[line(quantity="1", unit_price=price)]))
        assert answer.status == status, (price, answer)
        if status == 422:
            assert ("/lines", "exceeds_invoice") in answer.faults()
    after = get(account, invoice)
    assert (after["status"], after["amount_due"], after["pre_payment_credit"]) == ("paid", 0, 11900)


def test_credit_without_an_invoice(fresh):
    customer = fresh.customer()["id"]
    note = fresh.client.ok("POST", "/v1/credit_notes", {
        "customer_id": customer, "lines": [line(quantity="1", unit_price="5", tax_percent="0")]})
    assert note["number"] == "CN-000001" and note["invoice_id"] is None
    assert (note["applied_to_invoice"], note["to_customer_credit"]) == (0, 500)
    assert euros(fresh) == {2100: -500, 4000: 500}
    for body in ({"lines": [line()]}, {"customer_id": customer, "invoice_id": fresh.invoice()["id"],
                                       "lines": [line()]}):
        assert fresh.client.post("/v1/credit_notes", body).status == 422


def test_numbers_follow_dates(fresh):
    day = today()
    fresh.invoice(issue_date=day.isoformat())
    late = fresh.invoice(finalize=False)
    answer = fresh.client.post(f"/v1/invoices/{late['id']}/finalize", {
        "issue_date": (day - datetime.timedelta(1)).isoformat()})
    assert answer.status == 422 and ("/issue_date", "date_order") in answer.faults(), answer
    assert get(fresh, late) == late, "nothing of it stays"
    answer = fresh.client.post(f"/v1/invoices/{late['id']}/finalize", {
        "issue_date": day.isoformat(), "due_date": (day - datetime.timedelta(1)).isoformat()})
    assert answer.status == 422 and ("/due_date", "before_issue_date") in answer.faults(), answer
    done = fresh.client.ok("POST", f"/v1/invoices/{late['id']}/finalize", {
        "issue_date": day.isoformat(), "due_date": day.isoformat()})
    assert (done["number"], done["due_date"]) == ("INV-000002", day.isoformat())


def test_a_deleted_draft_used_no_number(fresh):
    draft = fresh.invoice(finalize=False)
    assert fresh.client.delete("/v1/invoices/" + draft["id"]).status == 204
    assert fresh.client.get("/v1/invoices/" + draft["id"]).status == 404
    assert fresh.client.delete("/v1/invoices/" + draft["id"]).status == 404
    assert fresh.invoice()["number"] == "INV-000001"
    hex_id = database.hex_id(draft["id"])
    assert database.value(f"SELECT COUNT(*) FROM invoice_lines WHERE invoice_id = {hex_id}") == "0"


def test_a_voided_invoice_keeps_its_number(fresh):
    first = fresh.invoice()
    voided = fresh.client.ok("POST", f"/v1/invoices/{first['id']}/void")
    assert (voided["number"], voided["amount_due"], voided["status"]) == ("INV-000001", 0, "void")
    assert voided["total"] == first["total"] and voided["lines"] == first["lines"]
    assert fresh.invoice()["number"] == "INV-000002"


def test_currencies_do_not_mix(fresh):
    for currency in ("EUR", "JPY", "BHD"):
        customer = fresh.customer(currency=currency)["id"]
        invoice = fresh.invoice(customer_id=customer)
        assert invoice["currency"] == currency
        for other in ("EUR", "USD", "JPY"):
            if other != currency:
                body = {"invoice_id": invoice["id"], "amount": 1, "currency": other}
                answer = fresh.client.post("/v1/payments", body)
                assert answer.status == 422 and ("/currency", "currency_mismatch") in \
                    answer.faults(), answer
                answer = fresh.client.post("/v1/credit_notes", credit_body(invoice, currency=other))
                assert answer.status == 422, answer
        fresh.payment(invoice, currency=currency)
    for currency in ("EUR", "JPY", "BHD"):
        rows = [n for (_, c), n in balances(fresh).items() if c == currency]
        assert rows and sum(rows) == 0


def test_a_preview_stores_nothing(account):
    body = {"customer_id": account.customer()["id"], "lines": [line()], "finalize": True,
            "external_id": unique()}
    order = account.order()
    before = database.state()
    preview = account.client.ok("POST", "/v1/invoices/preview", body)
    assert preview["amount_due"] == preview["total"] > 0
    again = account.client.ok("POST", "/v1/invoices/preview", {"order_id": order["id"]})
    assert again["total"] == order["total"]
    assert database.state() == before
    for bad in ({"order_id": order["id"], "lines": [line()]},
                {"order_id": order["id"], "customer_id": order["customer_id"]}, {},
                {"order_id": "ord_01j00000000000000000000000"}):
        assert account.client.post("/v1/invoices/preview", bad).status == 422, bad


def test_dates(fresh):
    for member, bad in (("issue_date", "2023-02-29"), ("due_date", "2024-13-01")):
        answer = fresh.client.post("/v1/invoices", {
            "customer_id": fresh.customer()["id"], "lines": [line()], member: bad})
        assert answer.status == 422, answer
    answer = fresh.client.post("/v1/invoices", {
        "customer_id": fresh.customer()["id"], "lines": [line()], "finalize": True,
        "issue_date": "9999-12-31"})
    assert answer.status in (201, 422), answer
