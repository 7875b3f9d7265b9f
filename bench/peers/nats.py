"""NATS JetStream, one node, file storage. No TLS.

From 2.10 on it can sync before it answers (`sync_interval: always`); where the installed one is older it cannot, and
the row says so.
"""
import json
import os
import re
import socket
import subprocess

from common import Process, Reader, folder, free_port, idle, in_threads, measure, pairs, payload

VERSION = subprocess.run(["nats-server", "--version"], capture_output=True, text=True).stdout.split()[-1].lstrip("v")
SYNCS = tuple(map(int, re.findall(r"\d+", VERSION)[:2])) >= (2, 10)
NAME = f"NATS JetStream {VERSION}, one node"
LACKS = ("" if SYNCS else "durability before the answer (syncs every two minutes), ") + "TLS (here), end-to-end"


class Client:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)
        self.reader.line()
        self.inbox = f"_INBOX.{os.urandom(8).hex()}"
        self.sock.sendall(b'CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nSUB %b 1\r\nPING\r\n'
                          % self.inbox.encode())
        while self.reader.line() != b"PONG":
            pass

    def publish(self, subject, body=b"", reply=None):
        reply = f" {reply}" if reply else ""
        return b"PUB %b %d\r\n%b\r\n" % (f"{subject}{reply}".encode(), len(body), body)

    def message(self):
        """The next message: who wants an answer, and its body."""
        while True:
            line = self.reader.line()
            words = line.split()
            if line.startswith(b"MSG"):
                body = self.reader.exactly(int(words[-1]) + 2)[:-2]
                return (words[3].decode() if len(words) == 5 else None), body
            if line.startswith(b"HMSG"):
                self.reader.exactly(int(words[-1]) + 2)
                return None, None
            if line == b"PING":
                self.sock.sendall(b"PONG\r\n")
            elif line.startswith(b"-ERR"):
                raise RuntimeError(line.decode())

    def ask(self, subject, question):
        self.sock.sendall(self.publish(subject, json.dumps(question).encode(), self.inbox))
        answer = json.loads(self.message()[1])
        if "error" in answer:
            raise RuntimeError(str(answer["error"]))
        return answer

    def close(self):
        self.sock.close()


class Peer:
    def __init__(self):
        self.receivers = []
        self.port, where = free_port(), folder("nats")
        config = os.path.join(where, "nats.conf")
        with open(config, "w") as file:
            file.write(f'listen: "127.0.0.1:{self.port}"\nmax_connections: 20000\n'
                       f'jetstream {{ store_dir: "{where}/js"{", sync_interval: always" if SYNCS else ""} }}\n')
        self.process = Process(["nats-server", "-c", config], where, self.port)
        self.admin = Client(self.port)
        for name in ("box", "live"):
            self.admin.ask(f"$JS.API.STREAM.CREATE.{name}", {
                "name": name, "subjects": [f"{name}.>"], "storage": "file", "retention": "workqueue",
                "num_replicas": 1})
        # One consumer for everybody; one for each person, as a mailbox would need, is dearer.
        self.admin.ask("$JS.API.CONSUMER.DURABLE.CREATE.box.all", {"stream_name": "box", "config": {
            "durable_name": "all", "ack_policy": "explicit", "max_ack_pending": 10000}})

    def deposit(self, people, count, size):
        text, lanes, window = payload(size).encode(), 16, 16

        def lane(number):
            client = Client(self.port)
            for sent in range(0, count // lanes, window):
                now = min(window, count // lanes - sent)
                client.sock.sendall(b"".join(
                    client.publish(f"box.{(number + lanes * (sent + n)) % people}", text, client.inbox)
                    for n in range(now)))
                for _ in range(now):
                    client.message()
            client.close()
        works = [lambda number=number: lane(number) for number in range(lanes)]
        return measure(self.process, count // lanes * lanes, lambda: in_threads(works))

    def drain(self, people, count):
        done = []

        def lane():
            client, mine, empty = Client(self.port), 0, False
            while not empty:
                client.sock.sendall(client.publish("$JS.API.CONSUMER.MSG.NEXT.box.all",
                                                   b'{"batch":256,"no_wait":true}', client.inbox))
                acks = []
                for _ in range(256):
                    reply, _body = client.message()
                    if reply is None:
                        empty = True
                        break
                    acks.append(client.publish(reply, b"+ACK"))
                mine += len(acks)
                client.sock.sendall(b"".join(acks) + b"PING\r\n")
                while client.reader.line() != b"PONG":
                    pass
            client.close()
            done.append(mine)

        def work():
            in_threads([lane] * 4)
            return sum(done)
        return measure(self.process, count, work)

    def live(self, couples, count, size):
        each, text = count // couples, payload(size).encode()
        # A work queue has one consumer a filter: those of the first round go on.
        if not self.receivers:
            self.receivers = [Receiver(self.port, self.admin, n) for n in range(couples)]
        senders = [Sender(self.port, n, text) for n in range(couples)]
        return measure(self.process, each * couples, lambda: pairs(senders, self.receivers, each, 8))

    def idle(self, connections):
        return idle(self.process, connections, lambda _: Client(self.port))


class Sender(Client):
    def __init__(self, port, number, text):
        super().__init__(port)
        self.one = self.publish(f"live.{number}", text, self.inbox)

    def send(self, now):
        self.sock.sendall(self.one * now)
        for _ in range(now):
            self.message()


class Receiver(Client):
    def __init__(self, port, admin, number):
        super().__init__(port)
        name = f"c{os.urandom(4).hex()}"
        admin.ask(f"$JS.API.CONSUMER.DURABLE.CREATE.live.{name}", {"stream_name": "live", "config": {
            "durable_name": name, "ack_policy": "explicit", "filter_subject": f"live.{number}",
            "deliver_subject": self.inbox}})

    def receive(self):
        reply, _body = self.message()
        self.sock.sendall(self.publish(reply, b"+ACK"))
        return 1
