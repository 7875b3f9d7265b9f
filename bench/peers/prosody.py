"""Prosody with its own files, as Debian ships it."""
from xmpp import Prosody as Peer

NAME = "Prosody"
LACKS = "durability before the answer (and no answer for each message), end-to-end"
__all__ = ["Peer", "NAME", "LACKS"]
