# SPDX-License-Identifier: Apache-2.0
"""Accounts with their users and keys, made with remitctl, and objects made through the API."""

import itertools

from support import environment
from support.http import Client

ROLES = ("owner", "admin", "accountant", "sales", "viewer")
PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


def unique(word="x"):
    """A text that no other object of this stack has, also not of an earlier run."""
    return f"{word}-{environment.SEED:x}-{next(_numbers)}"


class Account:
    def __init__(self, currency="EUR"):
        self.currency = currency
        self.id = environment.remitctl("account", "create", "--name", unique("Account"),
                                       "--currency", currency)
        self.client = Client(self.key_of("owner"))

    def key_of(self, role):
        return environment.remitctl("key", "create", "--account", self.id, "--name", role,
                                    "--role", role)

    def add_user(self, role, email=None, password=PASSWORD):
        """(user id, e-mail)"""
        email = email or unique(role) + "@example.com"
        user = environment.remitctl("user", "create", "--account", self.id, "--email", email,
                                    "--role", role, "--password-stdin", stdin=password + "\n")
        return user, email

    def session_of(self, email, password=PASSWORD):
        """A logged-in client; its session's object is client.session, what it has
        written client.position."""
        answer = Client().post("/v1/sessions", {"email": email, "password": password,
                                                "account_id": self.id})
        assert answer.status == 201, answer
        client = Client(answer.json()["token"])
        client.session = answer.json()
        client.position = answer.header("remit-consistency")
        return client

    # Objects, as the API answers them. Named members replace those of the body.

    def customer(self, **members):
        return self.client.ok("POST", "/v1/customers", customer_body(**members))

    def product(self, **members):
        return self.client.ok("POST", "/v1/products", product_body(**members))

    def order(self, place=True, **members):
        if "customer_id" not in members:
            members["customer_id"] = self.customer()["id"]
        return self.client.ok("POST", "/v1/orders", order_body(place=place, **members))

    def invoice(self, finalize=True, **members):
        if "customer_id" not in members and "order_id" not in members:
            members["customer_id"] = self.customer()["id"]
        return self.client.ok("POST", "/v1/invoices", invoice_body(finalize=finalize, **members))

    def payment(self, invoice=None, **members):
        invoice = invoice or self.invoice()
        return self.client.ok("POST", "/v1/payments", {
            "invoice_id": invoice["id"], "amount": invoice["amount_due"], **members})

    def credit_note(self, invoice=None, **members):
        return self.client.ok("POST", "/v1/credit_notes", credit_body(
            invoice or self.invoice(), **members))


def line(**members):
    return {"description": "Queso Cabrales", "quantity": "3", "unit_price": "14.25",
            "tax_percent": "19", **members}


def customer_body(**members):
    return {"name": unique("Customer"), "currency": "EUR", **members}


def product_body(**members):
    return {"name": unique("Product"), "currency": "EUR", "unit_price": "18.00",
            "tax_percent": "7", **members}


def order_body(customer_id, **members):
    return {"customer_id": customer_id, "lines": [line()], **members}


def invoice_body(**members):
    return members if "order_id" in members else {"lines": [line()], **members}


def credit_body(invoice, **members):
    return {"invoice_id": invoice["id"], "lines": [line(quantity="1")], **members}


# A request for each operation that succeeds, on fresh objects of the account: (path, body).
SAMPLES = {
    "health.live": lambda a: ("/health/live", None),
    "health.ready": lambda a: ("/health/ready", None),
    "health.get": lambda a: ("/health", None),
    "metrics.get": lambda a: ("/metrics", None),
    "openapi.get": lambda a: ("/openapi.json", None),
    "account.get": lambda a: ("/v1/account", None),
    "account.update": lambda a: ("/v1/account", {"name": unique("Account")}),
    "me.get": lambda a: ("/v1/me", None),
    "me.change_password": lambda a: (
        "/v1/me/password", {"current_password": PASSWORD, "new_password": PASSWORD}),
    "users.create": lambda a: ("/v1/users", {
        "email": unique("new") + "@example.com", "name": "New", "role": "viewer"}),
    "users.list": lambda a: ("/v1/users", None),
    "users.get": lambda a: (f"/v1/users/{a.add_user('viewer')[0]}", None),
    "users.update": lambda a: (f"/v1/users/{a.add_user('viewer')[0]}", {"role": "sales"}),
    "users.remove": lambda a: (f"/v1/users/{a.add_user('viewer')[0]}", None),
    "sessions.create": lambda a: ("/v1/sessions", {
        "email": a.add_user("viewer")[1], "password": PASSWORD}),
    "sessions.list": lambda a: ("/v1/sessions", None),
    "sessions.revoke": lambda a: (
        "/v1/sessions/" + a.session_of(a.add_user("viewer")[1]).session["id"], None),
    "api_keys.create": lambda a: ("/v1/api_keys", {"name": "new", "scopes": "orders:read"}),
    "api_keys.list": lambda a: ("/v1/api_keys", None),
    "api_keys.get": lambda a: (f"/v1/api_keys/{new_key(a)['id']}", None),
    "api_keys.revoke": lambda a: (f"/v1/api_keys/{new_key(a)['id']}", None),
    "api_keys.rotate": lambda a: (f"/v1/api_keys/{new_key(a)['id']}/rotate", {"overlap_s": 60}),
    "customers.create": lambda a: ("/v1/customers", customer_body()),
    "customers.list": lambda a: ("/v1/customers", None),
    "customers.get": lambda a: (f"/v1/customers/{a.customer()['id']}", None),
    "customers.update": lambda a: (f"/v1/customers/{a.customer()['id']}", {"phone": "1"}),
    "products.create": lambda a: ("/v1/products", product_body()),
    "products.list": lambda a: ("/v1/products", None),
    "products.get": lambda a: (f"/v1/products/{a.product()['id']}", None),
    "products.update": lambda a: (f"/v1/products/{a.product()['id']}", {"unit": "box"}),
    "orders.create": lambda a: ("/v1/orders", order_body(a.customer()["id"])),
    "orders.list": lambda a: ("/v1/orders", None),
    "orders.get": lambda a: (f"/v1/orders/{a.order()['id']}", None),
    "orders.update": lambda a: (f"/v1/orders/{a.order(place=False)['id']}", {"note": "n"}),
    "orders.place": lambda a: (f"/v1/orders/{a.order(place=False)['id']}/place", None),
    "orders.cancel": lambda a: (f"/v1/orders/{a.order()['id']}/cancel", None),
    "invoices.create": lambda a: ("/v1/invoices", {"order_id": a.order()["id"]}),
    "invoices.preview": lambda a: ("/v1/invoices/preview", {"order_id": a.order()["id"]}),
    "invoices.list": lambda a: ("/v1/invoices", None),
    "invoices.get": lambda a: (f"/v1/invoices/{a.invoice()['id']}", None),
    "invoices.delete": lambda a: (f"/v1/invoices/{a.invoice(finalize=False)['id']}", None),
    "invoices.finalize": lambda a: (
        f"/v1/invoices/{a.invoice(finalize=False)['id']}/finalize", {}),
    "invoices.void": lambda a: (f"/v1/invoices/{a.invoice()['id']}/void", None),
    "payments.create": lambda a: ("/v1/payments", {
        "invoice_id": a.invoice()["id"], "amount": 100}),
    "payments.list": lambda a: ("/v1/payments", None),
    "payments.get": lambda a: (f"/v1/payments/{a.payment()['id']}", None),
    "payments.succeed": lambda a: (
        f"/v1/payments/{a.payment(status='pending')['id']}/succeed", None),
    "payments.fail": lambda a: (
        f"/v1/payments/{a.payment(status='pending')['id']}/fail", {"reason": "declined"}),
    "payments.cancel": lambda a: (
        f"/v1/payments/{a.payment(status='pending')['id']}/cancel", None),
    "credit_notes.create": lambda a: ("/v1/credit_notes", credit_body(a.invoice())),
    "credit_notes.list": lambda a: ("/v1/credit_notes", None),
    "credit_notes.get": lambda a: (f"/v1/credit_notes/{a.credit_note()['id']}", None),
    "ledger.trial_balance": lambda a: ("/v1/ledger/trial_balance", None),
    "ledger.list_entries": lambda a: ("/v1/ledger/entries", None),
    "ledger.list_accounts": lambda a: ("/v1/ledger/accounts", None),
}


def new_key(account):
    return account.client.ok("POST", "/v1/api_keys", {"name": "new", "scopes": "orders:read"})


# For paths whose {id} names nothing: an id of the right form that nobody has.
PREFIXES = {"users": "usr", "sessions": "ses", "api_keys": "key", "customers": "cus",
            "products": "prd", "orders": "ord", "invoices": "inv", "payments": "pay",
            "credit_notes": "crn"}


def nowhere(op):
    """The path of an operation with the id of nothing."""
    return op.path.replace("{id}", PREFIXES[op.path.split("/")[2]] + "_01j00000000000000000000000"
                           if "{id}" in op.path else "")
