# SPDX-License-Identifier: Apache-2.0
"""Totals of a document, worked out independently: exact decimals, rounded half away from zero."""

import decimal
from decimal import Decimal

EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0, "ISK": 0, "BHD": 3, "TND": 3}
# What every reader of JSON has exactly: the largest amount of a document.
LARGEST = (1 << 53) - 1

CONTEXT = decimal.Context(prec=80, rounding=decimal.ROUND_HALF_UP, traps=[
    decimal.InvalidOperation, decimal.DivisionByZero, decimal.Inexact])


def rounded(value):
    """An integer; ROUND_HALF_UP of decimal is half away from zero."""
    return int(value.to_integral_value(decimal.ROUND_HALF_UP))


def line_net(line, currency):
    net = CONTEXT.multiply(Decimal(line.get("quantity", "1")), Decimal(line["unit_price"]))
    net = CONTEXT.multiply(net, 100 - Decimal(line.get("discount_percent", "0")))
    return rounded(net.scaleb(EXPONENTS[currency] - 2, CONTEXT))


def totals(lines, currency):
    """(nets, [(rate, taxable, tax)], subtotal, tax, total)"""
    nets = [line_net(line, currency) for line in lines]
    groups = {}
    for line, net in zip(lines, nets):
        rate = Decimal(line.get("tax_percent", "0"))
        groups[rate] = groups.get(rate, 0) + net
    taxes = [(rate, base, rounded(CONTEXT.multiply(rate, Decimal(base)).scaleb(-2, CONTEXT)))
             for rate, base in sorted(groups.items())]
    subtotal = sum(nets)
    tax = sum(row[2] for row in taxes)
    return nets, taxes, subtotal, tax, subtotal + tax


def text(value):
    """A decimal as the API writes it: no trailing zeros, no exponent."""
    shortest = format(value.normalize(), "f")
    return "0" if shortest in ("-0", "") else shortest


def check(document, lines, currency):
    """Compares a document's numbers with the model's."""
    nets, taxes, subtotal, tax, total = totals(lines, currency)
    assert [row["net"] for row in document["lines"]] == nets, (document, lines)
    assert (document["subtotal"], document["tax"], document["total"]) == (subtotal, tax, total), \
        (document, lines)
    if "taxes" in document:
        assert [(Decimal(t["tax_percent"]), t["taxable"], t["tax"])
                for t in document["taxes"]] == taxes, (document, lines)
    for given, row in zip(lines, document["lines"]):
        for name in ("quantity", "unit_price", "discount_percent", "tax_percent"):
            if name in given:
                assert row[name] == text(Decimal(given[name])), (name, given, row)


def random_decimal(rng, whole, places):
    text = str(rng.randrange(10 ** rng.randrange(1, whole + 1)))
    places = rng.randrange(places + 1)
    return text + (f".{rng.randrange(10 ** places):0{places}d}" if places else "")


def random_line(rng, currency, negative=0.1):
    """A line; often one whose net or tax lies exactly between two minor units."""
    line = {"description": "x", "quantity": random_decimal(rng, 4, 6),
            "unit_price": random_decimal(rng, 5, 6)}
    if Decimal(line["quantity"]) == 0:
        line["quantity"] = "0.000001"
    if rng.random() < 0.4:
        # a tie: an odd multiple of half a minor unit
        half = Decimal(2 * rng.randrange(5000) + 1) / 2
        line["quantity"] = "1"
        line["unit_price"] = format(half.scaleb(-EXPONENTS[currency]), "f")
    if rng.random() < negative:
        line["unit_price"] = "-" + line["unit_price"]
        if Decimal(line["unit_price"]) == 0:
            line["unit_price"] = "0"
    if rng.random() < 0.5:
        line["discount_percent"] = rng.choice(
            ["0", "100", "50", "33.333333", "0.000001", "99.999999", "12.5", "10"])
    line["tax_percent"] = rng.choice(["0", "19", "7", "20", "5.5", "21", "0.000001", "100", "8.1",
                                      "33.333333", "2.5"])
    return line
