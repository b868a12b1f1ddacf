# SPDX-License-Identifier: BSD-3-Clause
"""
The kernel as a generator: an XDP program that writes the next of a table of frames, run on live frames (Linux 5.18)
which an interface then has received, 64 at a time. By packet sockets a CPU puts 400,000 frames a second on a veth
where this way an interface has a million. And a sink, for what an interface sends.
"""

import contextlib
import ctypes
import errno
import os
import signal
import socket
import struct
import tempfile

from proc import Failed, run

SLOT = 128    # bytes of a frame and its length in the table
BATCH = 64    # frames at a time: a veth has 256 places
SYS_BPF = 321  # x86-64
MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, PROG_LOAD, OBJ_PIN, PROG_RUN, LINK_CREATE = 0, 1, 2, 5, 6, 10, 28
ARRAY, SCHED_CLS, XDP = 2, 3, 6                   # kinds of maps and programs
ATTACH_XDP, XDP_DRV, LIVE_FRAMES = 37, 1 << 2, 2
XDP_DROP, XDP_PASS, TC_STOLEN = 1, 2, 4           # what a program returns
REDIRECT, ADJUST_TAIL = 23, 65                    # helpers

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    buf = ctypes.create_string_buffer(attr, 128)
    rc = libc.syscall(SYS_BPF, command, ctypes.byref(buf), len(buf))
    if rc < 0:
        raise OSError(ctypes.get_errno(), "bpf(%d): %s" % (command, os.strerror(ctypes.get_errno())))
    return rc


# --- instructions: (operation, registers, offset, constant) --------------------------------------


def insn(op, dst=0, src=0, off=0, imm=0):
    return struct.pack("<BBhi", op, src << 4 | dst, off, imm)


def mov(dst, src):
    return insn(0xBF, dst, src)


def mov_imm(dst, imm):
    return insn(0xB7, dst, imm=imm)


def add(dst, src):
    return insn(0x0F, dst, src)


def add_imm(dst, imm):
    return insn(0x07, dst, imm=imm)


def and_imm(dst, imm):
    return insn(0x57, dst, imm=imm)


def shift_left(dst, imm):
    return insn(0x67, dst, imm=imm)


def load32(dst, src, off):
    return insn(0x61, dst, src, off)


def load64(dst, src, off):
    return insn(0x79, dst, src, off)


def store64(dst, off, src):
    return insn(0x7B, dst, src, off)


def atomic_add64(dst, off, src):
    return insn(0xDB, dst, src, off)


def value_of(dst, array):
    """The address of an array's one element."""
    return insn(0x18, dst, 2, imm=array) + insn(0)


def unless_greater(dst, src, code):
    """code, jumped over if dst > src."""
    return insn(0x2D, dst, src, len(code) // 8) + code


def call(helper):
    return insn(0x85, imm=helper)


def leave():
    return insn(0x95)


# --- maps and programs ---------------------------------------------------------------------------


def array(data):
    """An array of one element: its descriptor."""
    fd = bpf(MAP_CREATE, struct.pack("=IIII", ARRAY, 4, len(data), 1))
    key, value = ctypes.create_string_buffer(4), ctypes.create_string_buffer(data, len(data))
    bpf(MAP_UPDATE, struct.pack("=IIQQQ", fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0))
    return fd


def count(fd):
    """The number in an array of eight bytes."""
    key, value = ctypes.create_string_buffer(4), ctypes.create_string_buffer(8)
    bpf(MAP_LOOKUP, struct.pack("=IIQQQ", fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0))
    return struct.unpack("=Q", value.raw)[0]


def program(kind, code, attach=0):
    insns, license_ = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
    return bpf(PROG_LOAD, struct.pack("=IIQQIIQII16sII", kind, len(code) // 8, ctypes.addressof(insns),
                                      ctypes.addressof(license_), 0, 0, 0, 0, 0, b"bench", 0, attach))


def next_frame(frames, counter, end):
    """The program of a feed, and the size of the packets it is run on: that of the longest frame. Each is overwritten
    with the next frame and cut to its length; end says what becomes of it."""
    size = (max(map(len, frames)) + 7) // 8 * 8
    if size > SLOT - 8 or len(frames) & (len(frames) - 1):
        raise Failed("a feed is a power of two of frames of up to %d bytes" % (SLOT - 8))
    table = array(b"".join((struct.pack("<Q", len(f)) + f).ljust(SLOT, b"\0") for f in frames))
    write = b"".join(load64(5, 8, 8 + at) + store64(2, at, 5) for at in range(0, size, 8))
    write += load64(2, 8, 0) + add_imm(2, -size) + mov(1, 6) + call(ADJUST_TAIL) + end + leave()
    code = mov(6, 1)
    code += value_of(7, counter) + load64(1, 7, 0) + mov(2, 1) + add_imm(2, 1) + store64(7, 0, 2)
    code += and_imm(1, len(frames) - 1) + shift_left(1, SLOT.bit_length() - 1) + value_of(8, table) + add(8, 1)
    code += load32(2, 6, 0) + load32(3, 6, 4) + mov(4, 2) + add_imm(4, size)
    code += unless_greater(4, 3, write) + mov_imm(0, XDP_DROP) + leave()
    prog = program(XDP, code, ATTACH_XDP)
    os.close(table)
    return prog, size


class Feed:
    """Frames over and over, received by an interface as fast as the CPU can: a process of its own. through: the other
    end of the veth, for who has an XDP program of its own on the interface."""

    def __init__(self, frames, dev, cpu, through=None):
        try:
            self.counter, self.link = array(bytes(8)), None
            if through is None:
                # A veth tells XDP of its queues once it has a program.
                self.link = bpf(LINK_CREATE, struct.pack("=IIII", program(XDP, mov_imm(0, XDP_PASS) + leave(), ATTACH_XDP),
                                                         socket.if_nametoindex(dev), ATTACH_XDP, XDP_DRV))
                end = mov_imm(0, XDP_PASS)
            else:
                end = mov_imm(1, socket.if_nametoindex(through)) + mov_imm(2, 0) + call(REDIRECT)
            prog, size = next_frame(frames, self.counter, end)
        except OSError as e:
            raise Failed("no live frames: %s" % e) from e
        self.pid = os.fork()
        if self.pid == 0:
            libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            os.sched_setaffinity(0, {cpu})
            try:
                put(prog, size, 0 if through else socket.if_nametoindex(dev))
            finally:
                os._exit(1)
        os.close(prog)

    def sent(self):
        """Frames so far."""
        return count(self.counter)

    def check(self):
        """Fails if it has ended."""
        if os.waitpid(self.pid, os.WNOHANG)[0] != 0:
            raise Failed("the kernel runs no XDP program on live frames")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.counter)
        if self.link is not None:
            os.close(self.link)


def put(prog, size, ifindex):
    """Runs the program on packets of that size, received by the interface or, 0, by none."""
    data = ctypes.create_string_buffer(size)
    context = ctypes.create_string_buffer(struct.pack("=6I", 0, size, 0, ifindex, 0, 0), 24)  # struct xdp_md
    attr = struct.pack("=IIIIQQIIIIQQIII", prog, 0, size, 0, ctypes.addressof(data), 0, 1 << 20, 0, len(context), 0,
                       ctypes.addressof(context), 0, LIVE_FRAMES, 0, BATCH)
    while True:
        try:
            bpf(PROG_RUN, attr)
        except OSError as e:
            if e.errno != errno.EINTR:
                raise


class Sink:
    """Takes what an interface sends where its driver would: none of it arrives at the other end of a veth, whose
    reception is otherwise work of who sends."""

    def __init__(self, dev):
        self.dev, self.counter = dev, array(bytes(8))
        code = value_of(1, self.counter) + mov_imm(2, 1) + atomic_add64(1, 0, 2) + mov_imm(0, TC_STOLEN) + leave()
        with tempfile.TemporaryDirectory(prefix="linkspan-bpf-") as where:
            run("mount", "-t", "bpf", "none", where)
            try:
                path = ctypes.create_string_buffer(os.path.join(where, "sink").encode())
                prog = program(SCHED_CLS, code)
                bpf(OBJ_PIN, struct.pack("=QI", ctypes.addressof(path), prog))
                run("tc", "qdisc", "add", "dev", dev, "clsact")
                run("tc", "filter", "add", "dev", dev, "egress", "bpf", "direct-action", "object-pinned", path.value.decode())
                os.close(prog)
            finally:
                run("umount", where)

    def taken(self):
        """Frames so far."""
        return count(self.counter)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run("tc", "qdisc", "del", "dev", self.dev, "clsact")
        os.close(self.counter)
