# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of the worker under test, and what it promises of an answer."""

import datetime
import json
import re

import jsonschema

from support.http import Client

DOCUMENT = Client().ok("GET", "/openapi.json")
FORMATS = jsonschema.FormatChecker(formats=())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value):
    if isinstance(value, str):
        datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
        return TIME.fullmatch(value) is not None
    return True


@FORMATS.checks("date", raises=ValueError)
def _is_date(value):
    return not isinstance(value, str) or bool(datetime.date.fromisoformat(value))


@FORMATS.checks("json-pointer")
def _is_pointer(value):
    return not isinstance(value, str) or value == "" or value.startswith("/")


class Operation:
    def __init__(self, method, path, body):
        self.method, self.path, self.body = method.upper(), path, body
        self.id = body["operationId"]
        self.permission = body["x-permission"]
        self.pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
        self.parameters = [resolve(p) for p in body.get("parameters", [])]
        self.responses = {int(status): resolve(r) for status, r in body["responses"].items()}

    def takes(self, name, where):
        return any(p["name"] == name and p["in"] == where for p in self.parameters)

    @property
    def is_list(self):
        return self.takes("cursor", "query")

    @property
    def input(self):
        """The schema of the body; None: it takes none."""
        if "requestBody" not in self.body:
            return None
        return resolve(self.body["requestBody"]["content"]["application/json"]["schema"])

    @property
    def needs_body(self):
        return self.body.get("requestBody", {}).get("required", False)

    def __repr__(self):
        return self.id


def resolve(node):
    """What a reference stands for; members beside it stay."""
    while "$ref" in node:
        target = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
    return node


OPERATIONS = [Operation(method, path, body)
              for path, methods in DOCUMENT["paths"].items()
              for method, body in methods.items()]
BY_ID = {op.id: op for op in OPERATIONS}
PATHS = {}
for _op in OPERATIONS:
    PATHS.setdefault(_op.path, {})[_op.method] = _op


def closed(node, parent=""):
    """The schema with every object closed: a member that is not documented is a fault."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: closed(item, key) for key, item in node.items()}
    if parent != "properties" and "properties" in node and "additionalProperties" not in node:
        result["additionalProperties"] = False
    return result


CLOSED = {"components": closed(DOCUMENT["components"])}
_validators = {}


def validator(schema):
    key = json.dumps(schema, sort_keys=True)
    if key not in _validators:
        _validators[key] = jsonschema.Draft202012Validator(
            {**closed(schema), **CLOSED}, format_checker=FORMATS)
    return _validators[key]


PROBLEM = {"$ref": "#/components/schemas/Problem"}


def find(method, target):
    """The operation of a request: a path without parameters wins; None when there is none."""
    path = target.partition("?")[0]
    method = "GET" if method == "HEAD" else method
    found = [op for op in OPERATIONS if op.method == method and op.pattern.fullmatch(path)]
    return min(found, key=lambda op: op.path.count("{"), default=None)


def faults_of(schema, value):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
            for e in validator(schema).iter_errors(value)][:3]
