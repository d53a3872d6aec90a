# SPDX-License-Identifier: Apache-2.0
"""The order of the tests, and the accounts they share."""

import sys

sys.dont_write_bytecode = True

import pytest  # noqa: E402

from support import environment, world  # noqa: E402
from support.http import Client  # noqa: E402

# What disturbs the stack comes late; what judges everything that was said comes last.
ORDER = ("test_http", "test_sessions", "test_api_keys", "test_users", "test_permissions",
         "test_tenancy", "test_bad_bodies", "test_bad_parameters", "test_idempotency",
         "test_conditional", "test_patch", "test_lists", "test_orders", "test_money",
         "test_billing", "test_races", "test_consistency", "test_cache_faults", "test_mix",
         "test_last")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: ORDER.index(item.module.__name__))


def pytest_report_header():
    return f"seed: REMIT_TEST_SEED={environment.SEED}, slowness {environment.SLOWNESS:g}"


def pytest_terminal_summary(terminalreporter):
    # -q leaves out the header
    terminalreporter.write_line(f"seed: REMIT_TEST_SEED={environment.SEED}")


@pytest.fixture(scope="session")
def account():
    """An account that tests may fill."""
    return world.Account()


@pytest.fixture(scope="session")
def other():
    """Another account, whose objects nobody else may see."""
    return world.Account()


@pytest.fixture
def fresh():
    """An account with nothing in it."""
    return world.Account()


@pytest.fixture(scope="session")
def anybody():
    """A client without credentials."""
    return Client()


@pytest.fixture(scope="session")
def sessions(account):
    """{role: logged-in client}"""
    return {role: account.session_of(account.add_user(role)[1]) for role in world.ROLES}
