# SPDX-License-Identifier: Apache-2.0
"""Processes seen from outside: CPU clocks, cores, memory, reads. Linux only."""

import os
import re
import time


def pids_parse(text):
    """Process ids from '12 34' or '12,34'."""
    return [int(word) for word in re.split(r"[\s,]+", text or "") if word]


def family(pid):
    """A process and all its descendants: nginx answers in the children of the given pid."""
    found = [pid]
    for parent in found:
        try:
            tasks = os.listdir(f"/proc/{parent}/task")
        except FileNotFoundError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{parent}/task/{task}/children", encoding="ascii") as f:
                    found.extend(int(word) for word in f.read().split())
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


def cpu_seconds(pid):
    """CPU time of a process over all its threads, those that ended too, from its own clock:
    /proc/<pid>/stat counts in ticks of 10 ms."""
    return time.clock_gettime((~pid << 3) | 2)


def core_busy_seconds(core):
    """How long a core was not idle, since boot; in steps of 10 ms."""
    with open("/proc/stat", encoding="ascii") as f:
        for line in f:
            name, *ticks = line.split()
            if name == f"cpu{core}":
                user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
                busy = user + nice + system + irq + softirq + steal
                return busy / os.sysconf("SC_CLK_TCK")
    raise ValueError(f"there is no core {core}")


def threads(pid):
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except FileNotFoundError:
        return []


class Cores:
    """Pins processes to cores, and puts everything back as it was."""

    def __init__(self):
        usable = sorted(os.sched_getaffinity(0))
        self.server = usable[0]
        self.client = usable[1] if len(usable) > 1 else usable[0]
        self.possible = len(usable) > 1
        self.before = {}

    def pin_servers(self, pids):
        if not self.possible:
            return
        for pid in pids:
            for tid in threads(pid):
                try:
                    if tid not in self.before:
                        self.before[tid] = os.sched_getaffinity(tid)
                    os.sched_setaffinity(tid, {self.server})
                except (ProcessLookupError, PermissionError):
                    pass

    def restore(self):
        # threads made meanwhile inherited the pin, hence the process's own answer for them
        for tid, cores in list(self.before.items()):
            for other in threads(tid) or [tid]:
                try:
                    os.sched_setaffinity(other, self.before.get(other, cores))
                except (ProcessLookupError, PermissionError):
                    pass


def pss_kib(pid):
    """Proportional set size: shared pages count once over all who map them."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        for line in f:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    raise ValueError(f"no Pss of process {pid}")


def read_calls(pid):
    """How many read-like system calls a process made."""
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        for line in f:
            if line.startswith("syscr:"):
                return int(line.split()[1])
    raise ValueError(f"no syscr of process {pid}")
