"""Bytes as spec/wire.md § Types lays them out, and the one exception of this folder."""
import ipaddress
import re


class Refused(Exception):
    """What the spec says is refused. `why` is the name that vectors/e2ee/README.md gives the reason."""

    def __init__(self, why="refused"):
        super().__init__(why)
        self.why = why


class Reader:
    """Reads big-endian fields one after the other; `why` is the refusal when they do not come out."""

    def __init__(self, data, why="Body"):
        self.data, self.at, self.why = data, 0, why

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Refused(self.why)
        self.at += count
        return self.data[self.at - count:self.at]

    def left(self): return len(self.data) - self.at

    def number(self, width): return int.from_bytes(self.take(width), "big")
    def u8(self): return self.number(1)
    def u16(self): return self.number(2)
    def u32(self): return self.number(4)
    def u64(self): return self.number(8)

    def require(self, holds):
        if not holds:
            raise Refused(self.why)

    def end(self):
        self.require(self.at == len(self.data))

    def name(self):
        text = self.take(self.u8())
        self.require(2 <= len(text) <= 32 and re.fullmatch(rb"[a-z0-9][a-z0-9._-]*", text))
        return text

    def host(self):
        text = self.take(self.u8())
        self.require(1 <= len(text) <= 253 and is_host(text))
        return text

    def port(self):
        port = self.u16()
        self.require(port >= 1)
        return port

    def rising_u8(self):
        """`rising u8 1..8 u8`."""
        values = list(self.take(self.u8()))
        self.require(1 <= len(values) <= 8 and all(a < b for a, b in zip(values, values[1:])))
        return values


def is_host(text):
    """The class *host* of spec/wire.md § Types."""
    if text.startswith(b"["):
        return text.endswith(b"]") and is_ipv6(text[1:-1])
    if re.fullmatch(rb"[0-9]{1,3}(\.[0-9]{1,3}){3}", text):
        return all(int(part) < 256 and str(int(part)).encode() == part for part in text.split(b"."))
    labels = text.split(b".")
    label = rb"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    return all(re.fullmatch(label, part) for part in labels) and not labels[-1].isdigit()


def is_ipv6(text):
    try:
        address = ipaddress.IPv6Address(text.decode())
    except ValueError:
        return False
    mapped = address.ipv4_mapped
    return text.decode() == (f"::ffff:{mapped}" if mapped else address.compressed)
