"""Starts a peer on its own core and folder, and counts what it spends."""
import os
import random
import shutil
import signal
import socket
import string
import subprocess
import tempfile
import threading
import time

PEER_CORE, LOAD_CORE = "0", 1
TICKS = os.sysconf("SC_CLK_TCK")


def payload(size):
    """Printable, and as good as random: no peer compresses it to nothing."""
    return "".join(random.Random(size).choices(string.ascii_letters + string.digits, k=size))


class Process:
    """A peer: its process, everything that this one started, and a folder that goes with it."""

    def __init__(self, command, folder, port, user=None, env=None, cwd=None):
        self.folder, self.port = folder, port
        self.log = open(os.path.join(folder, "output"), "wb")
        began = time.monotonic()
        self.child = subprocess.Popen(
            ["taskset", "-c", PEER_CORE] + command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            user=user, env=env, cwd=cwd or folder, start_new_session=True)
        while True:
            if self.child.poll() is not None or time.monotonic() - began > 60:
                raise RuntimeError(f"{command[0]} did not start, see {folder}/output")
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.02)
        self.start_ms = (time.monotonic() - began) * 1e3

    def tree(self):
        """This process and all that it started and that still runs."""
        pids, found = [self.child.pid], []
        while pids:
            pid = pids.pop()
            found.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as children:
                        pids += map(int, children.read().split())
            except OSError:
                pass
        return found

    def cpu(self):
        """Seconds spent so far, those of ended children included."""
        ticks = 0
        for pid in self.tree():
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    ticks += sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:15]))
            except OSError:
                pass
        return ticks / TICKS

    def resident(self):
        """Bytes, what processes share counted once."""
        total = 0
        for pid in self.tree():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as rollup:
                    total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) * 1024
            except OSError:
                pass
        return total

    def stop(self):
        for sign in (signal.SIGINT, signal.SIGKILL):
            for pid in reversed(self.tree()):
                try:
                    os.kill(pid, sign)
                except OSError:
                    pass
            try:
                self.child.wait(10)
                break
            except subprocess.TimeoutExpired:
                continue
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def folder(name):
    """A new folder that every user may enter."""
    made = tempfile.mkdtemp(prefix=f"oubliette-peer-{name}-")
    os.chmod(made, 0o755)
    return made


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def measure(process, count, work):
    """Runs `work` and tells rate, CPU seconds for 100,000 and the share of its core that the peer used."""
    cpu, began = process.cpu(), time.monotonic()
    done = work() or count
    seconds, cpu = time.monotonic() - began, process.cpu() - cpu
    return {"rate": done / seconds, "cpu": cpu * 1e5 / done, "busy": 100 * cpu / seconds}


def idle(process, connections, connect):
    """Bytes for each connection that says nothing."""
    kept = [connect(n) for n in range(10)]
    time.sleep(1)
    before = process.resident()
    kept += [connect(10 + n) for n in range(connections)]
    time.sleep(2)
    each = (process.resident() - before) / connections
    for one in kept:
        one.close()
    return each


def in_threads(works):
    """Runs all of them at once; the first failure is the failure of all."""
    failures = []

    def guarded(work):
        try:
            work()
        except Exception as failure:  # told below, in the thread that asked
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if failures:
        raise failures[0]
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("the peer did not finish in two minutes")


def pairs(senders, receivers, each, window):
    """Live: every sender has at most `window` messages that its receiver has not let go of."""
    works = []
    for sender, receiver in zip(senders, receivers):
        permits = threading.Semaphore(window)

        def send(sender=sender, permits=permits):
            sent = 0
            while sent < each:
                permits.acquire()
                now = 1
                while sent + now < each and permits.acquire(blocking=False):
                    now += 1
                sender.send(now)
                sent += now

        def receive(receiver=receiver, permits=permits):
            left = each
            while left > 0:
                came = receiver.receive()
                left -= came
                permits.release(came)

        works += [send, receive]
    in_threads(works)


class Reader:
    """Buffered reading from a socket."""

    def __init__(self, sock):
        self.sock, self.file = sock, sock.makefile("rb", 65536)
        sock.settimeout(60)

    def line(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("the peer closed the connection")
        return line.rstrip(b"\r\n")

    def exactly(self, size):
        data = self.file.read(size)
        if len(data) != size:
            raise ConnectionError("the peer closed the connection")
        return data
