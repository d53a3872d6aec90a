# SPDX-License-Identifier: Apache-2.0
"""JSON Merge Patch (RFC 7396)."""

import pytest

from support import environment
from support.world import line, unique


@pytest.fixture
def customer(account):
    return account.customer(email="a@example.com", phone="1", tax_id="DE1", external_id=unique(),
                            address={"line1": "Obere Str. 57", "city": "Berlin", "country": "DE"},
                            metadata={"a": "1", "b": "2", "c": "3"})


def patch(account, thing, body):
    kind = {"cus": "customers", "prd": "products", "ord": "orders"}[thing["id"][:3]]
    return account.client.ok("PATCH", f"/v1/{kind}/{thing['id']}", body)


def without(thing, *names):
    return {k: v for k, v in thing.items() if k not in ("updated_at", "version", *names)}


def test_an_empty_patch_changes_no_member(account, customer):
    assert without(patch(account, customer, {})) == without(customer)


@pytest.mark.parametrize("member,value", [
    ("name", "Other"), ("email", "b@example.com"), ("phone", None), ("phone", "2"),
    ("tax_id", None),
    ("currency", "JPY"), ("external_id", None), ("email", None)])
def test_one_member(account, customer, member, value):
    after = patch(account, customer, {member: value})
    assert after[member] == value
    assert without(after, member) == without(customer, member)
    assert after["version"] == customer["version"] + 1
    assert after["updated_at"] >= customer["updated_at"]


def test_null_where_it_cannot_be(account, customer):
    for member in ("name", "currency"):
        answer = account.client.patch("/v1/customers/" + customer["id"], {member: None})
        assert answer.status == 422 and "/" + member in {p for p, _ in answer.faults()}, answer


def test_read_only_members(account, customer):
    for member in ("id", "object", "created_at", "updated_at", "version", "archived_at"):
        answer = account.client.patch("/v1/customers/" + customer["id"], {member: customer[member]})
        assert answer.status == 422, (member, answer)


def test_the_address_is_merged(account, customer):
    after = patch(account, customer, {"address": {"city": "Bern", "line1": None}})
    assert {k: v for k, v in after["address"].items() if v is not None} == {
        "city": "Bern", "country": "DE"}
    after = patch(account, customer, {"address": None})
    assert not after["address"] or set(after["address"].values()) == {None}


def test_archived(account, customer):
    archived = patch(account, customer, {"archived": True})
    assert archived["archived_at"] is not None
    again = patch(account, customer, {"archived": True})
    assert again["archived_at"] == archived["archived_at"], "it stays archived since then"
    assert patch(account, customer, {"archived": False})["archived_at"] is None


def merged(target, change):
    """RFC 7396, as it is written there."""
    if not isinstance(change, dict):
        return {}
    result = dict(target)
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def test_metadata_is_merged(account, customer):
    """Random patches against the model."""
    rng = environment.rng("metadata")
    model = customer["metadata"]
    names = ["a", "b", "c", "d", "e", "~", "/", "ä", "z"]
    for _ in range(environment.times(60)):
        change = {rng.choice(names): rng.choice([None, "", "1", "x" * 500])
                  for _ in range(rng.randrange(4))}
        if rng.random() < 0.05:
            change = None
        model = merged(model, change)
        assert patch(account, customer, {"metadata": change})["metadata"] == model


def test_metadata_stays_within_its_limit(account):
    full = account.customer(metadata={f"k{i}": "v" for i in range(50)})
    path = "/v1/customers/" + full["id"]
    answer = account.client.patch(path, {"metadata": {"one more": "v"}})
    assert answer.status == 422, answer
    after = patch(account, full, {"metadata": {"one more": "v", "k0": None}})
    assert len(after["metadata"]) == 50


def test_lines_are_replaced_as_a_whole(account):
    order = account.order(place=False, lines=[line(quantity="1"), line(quantity="2")])
    after = patch(account, order, {"lines": [line(quantity="5", unit_price="1", tax_percent="0")]})
    assert len(after["lines"]) == after["line_count"] == 1
    assert (after["subtotal"], after["tax"], after["total"]) == (500, 0, 500)
    assert without(after, "lines", "line_count", "subtotal", "tax", "total") == \
        without(order, "lines", "line_count", "subtotal", "tax", "total")


def test_the_currency_of_an_order(account):
    order = account.order(place=False, currency="EUR",
                          lines=[line(unit_price="1.005", quantity="1")])
    assert order["subtotal"] == 101
    after = patch(account, order, {"currency": "JPY"})
    assert after["subtotal"] == 1 and after["currency"] == "JPY"
    assert patch(account, order, {"currency": "BHD"})["subtotal"] == 1005


def test_an_order_that_is_placed_is_not_changed(account):
    order = account.order()
    answer = account.client.patch("/v1/orders/" + order["id"], {"note": "x"})
    assert (answer.status, answer.code) == (409, "state_conflict"), answer
    assert answer.json()["state"] == "placed"
    assert answer.json()["available_actions"] == order["available_actions"]


def test_unique_values(account):
    first, second = account.product(sku=unique()), account.product(sku=unique())
    answer = account.client.patch("/v1/products/" + second["id"], {"sku": first["sku"]})
    assert (answer.status, answer.code) == (409, "already_exists"), answer
    patch(account, first, {"sku": None})
    assert patch(account, second, {"sku": first["sku"]})["sku"] == first["sku"]


@pytest.mark.parametrize("body", [{"name": None}, {"currency": "XXQ"}, {"unit_price": "-1"},
                                  {"unit_price": None}, {"tax_percent": "100.000001"}])
def test_products_that_are_refused(account, body):
    answer = account.client.patch("/v1/products/" + account.product()["id"], body)
    assert answer.status == 422, answer


def test_members_with_a_default_and_null(account):
    """null for a member that is not nullable is refused, or gives the default; never a 5xx."""
    product = account.product()
    for member in ("tax_percent", "active", "metadata"):
        answer = account.client.patch("/v1/products/" + product["id"], {member: None})
        assert answer.status in (200, 422), answer
    order = account.order(place=False)
    for member in ("customer_id", "currency", "order_date", "lines", "place", "metadata"):
        answer = account.client.patch("/v1/orders/" + order["id"], {member: None})
        assert answer.status in (200, 422), answer
        assert account.client.get("/v1/orders/" + order["id"]).status == 200
