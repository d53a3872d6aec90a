# SPDX-License-Identifier: Apache-2.0
"""Nothing of another account can be seen, named or changed."""

import pytest

from support import database
from support.document import BY_ID, OPERATIONS
from support.world import SAMPLES, customer_body, line, unique

WITH_ID = [op for op in OPERATIONS if "{id}" in op.path]
LISTS = [op for op in OPERATIONS if op.is_list]


@pytest.mark.parametrize("op", WITH_ID, ids=str)
def test_ids_of_another_account_are_nothing(account, other, op):
    path, body = SAMPLES[op.id](other)
    # once cached for its own account it must not be served to another
    get = BY_ID.get(op.id.split(".")[0] + ".get")
    if get is not None:
        assert other.client.get(path[:len("/".join(path.split("/")[:4]))]).status == 200
    before = database.state()
    answer = account.client.request(op.method, path, body)
    assert answer.status == 404 and answer.code == "not_found", answer
    assert database.state() == before
    nobody = account.client.request(op.method, path[:-8] + "00000000" if path.count("/") == 3
                                    else path, body)
    told, truth = answer.json(), nobody.json()
    assert {k: told[k] for k in ("code", "title", "status")} == \
        {k: truth[k] for k in ("code", "title", "status")}, "an id that exists is told apart"


def foreign(account, other, kind):
    """(path, body, pointer of the fault) of a request that names an object of another account."""
    mine = account.customer()["id"]
    if kind == "order.customer":
        return "/v1/orders", {"customer_id": other.customer()["id"], "lines": [line()]}, \
            "/customer_id"
    if kind == "order.product":
        return "/v1/orders", {"customer_id": mine, "lines": [
            line(), {"product_id": other.product()["id"]}]}, "/lines/1/product_id"
    if kind == "invoice.customer":
        return "/v1/invoices", {"customer_id": other.customer()["id"], "lines": [line()]}, \
            "/customer_id"
    if kind == "invoice.order":
        return "/v1/invoices", {"order_id": other.order()["id"]}, "/order_id"
    if kind == "invoice.product":
        return "/v1/invoices", {"customer_id": mine, "finalize": True, "lines": [
            {"product_id": other.product()["id"]}]}, "/lines/0/product_id"
    if kind == "preview.order":
        return "/v1/invoices/preview", {"order_id": other.order()["id"]}, "/order_id"
    if kind == "preview.customer":
        return "/v1/invoices/preview", {"customer_id": other.customer()["id"],
                                        "lines": [line()]}, "/customer_id"
    if kind == "payment.invoice":
        return "/v1/payments", {"invoice_id": other.invoice()["id"], "amount": 100}, "/invoice_id"
    if kind == "credit.invoice":
        return "/v1/credit_notes", {"invoice_id": other.invoice()["id"], "lines": [line()]}, \
            "/invoice_id"
    if kind == "credit.customer":
        return "/v1/credit_notes", {"customer_id": other.customer()["id"], "lines": [line()]}, \
            "/customer_id"
    assert kind == "credit.product"
    return "/v1/credit_notes", {"customer_id": mine, "lines": [
        {"product_id": other.product()["id"]}]}, "/lines/0/product_id"


@pytest.mark.parametrize("kind", [
    "order.customer", "order.product", "invoice.customer", "invoice.order", "invoice.product",
    "preview.order", "preview.customer", "payment.invoice", "credit.invoice", "credit.customer",
    "credit.product"])
def test_ids_in_bodies_of_another_account_are_faults(account, other, kind):
    path, body, pointer = foreign(account, other, kind)
    before = database.state()
    answer = account.client.post(path, body)
    assert answer.status == 422 and answer.code == "validation_failed", answer
    assert {p for p, _ in answer.faults()} == {pointer}, answer
    assert database.state() == before


def test_patches_of_an_order_to_another_account(account, other):
    order = account.order(place=False)
    for body in ({"customer_id": other.customer()["id"]},
                 {"lines": [{"product_id": other.product()["id"]}]}):
        before = database.state()
        answer = account.client.patch("/v1/orders/" + order["id"], body)
        assert answer.status == 422, answer
        assert database.state() == before


@pytest.mark.parametrize("op", LISTS, ids=str)
def test_lists_show_the_own_account_only(account, other, sessions, op):
    assert sessions is not None
    for place in (account, other):
        place.payment()
        place.credit_note()
        place.order()

    def rows(place):
        client = place.client
        if op.id == "sessions.list":
            client = place.session_of(place.add_user("viewer")[1])
        token = place.client.post("/v1/customers", customer_body()).header("remit-consistency")
        return list(client.pages(op.path, limit=100, Remit_Consistency=token))

    mine, theirs = rows(account), rows(other)
    assert mine and theirs
    if op.id == "users.list":  # a person may belong to both
        members = database.ask("SELECT LOWER(HEX(user_id)) FROM memberships WHERE account_id = "
                               + database.hex_id(account.id))
        assert sorted(database.hex_id(row["id"])[2:-1] for row in mine) == \
            sorted(row[0] for row in members)
    else:
        assert {r["id"] for r in mine}.isdisjoint({r["id"] for r in theirs})
    for row in mine:
        assert row.get("account_id", account.id) == account.id


def test_filters_by_foreign_ids_find_nothing(account, other):
    invoice = other.invoice()
    payment = other.payment(invoice)
    for path in (f"/v1/orders?filter[customer_id]={invoice['customer_id']}",
                 f"/v1/invoices?filter[customer_id]={invoice['customer_id']}",
                 f"/v1/payments?filter[invoice_id]={invoice['id']}",
                 f"/v1/payments?filter[customer_id]={payment['customer_id']}",
                 f"/v1/credit_notes?filter[invoice_id]={invoice['id']}",
                 f"/v1/invoices?filter[order_id]={other.order()['id']}"):
        assert account.client.ok("GET", path)["data"] == [], path


def test_unique_values_are_unique_in_an_account_only(account, other):
    external = unique("ext")
    first = account.customer(external_id=external)
    second = other.customer(external_id=external)
    assert first["id"] != second["id"]
    for place, customer in ((account, first), (other, second)):
        found = place.client.ok("GET", f"/v1/customers?filter[external_id]={external}")["data"]
        assert [row["id"] for row in found] == [customer["id"]]


def test_idempotency_keys_of_another_account(account, other):
    key, body = unique("key"), customer_body()
    first = account.client.post("/v1/customers", body, Idempotency_Key=key)
    second = other.client.post("/v1/customers", body, Idempotency_Key=key)
    assert first.status == second.status == 201
    assert second.header("idempotent-replayed") is None
    assert first.json()["id"] != second.json()["id"]


def test_cursors_of_another_account(account, other):
    for place in (account, other):
        for _ in range(2):
            place.customer()
    cursor = account.client.ok("GET", "/v1/customers?limit=1")["next_cursor"]
    answer = other.client.get(f"/v1/customers?limit=1&cursor={cursor}")
    assert answer.status == 400 and answer.code == "invalid_cursor", answer


def test_consistency_tokens_of_another_account(account, other):
    token = account.client.post("/v1/customers", customer_body()).header("remit-consistency")
    answer = other.client.get("/v1/customers", Remit_Consistency=token)
    assert answer.status == 400 and answer.code == "invalid_parameter", answer
    assert account.client.get("/v1/customers", Remit_Consistency=token).status == 200


def test_numbers_of_another_account_do_not_count(account, other, fresh):
    account.invoice()
    assert fresh.invoice()["number"] == "INV-000001"
    other.invoice()
    assert fresh.invoice()["number"] == "INV-000002"
