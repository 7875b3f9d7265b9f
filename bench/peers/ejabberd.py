"""ejabberd with mnesia, as Debian ships it."""
from xmpp import Ejabberd as Peer

NAME = "ejabberd"
LACKS = "durability before the answer (and no answer for each message), end-to-end"
__all__ = ["Peer", "NAME", "LACKS"]
