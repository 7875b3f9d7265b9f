"""What each `function` of vectors/ledger asks for."""
import ledger
from cases import value_of
from reading import Refused


def many(case, key):
    """The values of a field that may stand there more than once, or not at all."""
    case.used.add(key)
    return [value_of(text) for text in case.fields.get(key, [])]


def leaves(case, key="leaf"): return [ledger.Leaf(data) for data in many(case, key)]
def head(case, key="head"): return ledger.Head(case.bytes(key))
def name_tag(case): return ledger.name_tag(case.bytes("server_id"), case.text("name").encode())
def commitment(case): return ledger.commitment(case.bytes("nonce"), case.bytes("body"))
def root(case): return ledger.root(leaves(case))
def gossip(case): return ledger.gossip(head(case), case.number("now"))
def verify(case): head(case).verify(case.bytes("server_id"))


def commits(case):
    leaf, = leaves(case)
    is_of_it = (leaf.tag, leaf.commitment) == (case.bytes("tag"), commitment(case))
    if leaf.kind not in ledger.OF_A_NAME or not is_of_it:
        raise Refused()


def leaf(case):
    made = ledger.leaf_bytes(case.number("kind"), case.bytes("tag"), case.number("prev_index"), case.bytes("commitment"),
                             case.number("time"))
    assert ledger.Leaf(made).hash == case.bytes("hash"), "another hash"
    return made


def consistency(case):
    trees = case.number("size"), case.bytes("root"), case.number("later_size"), case.bytes("later_root")
    if not ledger.is_consistent(*trees, many(case, "proof")):
        raise Refused()
    known = leaves(case)
    assert (ledger.root(known[:trees[0]]), ledger.root(known)) == (trees[1], trees[3]), "other leaves"


def replay(case):
    before = head(case, "before") if "before" in case else None
    kept = ledger.replay(case.bytes("server_id"), leaves(case, "known"), before, head(case), case.number("first"),
                         leaves(case, "fed"))
    assert ledger.number_of(kept) == case.number("number"), "another number"
    assert ledger.root(kept) == case.bytes("root"), "another root"


def fraud(case):
    heads = head(case, "one"), head(case, "other")
    ledger.prove_fraud(case.bytes("server_id"), *heads, case.bytes("root"), many(case, "proof"))


FUNCTIONS = {"name-tag": name_tag, "commitment": commitment, "commits": commits, "leaf": leaf, "root": root,
             "consistency": consistency, "head": verify, "replay": replay, "gossip": gossip, "fraud": fraud}


def check(case):
    """Runs the case; what it gives must be its result, and a refusal must be the one that is named."""
    try:
        came = FUNCTIONS[case.function](case)
    except Refused as refusal:
        came = "refused" if refusal.why == "refused" else f"refused {refusal.why}"
    if isinstance(came, bytes):
        assert came == case.bytes("result"), "another result"
    else:
        assert case.text("result") == (came or "accepted"), f"came out as {came or 'accepted'}"
