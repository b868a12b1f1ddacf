# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the lab tests: one campus with a running gateway for each test file."""
import signal

import pytest

from lab import Lab


def pytest_configure():
    """Told to leave, all of it ends: what a test raises ends that test alone."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, lambda n, _frame: pytest.exit(f"signal {n}", 128 + n))


def responders():
    """Sockets on the mDNS port of this machine's own network: (file, address, inode)."""
    found = set()
    for path in ("/proc/net/udp", "/proc/net/udp6"):
        with open(path, encoding="ascii") as sockets:
            for fields in map(str.split, sockets):
                if fields[1].endswith(":14E9"):
                    found.add((path, fields[1], fields[9]))
    return found


@pytest.fixture(scope="session", autouse=True)
def responders_before():
    """The lab speaks in its own namespaces only: the machine's network is as it was."""
    before = responders()
    yield before
    assert responders() == before


@pytest.fixture(scope="module")
def lab():
    """A switch without a running gateway."""
    with Lab() as made:
        yield made


@pytest.fixture(scope="module")
def campus(lab):
    """The lab with linkspan running; it must leave cleanly at the end."""
    lab.gateway.start()
    yield lab
    lab.gateway.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the gateway and the switch said."""
    outcome = yield
    report = outcome.get_result()
    made = getattr(item, "funcargs", {}).get("lab") or getattr(item, "funcargs", {}).get("campus")
    if report.failed and made is not None:
        report.sections.append(("linkspan", made.gateway.log()[-8000:]))
        report.sections.append(("ovs-vswitchd", made.switch.daemon.output()[-2000:]))
