"""ejabberd and Prosody: XMPP over TLS from the first byte, with messages kept for who is offline."""
import base64
import glob
import itertools
import os
import re
import shutil
import socket
import ssl
import subprocess

from common import Process, folder, free_port, idle, in_threads, measure, pairs, payload

HOST = "bench.invalid"
MESSAGE = b"<message to='%b' type='chat' id='m'><body>%b</body></message>"
NS = {"auth": "urn:ietf:params:xml:ns:xmpp-sasl", "bind": "urn:ietf:params:xml:ns:xmpp-bind",
      "session": "urn:ietf:params:xml:ns:xmpp-session"}


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Client:
    """A session of one user; the stream is searched for what is waited for, not parsed."""
    context = tls()

    def __init__(self, port, user, online=True, register=False):
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.seen = self.context.wrap_socket(raw, server_hostname=HOST), b""
        self.sock.settimeout(60)
        self.open()
        if register:
            self.send_all(f"<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>{user}</username>"
                          f"<password>secret</password></query></iq>")
            self.until(rb"<iq [^>]*(type=.result.|</iq>)")
        secret = base64.b64encode(f"\0{user}\0secret".encode()).decode()
        self.send_all(f"<auth xmlns='{NS['auth']}' mechanism='PLAIN'>{secret}</auth>")
        self.until(rb"<success[^>]*>")
        self.open()
        self.send_all(f"<iq type='set' id='b'><bind xmlns='{NS['bind']}'><resource>one</resource></bind></iq>")
        self.until(rb"</jid></bind></iq>")
        self.send_all(f"<iq type='set' id='s'><session xmlns='{NS['session']}'/></iq>")
        self.until(rb"id=.s.[^>]*>")
        if online:
            self.send_all("<presence/>")

    def open(self):
        self.send_all(f"<?xml version='1.0'?><stream:stream to='{HOST}' xmlns='jabber:client' "
                      "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>")
        self.until(rb"</stream:features>")

    def send_all(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def read(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the peer closed the stream")
        self.seen += data

    def until(self, pattern):
        while not (found := re.search(pattern, self.seen)):
            if b"<failure" in self.seen or b"stream:error" in self.seen:
                raise RuntimeError(self.seen.decode(errors="replace")[-300:])
            self.read()
        self.seen = self.seen[found.end():]

    def messages(self):
        """How many whole messages came; waits for at least one."""
        while not (ends := self.seen.count(b"</message>")):
            self.read()
        self.seen = self.seen[self.seen.rindex(b"</message>") + 10:]
        return ends

    def settle(self):
        """Waits until the server has done what was sent before."""
        self.send_all(f"<iq type='get' id='settle' to='{HOST}'><ping xmlns='urn:xmpp:ping'/></iq>")
        self.until(rb"id=.settle.")

    def close(self):
        self.sock.close()


class Sender(Client):
    def __init__(self, port, user, to, text):
        super().__init__(port, user)
        self.one = MESSAGE % (f"{to}@{HOST}/one".encode(), text)

    def send(self, now):
        self.send_all(self.one * now)


class Receiver(Client):
    def receive(self):
        return self.messages()


class Xmpp:
    """What both servers share once they listen."""
    known = 0

    def register(self, users):
        """The first so many users exist."""
        def lane(first):
            for number in range(first, users, 4):
                if number >= self.known:
                    Client(self.port, f"u{number}", online=False, register=True).close()
        in_threads([lambda first=first: lane(first) for first in range(4)])
        self.known = max(users, self.known)

    def deposit(self, people, count, size):
        """The answer to a ping after each window stands for the confirmation that XMPP does not have."""
        people, text, lanes, window = min(people, 100), payload(size).encode(), 16, 16
        self.register(people + lanes)
        clients = [Client(self.port, f"u{people + number}", online=False) for number in range(lanes)]

        def lane(number):
            turns = itertools.cycle(range(number, people, lanes))
            for _ in range(count // lanes // window):
                clients[number].send_all(b"".join(
                    MESSAGE % (f"u{next(turns)}@{HOST}".encode(), text) for _ in range(window)))
                clients[number].settle()
        done = count // lanes // window * window * lanes
        figures = measure(self.process, done,
                          lambda: in_threads([lambda number=number: lane(number) for number in range(lanes)]))
        self.waiting = done
        for client in clients:
            client.close()
        return figures

    def drain(self, people, count):
        people, lanes = min(people, 100), 8
        each = [0] * people
        # As `deposit` dealt them out.
        for lane in range(16):
            turns = itertools.cycle(range(lane, people, 16))
            for _ in range(self.waiting // 16):
                each[next(turns)] += 1

        def lane(first):
            for person in range(first, people, lanes):
                client, left = Client(self.port, f"u{person}"), each[person]
                while left > 0:
                    left -= client.messages()
                client.close()
        return measure(self.process, self.waiting,
                       lambda: in_threads([lambda first=first: lane(first) for first in range(lanes)]))

    def live(self, couples, count, size):
        self.register(2 * couples)
        each, text = count // couples, payload(size).encode()
        receivers = [Receiver(self.port, f"u{2 * n}") for n in range(couples)]
        senders = [Sender(self.port, f"u{2 * n + 1}", f"u{2 * n}", text) for n in range(couples)]
        for client in receivers + senders:
            client.settle()
            client.seen = b""
        figures = measure(self.process, each * couples, lambda: pairs(senders, receivers, each, 8))
        for client in receivers + senders:
            client.close()
        return figures

    def idle(self, connections):
        connections = min(connections, 300)
        self.register(connections + 10)
        return idle(self.process, connections, lambda n: Client(self.port, f"u{n}"))


def certificate(where):
    """A self-signed certificate with its key: in two files, and in one."""
    key, cert, both = (os.path.join(where, name) for name in ("key.pem", "cert.pem", "both.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={HOST}", "-keyout", key, "-out", cert], check=True, capture_output=True)
    with open(both, "w") as out:
        for part in (cert, key):
            with open(part) as file:
                out.write(file.read())
    return key, cert, both


def own(where, user):
    for path in [where] + glob.glob(f"{where}/**", recursive=True):
        shutil.chown(path, user)


class Ejabberd(Xmpp):
    def __init__(self):
        where, self.port = folder("ejabberd"), free_port()
        *_, both = certificate(where)
        with open(f"{where}/ejabberd.yml", "w") as file:
            file.write(EJABBERD.format(host=HOST, both=both, port=self.port))
        for name in ("db", "log"):
            os.mkdir(f"{where}/{name}")
        own(where, "ejabberd")
        ebins = ["-pa"] + glob.glob("/usr/lib/*/ejabberd-*/ebin") + glob.glob("/usr/lib/*/erlang/lib/*/ebin")
        # Without a name the node needs no epmd, which would stay behind.
        self.process = Process(
            ["erl", "-noinput", "+S", "1", "+P", "250000", *ebins, "-mnesia", "dir", f'"{where}/db"', "-s", "ejabberd"],
            where, self.port, user="ejabberd",
            env={**os.environ, "HOME": where, "EJABBERD_CONFIG_PATH": f"{where}/ejabberd.yml",
                 "EJABBERD_LOG_PATH": f"{where}/log/ejabberd.log", "SPOOL_DIR": f"{where}/db"})


class Prosody(Xmpp):
    def __init__(self):
        where, self.port = folder("prosody"), free_port()
        key, cert, _ = certificate(where)
        os.mkdir(f"{where}/data")
        with open(f"{where}/prosody.cfg.lua", "w") as file:
            file.write(PROSODY.format(host=HOST, key=key, cert=cert, port=self.port, where=where))
        own(where, "prosody")
        self.process = Process(["prosody", "--config", f"{where}/prosody.cfg.lua", "-F"], where, self.port, user="prosody")


EJABBERD = """
hosts: ["{host}"]
loglevel: error
certfiles: ["{both}"]
auth_method: internal
auth_password_format: plain
registration_timeout: infinity
listen:
  - {{ port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true, max_stanza_size: 262144 }}
access_rules:
  everybody: {{ allow: all }}
shaper_rules:
  many: 1000000
modules:
  mod_offline: {{ access_max_user_messages: many }}
  mod_ping: {{}}
  mod_register: {{ ip_access: all, access: everybody }}
"""

PROSODY = """
data_path = "{where}/data"
pidfile = "{where}/pid"
log = {{ error = "{where}/log" }}
daemonize = false
modules_enabled = {{ "saslauth", "tls", "disco", "offline", "register", "register_ibr", "ping", "roster" }}
modules_disabled = {{ "s2s", "posix" }}
allow_registration = true
authentication = "internal_plain"
storage = "internal"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ }}
c2s_direct_tls_ports = {{ {port} }}
c2s_require_encryption = true
certificates = "{where}"
ssl = {{ key = "{key}"; certificate = "{cert}" }}
c2s_direct_tls_ssl = {{ key = "{key}"; certificate = "{cert}" }}
limits = {{ }}
network_backend = "epoll"
VirtualHost "{host}"
"""
