"""PostgreSQL 15 with a queue table, driven by pgbench, its own load tool. No TLS."""
import os
import pwd
import shutil
import socket
import struct
import subprocess

from common import Process, Reader, folder, free_port, idle, measure

NAME = "PostgreSQL 15, queue table"
LACKS = "TLS (here), end-to-end, delivery unasked"
BIN = max((f"/usr/lib/postgresql/{found}/bin" for found in os.listdir("/usr/lib/postgresql")), default="")


class Peer:
    def __init__(self):
        self.port, self.where = free_port(), folder("postgres")
        account = pwd.getpwnam("postgres")
        os.chown(self.where, account.pw_uid, account.pw_gid)
        data = os.path.join(self.where, "data")
        subprocess.run([f"{BIN}/initdb", "-D", data, "-A", "trust", "--no-sync"], user="postgres", cwd=self.where,
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process = Process(
            [f"{BIN}/postgres", "-D", data, "-p", str(self.port), "-h", "127.0.0.1", "-k", self.where,
             "-c", "max_connections=600", "-c", "shared_buffers=256MB", "-c", "synchronous_commit=on"],
            self.where, self.port, user="postgres")
        self.sql("CREATE TABLE queue (box int, id bigserial, body bytea); CREATE INDEX ON queue (box, id);"
                 "CREATE SEQUENCE next_box MINVALUE 0")

    def sql(self, text):
        return subprocess.run(["psql", "-qAt", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-c", text],
                              check=True, capture_output=True, text=True).stdout.strip()

    def pgbench(self, script, transactions, clients):
        path = os.path.join(self.where, "script.sql")
        with open(path, "w") as file:
            file.write(script)
        subprocess.run([shutil.which("pgbench") or f"{BIN}/pgbench", "-n", "-h", "127.0.0.1", "-p", str(self.port),
                        "-U", "postgres", "-M", "prepared", "-c", str(clients), "-j", "1",
                        "-t", str(max(1, transactions // clients)), "-f", path, "postgres"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def deposit(self, people, count, size):
        self.sql("VACUUM queue")
        self.people, clients = people, 64
        script = (f"\\set box random(0, {people - 1})\n"
                  f"INSERT INTO queue (box, body) VALUES (:box, convert_to('{'a1b2c3d4' * (size // 8)}', 'UTF8'));\n")
        # Four bytes tell the length; the text is stored uncompressed so that the same bytes are moved.
        self.sql("ALTER TABLE queue ALTER body SET STORAGE EXTERNAL")
        return measure(self.process, count // clients * clients, lambda: self.pgbench(script, count, clients))

    def drain(self, people, count):
        self.sql("ALTER SEQUENCE next_box RESTART")
        waiting = int(self.sql("SELECT count(*) FROM queue"))
        script = "DELETE FROM queue WHERE box = (SELECT nextval('next_box')) RETURNING id, body;\n"
        # More transactions than people, so that none is left out.
        return measure(self.process, waiting, lambda: self.pgbench(script, people + 8, 8))

    def live(self, couples, count, size):
        return None

    def idle(self, connections):
        return idle(self.process, min(connections, 200), lambda _: connect(self.port))


def connect(port):
    """A connection that is ready for queries."""
    sock = socket.create_connection(("127.0.0.1", port))
    words = b"user\0postgres\0database\0postgres\0\0"
    sock.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
    reader = Reader(sock)
    while True:
        kind, length = struct.unpack("!ci", reader.exactly(5))
        reader.exactly(length - 4)
        if kind == b"Z":
            return sock
