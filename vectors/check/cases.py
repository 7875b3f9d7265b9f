"""One case a file: its lines, and the values in them."""
import os

VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


class Case:
    """The fields of a file. `used` is what a check asked for, so that nothing is passed over in silence."""

    def __init__(self, path):
        self.path, self.fields, self.used = path, {}, {"function"}
        with open(path, encoding="utf-8") as file:
            lines = [line.rstrip("\n") for line in file]
        for line in lines:
            if line.strip() and not line.startswith("#"):
                key, value = line.split(" =", 1)
                self.fields.setdefault(key, []).append(value.strip())

    @property
    def function(self): return self.fields["function"][0]

    def __contains__(self, key): return key in self.fields

    def text(self, key):
        self.used.add(key)
        return self.fields[key][0]

    def number(self, key): return int(self.text(key))
    def bytes(self, key): return value_of(self.text(key))

    def unused(self): return sorted(set(self.fields) - self.used)


def value_of(text):
    """`text:…`, `repeat:BYTE:COUNT`, or hex tokens of which each may be repeated: `0102 00*44`."""
    if text.startswith("text:"):
        return text[5:].encode()
    if text.startswith("repeat:"):
        _, byte, count = text.split(":")
        return bytes.fromhex(byte) * int(count)
    parts = (token.partition("*") for token in text.split())
    return b"".join(bytes.fromhex(value) * int(count or 1) for value, _, count in parts)


def named(folder, name): return Case(os.path.join(VECTORS, folder, name + ".txt"))


def walk(folder):
    """The cases of one folder, in the order of their names."""
    folder = os.path.join(VECTORS, folder)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".txt"):
            yield name[:-4], Case(os.path.join(folder, name))
