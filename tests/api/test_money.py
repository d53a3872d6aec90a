# SPDX-License-Identifier: Apache-2.0
"""Every number of every document against the model in support/money.py."""

import pytest

from support import database, environment, money
from support.world import line


@pytest.fixture(scope="module")
def customers(account):
    return {c: account.customer(currency=c)["id"] for c in money.EXPONENTS}


@pytest.mark.parametrize("currency", money.EXPONENTS)
def test_random_documents(account, customers, currency):
    rng = environment.rng("documents " + currency)
    for _ in range(environment.times(60)):
        lines = [money.random_line(rng, currency) for _ in range(rng.choice((1, 2, 3, 8, 30)))]
        body = {"customer_id": customers[currency], "lines": lines}
        total = money.totals(lines, currency)[4]
        preview = account.client.post("/v1/invoices/preview", body)
        order = account.client.post("/v1/orders", {**body, "place": True})
        if total < 0:
            for answer in (preview, order):
                assert answer.status == 422, (lines, answer)
                assert ("/lines", "negative_total") in answer.faults(), answer
            continue
        assert (preview.status, order.status) == (200, 201), (lines, preview, order)
        money.check(preview.json(), lines, currency)
        money.check(order.json(), lines, currency)
        invoice = account.invoice(order_id=order.json()["id"], finalize=rng.random() < 0.5)
        money.check(invoice, lines, currency)
        if invoice["status"] == "draft":
            invoice = account.client.ok("POST", f"/v1/invoices/{invoice['id']}/finalize")
            money.check(invoice, lines, currency)
        read = account.client.ok("GET", "/v1/invoices/" + invoice["id"])
        money.check(read, lines, currency)
        assert read["amount_due"] == total
        assert read["status"] == ("open" if total > 0 else "paid")
        if total > 0 and rng.random() < 0.3:
            note = account.client.ok("POST", "/v1/credit_notes", {
                "invoice_id": invoice["id"], "lines": lines})
            money.check(note, lines, currency)


TIES = [
    # quantity, price, discount, tax; net and tax in cents
    ("1", "0.005", "0", "0", 1, 0), ("1", "0.004999", "0", "0", 0, 0),
    ("1", "-0.005", "0", "0", -1, 0),
    ("3", "0.335", "0", "0", 101, 0), ("1", "2.675", "0", "0", 268, 0),
    ("1", "1.005", "0", "0", 101, 0),
    ("1", "0.01", "50", "0", 1, 0), ("0.5", "0.01", "0", "0", 1, 0), ("1", "0.50", "0", "1", 50, 1),
    ("1", "0.49", "0", "1", 49, 0), ("0.000001", "0.000001", "0", "100", 0, 0),
    ("1", "10.00", "33.333333", "19", 667, 127),
    ("999999999999", "0.01", "0", "0", 999999999999, 0),
]


@pytest.mark.parametrize("quantity,price,discount,tax,net,tax_amount", TIES)
def test_ties(account, customers, quantity, price, discount, tax, net, tax_amount):
    lines = [line(quantity=quantity, unit_price=price, discount_percent=discount, tax_percent=tax),
             line(quantity="1", unit_price="10", tax_percent="0")]
    preview = account.client.ok("POST", "/v1/invoices/preview", {
        "customer_id": customers["EUR"], "lines": lines})
    assert preview["lines"][0]["net"] == net
    assert preview["tax"] == tax_amount
    money.check(preview, lines, "EUR")


def test_tax_is_of_the_group_not_of_the_line(account, customers):
    lines = [line(quantity="1", unit_price="0.10", tax_percent="5")] * 3
    preview = account.client.ok("POST", "/v1/invoices/preview", {
        "customer_id": customers["EUR"], "lines": lines})
    assert preview["tax"] == 2, "5 % of 0.30, not three times 5 % of 0.10"


def test_what_draft_preview_and_final_say_is_one(account, customers):
    rng = environment.rng("same")
    lines = [money.random_line(rng, "EUR", negative=0) for _ in range(50)]
    body = {"customer_id": customers["EUR"], "lines": lines}
    numbers = ("subtotal", "tax", "total", "lines", "taxes")
    preview = account.client.ok("POST", "/v1/invoices/preview", body)
    draft = account.client.ok("POST", "/v1/invoices", body)
    final = account.client.ok("POST", f"/v1/invoices/{draft['id']}/finalize")
    for name in numbers:
        assert preview[name] == draft[name] == final[name], name


BIG = "999999999999.999999"
OVERFLOWS = [
    [line(quantity=BIG, unit_price=BIG)],
    [line(quantity="999999999999", unit_price="92233720368.547758", tax_percent="0")],
    [line(quantity="99999999", unit_price=BIG, tax_percent="100")],
    [line(quantity="50000", unit_price=BIG, tax_percent="0")] * 3,
    [line(quantity=BIG, unit_price="-" + BIG)],
]


@pytest.mark.parametrize("lines", OVERFLOWS, ids=range(len(OVERFLOWS)))
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/invoices", "/v1/invoices/preview",
                                  "/v1/credit_notes"])
def test_amounts_that_do_not_fit(account, customers, path, lines):
    for currency in ("EUR", "BHD"):
        answer = account.client.post(path, {"customer_id": customers[currency], "lines": lines})
        assert answer.status == 422, answer
        assert {code for _, code in answer.faults()} == {"amount_overflow"}, answer


def largest():
    """One line whose net is the largest amount there may be, in JPY: 6361 x 69431 x 20394401."""
    assert 6361 * 69431 * 20394401 == money.LARGEST
    return line(quantity="20394401", unit_price=str(6361 * 69431), tax_percent="0")


def test_the_largest_amounts(account, customers):
    """Exact up to 2^53 - 1, and 422 above."""
    body = {"customer_id": customers["JPY"], "lines": [largest()]}
    assert account.client.ok("POST", "/v1/invoices/preview", body)["total"] == money.LARGEST
    one = line(quantity="1", unit_price="1", tax_percent="0")
    for lines in ([largest(), one], [one, largest()], [largest(), {**one, "tax_percent": "100"}]):
        answer = account.client.post("/v1/invoices/preview", {**body, "lines": lines})
        assert answer.status == 422, answer
    assert account.client.ok("POST", "/v1/invoices/preview", {
        **body, "lines": [{**one, "unit_price": "-1"}, largest()]})["total"] == money.LARGEST - 1
    rng = environment.rng("large")
    for _ in range(environment.times(60)):
        lines = [line(quantity=str(rng.randrange(1, 10 ** rng.randrange(1, 9))),
                      unit_price=str(rng.randrange(10 ** rng.randrange(1, 10))), tax_percent="10")
                 for _ in range(rng.randrange(1, 4))]
        nets, _, subtotal, tax, total = money.totals(lines, "JPY")
        answer = account.client.post("/v1/invoices/preview", {
            "customer_id": customers["JPY"], "lines": lines})
        fits = all(v <= money.LARGEST for v in [*nets, subtotal, tax, total])
        assert answer.status == (200 if fits else 422), (lines, answer)
        if fits:
            money.check(answer.json(), lines, "JPY")


def test_a_line_above_the_largest_amount(account, customers):
    """Also when another line takes it back."""
    minus = {**largest(), "unit_price": "-" + largest()["unit_price"]}
    twice = {**largest(), "quantity": str(2 * 20394401)}
    for lines in ([minus, twice], [twice, minus]):
        answer = account.client.post("/v1/invoices/preview", {
            "customer_id": customers["JPY"], "lines": lines})
        assert answer.status == 422, answer


def test_overflow_of_the_ledger(fresh):
    """A balance that would not fit is refused, and nothing of the document stays."""
    customer = fresh.customer(currency="JPY")["id"]
    huge = {"customer_id": customer, "finalize": True, "lines": [largest()]}
    most = ((1 << 63) - 1) // money.LARGEST
    for _ in range(most):
        assert fresh.client.post("/v1/invoices", huge).status == 201
    before = database.state()
    for _ in range(2):
        answer = fresh.client.post("/v1/invoices", huge)
        assert (answer.status, answer.code) == (422, "amount_overflow"), answer
    assert database.state() == before
    balance = fresh.client.ok("GET", "/v1/ledger/trial_balance")
    assert balance["balanced"] is True
    assert {r["code"]: r["balance"] for r in balance["rows"]} == {
        1200: most * money.LARGEST, 4000: -most * money.LARGEST}
    small = fresh.invoice(customer_id=customer, lines=[line(unit_price="1", tax_percent="0")])
    assert small["number"] == f"INV-{most + 1:06d}"


@pytest.mark.parametrize("amount", [0, -1, 1.5, "100", None, 10**15, 1 << 63, True])
def test_payments_that_are_refused(account, amount):
    answer = account.client.post("/v1/payments", {
        "invoice_id": account.invoice()["id"], "amount": amount})
    assert answer.status == 422 and "/amount" in {p for p, _ in answer.faults()}, answer
