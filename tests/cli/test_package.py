# SPDX-License-Identifier: BSD-3-Clause
"""The Debian package: built, checked, and installed, upgraded and purged in an overlay over this machine."""
import os
import re
import subprocess

import pytest

from conftest import ROOT, run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="overlays need root")

# A root over /, which is as it was afterwards.
OVER = r"""
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
mount -t proc proc /mnt/root/proc
mount --rbind /dev /mnt/root/dev
"""

# Runs the commands given on its standard input in a chroot over /, which is as it was afterwards.
OVERLAY = OVER + r"""
mount --rbind /sys /mnt/root/sys
mount -t tmpfs tmpfs /mnt/root/run
cp "$@" /mnt/root/tmp/
printf '#!/bin/sh\nexit 101\n' >/mnt/root/usr/sbin/policy-rc.d
chmod 755 /mnt/root/usr/sbin/policy-rc.d
exec chroot /mnt/root /bin/bash -e -s
"""

# The same with systemd as its first process, booted as far as basic.target; the commands beside it.
BOOTED = OVER + r"""
mount -t sysfs sysfs /mnt/root/sys
mount -t cgroup2 cgroup2 /mnt/root/sys/fs/cgroup
mount -t tmpfs tmpfs /mnt/root/run
mkdir -p /mnt/root/opt/test
cp "$@" /mnt/root/opt/test/
rm -f /mnt/root/usr/sbin/policy-rc.d
cat >/mnt/root/opt/test/script
exec chroot /mnt/root /bin/bash -c '
    export container=lxc
    (for i in $(seq 300); do systemctl is-system-running 2>/dev/null | grep -qE "running|degraded" && break; sleep 0.1; done
     bash -e /opt/test/script; echo "script: $?"; systemctl poweroff --force --force) &
    exec /lib/systemd/systemd --system --unit=basic.target --log-target=null'
"""


def booted(script, *files):
    """What the commands say that run beside systemd."""
    done = subprocess.run(["timeout", "200", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net",
                           "--cgroup", "--propagation", "private", "bash", "-c", BOOTED, "bash", *map(str, files)],
                          input=script, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
                          check=False)
    return done.stdout


def can_boot():
    """Whether this machine lets namespaces have what systemd needs."""
    return run("unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "--propagation", "private", "sh", "-c",
               "mount -t tmpfs t /mnt && mkdir /mnt/c && mount -t sysfs s /mnt/c && "
               "mount -t cgroup2 c /mnt/c/fs/cgroup").returncode == 0


def in_overlay(script, *files):
    return subprocess.run(["unshare", "--mount", "--pid", "--fork", "--propagation", "private", "bash", "-c", OVERLAY,
                           "bash", *map(str, files)], input=script, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300, check=False)


@pytest.fixture(scope="module")
def packages():
    """Version 0.1.0 as built, and the same as 0.1.1."""
    done = subprocess.run([f"{ROOT}/run", "package"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:]  # lintian's errors are among these
    folder = f"{ROOT}/build/package"
    version = run("dpkg-parsechangelog", "-l", f"{ROOT}/deploy/debian/changelog", "-S", "Version").stdout.strip()
    assert f"version: '{version}'" in open(f"{ROOT}/meson.build", encoding="utf-8").read()
    deb = f"{folder}/linkspan_{version}_{run('dpkg', '--print-architecture').stdout.strip()}.deb"
    for name in (deb, f"{folder}/linkspan_{version}.dsc", f"{folder}/linkspan_{version}.tar.xz"):
        assert os.path.exists(name)
    next_deb = f"{folder}/next.deb"
    script = f"""set -e
        dpkg-deb -R {deb} {folder}/next
        sed -i 's/^Version: .*/Version: {version}+next/' {folder}/next/DEBIAN/control
        echo '# a newer example' >>{folder}/next/etc/linkspan/linkspan.yaml
        dpkg-deb -b {folder}/next {next_deb} >/dev/null"""
    assert run("bash", "-c", script).returncode == 0
    return deb, next_deb


def test_install_upgrade_purge(packages):
    deb, next_deb = packages
    done = in_overlay(f"""
        dpkg -i /tmp/{os.path.basename(deb)}
        getent group linkspan
        linkspan --version
        linkspan -c /etc/linkspan/linkspan.yaml --check
        man -w linkspan linkspanctl linkspan.yaml
        logrotate -d /etc/logrotate.d/linkspan 2>&1 | grep -c 'considering log' || true
        sed -i 's/id: linkspan/id: mine/' /etc/linkspan/linkspan.yaml
        dpkg --force-confold -i /tmp/next.deb
        grep -q 'id: mine' /etc/linkspan/linkspan.yaml && echo KEPT
        mkdir -p /var/log/linkspan && touch /var/log/linkspan/audit.jsonl
        dpkg -r linkspan
        test -e /etc/linkspan/linkspan.yaml && echo STILL
        dpkg -P linkspan
        for f in /etc/linkspan /etc/default/linkspan /etc/logrotate.d/linkspan /var/log/linkspan /usr/sbin/linkspan \\
            /usr/bin/linkspanctl /lib/systemd/system/linkspan.service /usr/share/linkspan; do
            test ! -e $f || echo "LEFT $f"
        done
        echo DONE
    """, deb, next_deb)
    out = done.stdout
    assert done.returncode == 0, out
    assert re.search(r"^linkspan:x:\d+:$", out, re.M)
    assert "/etc/linkspan/linkspan.yaml: ok" in out
    assert out.count("/usr/share/man/man") == 3
    assert "KEPT" in out and "STILL" in out and out.rstrip().endswith("DONE")
    assert "LEFT" not in out


def test_what_is_installed_runs(packages):
    """The program with the drivers that its package depends on, started and asked."""
    done = in_overlay(f"""
        dpkg -i /tmp/{os.path.basename(packages[0])} >/dev/null
        sed -i 's/kernel:eth1/tap:packaged0/' /etc/linkspan/linkspan.yaml
        mkdir -p /run/linkspan /var/log/linkspan
        linkspan -c /etc/linkspan/linkspan.yaml -- --no-huge 2>/tmp/log &
        for i in $(seq 600); do
            linkspanctl selftest && break
            sleep 0.1
        done
        stat -c '%U %G %a' /run/linkspan/control.sock
        linkspanctl show status
        kill -QUIT %1
        wait %1 && echo LEFT-WELL || cat /tmp/log
    """, packages[0])
    assert done.returncode == 0, done.stdout
    assert "found: " in done.stdout and "LEFT-WELL" in done.stdout
    assert "root linkspan 660" in done.stdout


UNTIL = """
until_true() { for i in $(seq 300); do "$@" && return 0; sleep 0.1; done; echo "NEVER: $*"; return 1; }
pid() { systemctl show -P MainPID linkspan; }
"""


def test_the_service_under_systemd(packages):
    """Started, asked, reloaded, rotated, restarted, stuck, upgraded, removed, by the real one."""
    if not can_boot():
        pytest.skip("no systemd can run in namespaces here")
    deb, next_deb = packages
    out = booted(UNTIL + f"""
        dpkg -i /opt/test/{os.path.basename(deb)} >/dev/null 2>&1
        echo "after install: $(systemctl is-enabled linkspan) $(systemctl is-active linkspan)"
        sed -i 's/kernel:eth1/tap:booted0/' /etc/linkspan/linkspan.yaml
        systemctl enable --now linkspan 2>/dev/null
        echo "started: $(systemctl is-active linkspan) $(systemctl show -P Type linkspan)"
        linkspanctl selftest | head -1
        until_true sh -c 'systemctl show -P StatusText linkspan | grep -q "2 links"'
        stat -c 'socket: %U %G %a' /run/linkspan/control.sock
        until_true grep -q 'Seccomp:.2' /proc/$(pid)/status
        grep CapEff /proc/$(pid)/status
        echo /linkspan/status | dpdk-telemetry.py -f linkspan-linkspan | grep -c '"ready": 1'
        cp /etc/linkspan/linkspan.yaml /opt/test/good.yaml
        echo 'nonsense: 1' >>/etc/linkspan/linkspan.yaml
        systemctl reload linkspan 2>/dev/null || echo "bad reload refused, $(systemctl is-active linkspan)"
        cp /opt/test/good.yaml /etc/linkspan/linkspan.yaml
        systemctl reload linkspan && echo "reloaded"
        until_true test -s /var/log/linkspan/audit.jsonl
        logrotate -f /etc/logrotate.d/linkspan
        until_true test -e /var/log/linkspan/audit.jsonl
        systemctl reload linkspan
        until_true test -s /var/log/linkspan/audit.jsonl && echo "rotated"
        was=$(pid)
        systemctl restart linkspan
        test "$(pid)" != "$was" && echo "restarted: $(systemctl is-active linkspan)"
        mkdir -p /etc/systemd/system/linkspan.service.d
        printf '[Service]\nWatchdogSec=2\n' >/etc/systemd/system/linkspan.service.d/test.conf
        systemctl daemon-reload; systemctl restart linkspan
        was=$(pid)
        kill -STOP $was
        until_true sh -c 'test "$(systemctl show -P NRestarts linkspan)" -ge 1 && test "$(systemctl is-active linkspan)" = active'
        test "$(pid)" != "$was" && echo "stuck, and started anew"
        was=$(pid)
        dpkg --force-confold -i /opt/test/next.deb >/dev/null 2>&1
        test "$(pid)" != "$was" && echo "upgraded: $(systemctl is-active linkspan)"
        echo 'nonsense: 1' >>/etc/linkspan/linkspan.yaml
        systemctl restart linkspan 2>/dev/null || echo "bad file: does not start"
        journalctl -u linkspan --no-pager | grep -c 'nonsense: found an unknown key' | sed 's/^[1-9].*/said why/'
        dpkg -P linkspan >/dev/null 2>&1
        systemctl list-unit-files linkspan.service --no-legend | wc -l | sed 's/^0$/purged/'
    """, deb, next_deb)
    wanted = ["after install: disabled inactive", "started: active notify", "socket: root linkspan 660",
              "bad reload refused, active", "reloaded", "rotated", "restarted: active", "stuck, and started anew",
              "upgraded: active", "bad file: does not start", "said why", "purged", "script: 0"]
    assert [w for w in wanted if w not in out] == [], out
    assert re.search(r"^found: ", out, re.M) and "NEVER" not in out, out
    assert re.search(r"^CapEff:\s+0000000000001000$", out, re.M), out  # CAP_NET_ADMIN, of the thread that closes ports


def test_the_program_is_hardened(packages):
    done = run("bash", "-c", f"cd /tmp && rm -rf x$$ && dpkg -x {packages[0]} x$$ && readelf -Wdl x$$/usr/sbin/linkspan; "
               f"readelf -Ws --dyn-syms x$$/usr/sbin/linkspan; rm -rf x$$")
    text = done.stdout
    assert "BIND_NOW" in text and "GNU_RELRO" in text and "__stack_chk_fail" in text and "_chk@" in text
    assert re.search(r"GNU_STACK.* RW ", text)


# --- man pages and completion -----------------------------------------------------------------

def commands():
    """The commands that linkspanctl's usage lists."""
    usage = run(os.path.join(os.environ.get("LINKSPAN_BUILD", f"{ROOT}/build"), "ctl", "linkspanctl"), "--help").stdout
    return sorted({m for m in re.findall(r"^  (\w+)", usage, re.M)})


def test_man_pages_are_well_formed_and_whole():
    for page in ("linkspan.8", "linkspanctl.1"):
        done = run("man", "--warnings", "-l", f"{ROOT}/deploy/man/{page}")
        assert (done.returncode, done.stderr) == (0, "")
    text = open(f"{ROOT}/deploy/man/linkspanctl.1", encoding="utf-8").read()
    assert len(commands()) == 12
    for command in commands():
        assert f".It Cm {command} " in text, command
    build = os.environ.get("LINKSPAN_BUILD", f"{ROOT}/build")
    done = run("man", "--warnings", "-l", f"{build}/deploy/linkspan.yaml.5")
    assert (done.returncode, done.stderr) == (0, "")
    for key in re.findall(r"^\| `(.+?)`", open(f"{ROOT}/docs/configuration.md", encoding="utf-8").read(), re.M)[:60]:
        assert key in done.stdout


def complete(gateway, *words):
    """What bash offers for the last of the words."""
    build = os.environ.get("LINKSPAN_BUILD", f"{ROOT}/build")
    script = f"""
        source {ROOT}/deploy/completion/linkspanctl
        compopt() {{ :; }}
        COMP_WORDS=({build}/ctl/linkspanctl -s {gateway.socket if gateway else '/nowhere'} {' '.join(words)})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _linkspanctl
        printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = run("bash", "-c", script)
    assert done.stderr == ""
    return done.stdout.split()


def test_completion(gateway):
    assert set(commands()) <= set(complete(None, "''"))
    assert complete(None, "show", "st") == ["status", "stations"]
    assert complete(None, "gateway", "''") == ["pause", "resume"]
    g = gateway().start()
    assert complete(g, "capture", "--link", "''") == ["a", "b"]
    assert complete(g, "link", "set", "''") == ["a", "b"]
    assert complete(g, "link", "set", "a", "mode", "=", "f") == ["filter"]
    assert complete(g, "flush", "link", "=", "''") == ["a", "b"]
