# SPDX-License-Identifier: Apache-2.0
"""The stack under test, as `./dev env` and `tests/support/stack env` describe it."""

import os
import pathlib
import random
import signal
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
STACK = ROOT / "tests" / "support" / "stack"


def _variable(name):
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set: run ./dev test api, or see tests/README.md")
    return value


URL = _variable("REMIT_URL").rstrip("/")
CONFIG = _variable("REMIT_CONFIG")
DIR = _variable("REMIT_STACK_DIR")
BUILD = pathlib.Path(_variable("REMIT_BUILD_DIR"))
PRIMARY = _variable("REMIT_PRIMARY_SOCKET")
REPLICAS = _variable("REMIT_REPLICA_SOCKETS").split()
WORKERS = _variable("REMIT_WORKER_PIDS").split()

# A build with sanitizers takes several times as long.
SANITIZED = b"__asan_init" in (BUILD / "remitd").read_bytes()
SLOWNESS = float(os.environ.get("REMIT_TEST_SLOWNESS", "2" if SANITIZED else "1"))
TIMEOUT = 20 * SLOWNESS

SEED = int(os.environ.get("REMIT_TEST_SEED") or random.SystemRandom().randrange(1 << 32))


def rng(name):
    """Random numbers of one test: the same for the same seed whatever else runs."""
    return random.Random(f"{SEED} {name}")


def times(n):
    """How often to repeat what takes long."""
    return max(2, int(n / SLOWNESS))


def stack_env():
    """What the stack says of itself now."""
    text = subprocess.run([STACK, "env", DIR], check=True, capture_output=True, text=True).stdout
    words = [word for word in shlex.split(text) if "=" in word]
    return dict(word.split("=", 1) for word in words)


def stack(*words):
    subprocess.run([STACK, words[0], DIR, *words[1:]], check=True, capture_output=True)


def remitctl(*words, stdin="", check=True):
    """The last line that remitctl prints."""
    done = subprocess.run([BUILD / "remitctl", "--config", CONFIG, *words], input=stdin,
                          capture_output=True, text=True)
    if not check:
        return done
    assert done.returncode == 0, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout.strip().split("\n")[-1]


def memcached_pids():
    return [int(pid) for pid in stack_env()["REMIT_MEMCACHED_PIDS"].split()]


class frozen:
    """With these processes stopped in the middle of whatever they do."""

    def __init__(self, pids):
        self.pids = pids

    def __enter__(self):
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGCONT)
