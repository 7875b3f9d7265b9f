"""Redis streams with appendfsync always: one stream a person, XADD, XRANGE, XDEL. No TLS."""
import socket
import subprocess

from common import Process, Reader, folder, free_port, idle, in_threads, measure, pairs, payload

NAME = "Redis streams, appendfsync always"
LACKS = "TLS (here), end-to-end, one owner for a box"


class Client:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)

    def ask(self, *commands):
        self.sock.sendall(b"".join(command(*words) for words in commands))
        return [self.answer() for _ in commands]

    def answer(self):
        line = self.reader.line()
        kind, rest = line[:1], line[1:]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        if kind == b"$":
            return self.reader.exactly(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return rest

    def close(self):
        self.sock.close()


def command(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


class Peer:
    def __init__(self):
        self.port, where = free_port(), folder("redis")
        self.process = Process(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", where, "--appendonly", "yes",
             "--appendfsync", "always", "--save", "", "--maxclients", "12000", "--protected-mode", "no"],
            where, self.port)

    def deposit(self, people, count, size):
        """By redis-benchmark, Redis' own load tool."""
        def work():
            subprocess.run(
                ["redis-benchmark", "-p", str(self.port), "-c", "256", "-n", str(count), "-r", str(people), "-q",
                 "XADD", "box:__rand_int__", "*", "m", payload(size)], check=True, stdout=subprocess.DEVNULL)
        return measure(self.process, count, work)

    def drain(self, people, count):
        done = []

        def lane(first):
            client, mine = Client(self.port), 0
            for person in range(first, people, 8):
                box = "box:%012d" % person
                entries = client.ask(("XRANGE", box, "-", "+"))[0]
                if entries:
                    client.ask(["XDEL", box] + [entry[0] for entry in entries])
                    mine += len(entries)
            client.close()
            done.append(mine)

        def work():
            in_threads([lambda first=first: lane(first) for first in range(8)])
            return sum(done)
        return measure(self.process, count, work)

    def live(self, couples, count, size):
        each, text = count // couples, payload(size)
        senders = [Sender(self.port, n, text) for n in range(couples)]
        receivers = [Receiver(self.port, n) for n in range(couples)]
        return measure(self.process, each * couples, lambda: pairs(senders, receivers, each, 8))

    def idle(self, connections):
        return idle(self.process, connections, lambda _: greeted(self.port))


def greeted(port):
    """A connection that has asked once."""
    client = Client(port)
    client.ask(("PING",))
    return client


class Sender(Client):
    def __init__(self, port, number, text):
        super().__init__(port)
        self.one = ("XADD", f"live:{number}", "*", "m", text)

    def send(self, now):
        self.ask(*[self.one] * now)


class Receiver(Client):
    def __init__(self, port, number):
        super().__init__(port)
        self.box, self.last = f"live:{number}", "0"

    def receive(self):
        answer = self.ask(("XREAD", "BLOCK", 60000, "STREAMS", self.box, self.last))[0]
        ids = [entry[0] for entry in answer[0][1]]
        self.ask(["XDEL", self.box] + ids)
        self.last = ids[-1]
        return len(ids)
