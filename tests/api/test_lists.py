# SPDX-License-Identifier: Apache-2.0
"""Pages, filters, sorts."""

import datetime
import threading

import pytest

from support import environment, world
from support.http import Client
from support.world import customer_body, unique


@pytest.fixture(scope="module")
def place():
    """An account with more rows than two pages of any size."""
    place = world.Account()
    place.customers = [place.customer(external_id=f"c{i}", email=f"{i % 3}@example.com")
                       for i in range(260)]
    return place


def time_of(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize("limit", [1, 7, 25, 100])
@pytest.mark.parametrize("sort", ["created_at", "-created_at", None])
def test_every_row_once(place, sort, limit):
    target = "/v1/customers" + (f"?sort={sort}" if sort else "")
    rows = list(place.client.pages(target, limit))
    ids = [row["id"] for row in rows]
    assert sorted(ids) == sorted(c["id"] for c in place.customers)
    assert ids == sorted(ids, reverse=sort != "created_at")
    times = [row["created_at"] for row in rows]
    assert times == sorted(times, reverse=sort != "created_at")


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
def test_every_row_once_while_others_come(sort):
    place = world.Account()
    old = [place.customer()["id"] for _ in range(120)]
    stop, errors, added = threading.Event(), [], []

    def insert():
        client = Client(place.client.token)
        while not stop.is_set():
            answer = client.post("/v1/customers", customer_body())
            if answer.status != 201:
                errors.append(answer)
            else:
                added.append(answer.json()["id"])

    threads = [threading.Thread(target=insert) for _ in range(2)]
    for thread in threads:
        thread.start()
    walked = []
    target = f"/v1/customers?limit=5&sort={sort}"
    try:
        for row in place.client.pages(target):
            walked.append(row["id"])
            if len(walked) > 2000:
                break
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not errors, errors[:2]
    assert added
    assert len(walked) == len(set(walked)), "a row came twice"
    assert walked == sorted(walked, reverse=sort[0] == "-")
    assert set(old) <= set(walked), "a row was left out"


def test_the_envelope(place):
    page = place.client.ok("GET", "/v1/customers")
    assert set(page) == {"object", "data", "has_more", "next_cursor"}
    assert page["object"] == "list" and len(page["data"]) == 25 and page["has_more"] is True
    whole = place.client.get("/v1/customers?limit=100&filter[external_id]=c7")
    assert whole.json()["next_cursor"] is None and whole.header("link") is None
    assert [row["external_id"] for row in whole.json()["data"]] == ["c7"]


def test_exactly_full_pages(fresh):
    for n in range(1, 4):
        fresh.customer()
        page = fresh.client.ok("GET", f"/v1/customers?limit={n}")
        assert len(page["data"]) == n and page["has_more"] is False, "nothing more is there"
    assert fresh.client.ok("GET", "/v1/orders") == {
        "object": "list", "data": [], "has_more": False, "next_cursor": None}


def test_rows_are_what_get_answers(place):
    for row in place.client.ok("GET", "/v1/customers?limit=5")["data"]:
        assert place.client.ok("GET", "/v1/customers/" + row["id"]) == row


@pytest.mark.parametrize("sort", ["created_at", "-created_at"])
def test_filter_by_email(place, sort):
    for i in range(3):
        rows = list(place.client.pages(
            f"/v1/customers?filter[email]={i}@example.com&sort={sort}", 10))
        assert sorted(r["id"] for r in rows) == sorted(
            c["id"] for c in place.customers if c["email"] == f"{i}@example.com")
        ids = [row["id"] for row in rows]
        assert ids == sorted(ids, reverse=sort[0] == "-")


def test_filters_by_time(place):
    """Each bound, alone and with the others, against the rows themselves."""
    rng = environment.rng("filters")
    rows = [(c["id"], c["created_at"]) for c in place.customers]
    tests = {"gte": lambda t, b: t >= b, "gt": lambda t, b: t > b,
             "lte": lambda t, b: t <= b, "lt": lambda t, b: t < b}
    for _ in range(environment.times(60)):
        bounds = {}
        for name in rng.sample(sorted(tests), rng.randrange(1, 4)):
            when = time_of(rng.choice(rows)[1])
            if rng.random() < 0.3:
                when += datetime.timedelta(microseconds=rng.randrange(-1500, 1500))
            bounds[name] = when
        target = "/v1/customers?sort=" + rng.choice(("created_at", "-created_at"))
        for name, when in bounds.items():
            target += f"&filter[created_at][{name}]={when.isoformat(timespec='microseconds')}Z"
        expected = {i for i, t in rows if all(tests[n](time_of(t), b) for n, b in bounds.items())}
        found = [row["id"] for row in place.client.pages(target, 100)]
        assert len(found) == len(set(found)) and set(found) == expected, target


def test_times_of_other_zones(place):
    when = time_of(place.customers[100]["created_at"])
    local = (when + datetime.timedelta(hours=2)).isoformat(timespec="milliseconds") + "%2B02:00"
    plain = when.isoformat(timespec="milliseconds") + "Z"
    rows = [[row["id"] for row in place.client.pages(
        f"/v1/customers?filter[created_at][gte]={text}", 100)] for text in (local, plain)]
    assert rows[0] == rows[1] and place.customers[100]["id"] in rows[0]


def test_filters_that_exclude_each_other(account):
    for path in ("/v1/customers?filter[email]=a@example.com&filter[external_id]=x",
                 "/v1/products?filter[sku]=x&filter[active]=true",
                 "/v1/orders?filter[status]=draft&filter[external_id]=x",
                 "/v1/invoices?filter[status]=open&filter[number]=INV-000001",
                 "/v1/payments?filter[status]=pending&filter[external_id]=x"):
        answer = account.client.get(path)
        assert (answer.status, answer.code) == (400, "invalid_parameter"), answer


def test_filters_of_orders_and_invoices(fresh):
    customers = [fresh.customer()["id"] for _ in range(2)]
    orders = [fresh.order(customer_id=customers[i % 2], place=i % 3 == 0, external_id=f"o{i}")
              for i in range(9)]
    invoices = [fresh.invoice(customer_id=customers[i % 2], finalize=i % 2 == 0,
                              external_id=f"i{i}") for i in range(6)]
    payments = [fresh.payment(invoices[0], amount=1, status=status, external_id=status)
                for status in ("pending", "succeeded")]
    products = [fresh.product(sku=f"s{i}", active=i % 2 == 0) for i in range(4)]
    note = fresh.credit_note(invoices[2], external_id="n")

    def ids(path):
        return sorted(r["id"] for r in fresh.client.pages(path, 2))

    def those(rows, **members):
        return sorted(r["id"] for r in rows if all(r[k] == v for k, v in members.items()))

    for customer in customers:
        for kind, rows in (("orders", orders), ("invoices", invoices)):
            for sort in ("", "&sort=created_at"):
                assert ids(f"/v1/{kind}?filter[customer_id]={customer}{sort}") == \
                    those(rows, customer_id=customer)
    for status in ("draft", "placed", "cancelled"):
        assert ids(f"/v1/orders?filter[status]={status}") == those(orders, status=status)
    for status in ("draft", "open", "paid", "void"):
        expected = {row["id"] for row in invoices if fresh.client.ok(
            "GET", "/v1/invoices/" + row["id"])["status"] == status}
        assert ids(f"/v1/invoices?filter[status]={status}") == sorted(expected)
    assert ids("/v1/orders?filter[external_id]=o3") == [orders[3]["id"]]
    assert ids("/v1/invoices?filter[external_id]=i3") == [invoices[3]["id"]]
    assert ids(f"/v1/invoices?filter[number]={invoices[4]['number']}") == [invoices[4]["id"]]
    assert ids("/v1/payments?filter[external_id]=pending") == [payments[0]["id"]]
    assert ids("/v1/payments?filter[status]=succeeded") == [payments[1]["id"]]
    assert ids(f"/v1/payments?filter[invoice_id]={invoices[0]['id']}") == \
        sorted(p["id"] for p in payments)
    assert ids(f"/v1/credit_notes?filter[invoice_id]={invoices[2]['id']}") == [note["id"]]
    assert ids("/v1/credit_notes?filter[external_id]=n") == [note["id"]]
    for active in ("true", "false"):
        assert ids(f"/v1/products?filter[active]={active}") == \
            those(products, active=active == "true")
    assert ids("/v1/products?filter[sku]=s1") == [products[1]["id"]]
    assert ids("/v1/products?filter[sku]=" + unique()) == []


def test_a_unique_filter_with_times(fresh):
    made = fresh.customer(external_id="x")
    for bound, n in (("gte", 1), ("gt", 0), ("lte", 1), ("lt", 0)):
        target = ("/v1/customers?filter[external_id]=x"
                  f"&filter[created_at][{bound}]={made['created_at']}")
        assert len(fresh.client.ok("GET", target)["data"]) == n, bound
