# SPDX-License-Identifier: Apache-2.0
"""Products, lines made from them, and the states of orders."""

import datetime

import pytest

from support.http import Client, parallel
from support.world import line, unique

ACTIONS = {
    "draft": {"update", "place", "cancel"},
    "placed": {"cancel", "invoice"},
    "cancelled": set(),
    "invoiced": set(),
}


def act(account, order, action):
    path = "/v1/orders/" + order["id"]
    if action == "update":
        return account.client.patch(path, {"note": "n"})
    if action == "invoice":
        return account.client.post("/v1/invoices", {"order_id": order["id"]})
    return account.client.post(f"{path}/{action}")


def in_state(account, state):
    order = account.order(place=state != "draft")
    if state == "cancelled":
        assert act(account, order, "cancel").status == 200
    if state == "invoiced":
        assert act(account, order, "invoice").status == 201
    return account.client.ok("GET", "/v1/orders/" + order["id"])


@pytest.mark.parametrize("state", ACTIONS)
def test_states(account, state):
    for action in ("update", "place", "cancel", "invoice"):
        order = in_state(account, state)
        assert set(order["available_actions"]) == ACTIONS[state]
        answer = act(account, order, action)
        if action in ACTIONS[state]:
            assert answer.status in (200, 201), (action, answer)
        else:
            assert (answer.status, answer.code) == (409, "state_conflict"), (action, answer)
            assert answer.json()["state"] == order["status"]
            assert answer.json()["available_actions"] == order["available_actions"]
            after = account.client.ok("GET", "/v1/orders/" + order["id"])
            assert after == order


def test_times_of_states(account):
    order = account.order(place=False)
    assert order["placed_at"] is None and order["status"] == "draft"
    placed = act(account, order, "place").json()
    assert placed["placed_at"] is not None and placed["cancelled_at"] is None
    cancelled = act(account, order, "cancel").json()
    assert cancelled["cancelled_at"] >= placed["placed_at"] == cancelled["placed_at"]
    at_once = account.order(place=True)
    assert at_once["placed_at"] == at_once["created_at"]


def test_an_order_is_invoiced_once(account):
    order = account.order()
    clients = [Client(account.client.token) for _ in range(8)]
    answers = parallel(8, lambda i: clients[i].post("/v1/invoices", {
        "order_id": order["id"], "finalize": i % 2 == 0}))
    assert sorted(a.status for a in answers) == [201] + [409] * 7, answers
    rows = account.client.ok("GET", f"/v1/invoices?filter[order_id]={order['id']}")["data"]
    assert len(rows) == 1
    invoice = rows[0]
    path = "/v1/invoices/" + invoice["id"]
    if invoice["status"] == "draft":
        assert account.client.delete(path).status == 204
    else:
        assert account.client.post(path + "/void").status == 200
    released = account.client.ok("GET", "/v1/orders/" + order["id"])
    assert released["invoice_state"] == "none" and "invoice" in released["available_actions"]
    again = account.client.ok("POST", "/v1/invoices", {"order_id": order["id"]})
    assert again["total"] == order["total"] and again["lines"] == order["lines"]


def test_cancel_and_invoice_at_once(account):
    for _ in range(5):
        order = account.order()
        answers = parallel(2, lambda i: act(account, order, ("cancel", "invoice")[i]))
        assert sorted(a.status < 300 for a in answers) == [False, True], answers
        after = account.client.ok("GET", "/v1/orders/" + order["id"])
        assert (after["status"] == "cancelled") != (after["invoice_state"] == "invoiced")


def test_a_line_takes_from_its_product(account):
    product = account.product(name="Chai", unit="box", unit_price="18.5", tax_percent="7")
    order = account.order(lines=[{"product_id": product["id"], "quantity": "2"}])
    row = order["lines"][0]
    assert (row["description"], row["unit"], row["unit_price"], row["tax_percent"]) == (
        "Chai", "box", "18.5", "7")
    assert (order["subtotal"], order["tax"], order["total"]) == (3700, 259, 3959)
    own = account.order(lines=[{"product_id": product["id"], "description": "Own", "unit": "kg",
                                "unit_price": "1", "tax_percent": "0", "discount_percent": "10"}])
    row = own["lines"][0]
    assert (row["description"], row["unit"], row["quantity"]) == ("Own", "kg", "1")
    assert (own["subtotal"], own["tax"]) == (90, 0)
    account.client.ok("PATCH", "/v1/products/" + product["id"], {"unit_price": "99", "name": "New"})
    assert account.client.ok("GET", "/v1/orders/" + order["id"])["lines"] == order["lines"]


def test_lines_that_are_refused(account):
    customer = account.customer()["id"]
    inactive = account.product(active=False)["id"]
    dollars = account.product(currency="USD")["id"]
    cases = [
        ({"product_id": inactive}, "product_id", "inactive_product"),
        ({"product_id": dollars}, "product_id", "currency_mismatch"),
        ({"product_id": "prd_01j00000000000000000000000"}, "product_id", "unknown_product"),
        ({"unit_price": "1"}, "description", "required"),
        ({"description": "x"}, "unit_price", "required"),
        (line(quantity="0"), "quantity", None), (line(quantity="-1"), "quantity", None),
        (line(discount_percent="100.000001"), "discount_percent", None),
        (line(discount_percent="-0.000001"), "discount_percent", None),
        (line(tax_percent="-1"), "tax_percent", None),
        (line(description=""), "description", None),
        (line(description="x" * 501), "description", None),
        (line(unit="x" * 33), "unit", None), (line(net=1), "net", None),
        (line(position=1), "position", None)]
    for bad, member, code in cases:
        answer = account.client.post("/v1/orders", {
            "customer_id": customer, "lines": [line(), bad]})
        assert answer.status == 422, (bad, answer)
        assert {p for p, _ in answer.faults()} == {"/lines/1/" + member}, (bad, answer)
        assert code is None or answer.faults() == {("/lines/1/" + member, code)}, answer
    priced = {"product_id": dollars, "unit_price": "1"}
    assert account.order(customer_id=customer, lines=[priced])["currency"] == "EUR"


def test_order_members(account):
    customer = account.customer(currency="USD")
    order = account.order(customer_id=customer["id"], reference="PO 1", note="a\nb\tc",
                          order_date="2024-02-29", metadata={"k": "v"}, external_id=unique())
    assert (order["currency"], order["reference"], order["note"], order["order_date"]) == (
        "USD", "PO 1", "a\nb\tc", "2024-02-29")
    today = {datetime.datetime.now(datetime.timezone.utc).date().isoformat()}
    dated = account.order()["order_date"]
    today.add(datetime.datetime.now(datetime.timezone.utc).date().isoformat())
    assert dated in today


def test_archived_customers_get_no_documents(account):
    customer = account.customer(archived=True)["id"]
    for path in ("/v1/orders", "/v1/invoices", "/v1/invoices/preview", "/v1/credit_notes"):
        answer = account.client.post(path, {"customer_id": customer, "lines": [line()]})
        assert answer.status == 422 and ("/customer_id", "archived_customer") in answer.faults(), \
            answer


def test_external_ids_are_unique_under_load(account):
    for make in (lambda c, x: c.post("/v1/orders", {
            "customer_id": customer, "lines": [line()], "external_id": x}),
            lambda c, x: c.post("/v1/products", {
                "name": "n", "currency": "EUR", "unit_price": "1", "sku": x}),
            lambda c, x: c.post("/v1/customers", {
                "name": "n", "currency": "EUR", "external_id": x})):
        customer = account.customer()["id"]
        external = unique("same")
        clients = [Client(account.client.token) for _ in range(8)]
        answers = parallel(8, lambda i: make(clients[i], external))
        assert sorted(a.status for a in answers) == [201] + [409] * 7, answers
        assert {a.code for a in answers if a.status == 409} == {"already_exists"}
