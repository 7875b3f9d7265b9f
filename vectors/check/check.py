#!/usr/bin/env python3
"""Opens and verifies the cases of vectors/ as spec/ says: nothing here calls or reads the Rust code.

Usage: vectors/check/run, or check.py in an environment with requirements.txt. Exits 1 when a case does not come
out as its file says, and when fewer cases than expected were understood.
"""
import sys
import traceback

import crypto_cases
import e2ee_cases
import ledger_cases
import proto_cases
from cases import walk

FOLDERS = {"crypto": crypto_cases, "e2ee": e2ee_cases, "ledger": ledger_cases, "proto": proto_cases}
# What needs a running server is for crates/proto: how a connection answers frame by frame.
ELSEWHERE = {("proto", "connection")}
LEAST = {"crypto": 54, "e2ee": 163, "ledger": 128, "proto": 23}


def run(name, case, check):
    """Says why a case failed, or nothing."""
    try:
        check(case)
    except AssertionError as error:
        return f"{name}: {error}"
    except Exception:
        return f"{name}: {traceback.format_exc()}"
    if case.text("result" if "result" in case else "function").startswith("refused"):
        return None
    return f"{name}: nobody looked at {case.unused()}" if case.unused() else None


def main():
    passed, failures = 0, []
    for folder, cases in FOLDERS.items():
        understood = 0
        for name, case in walk(folder):
            if (folder, case.function) in ELSEWHERE:
                continue
            if case.function not in cases.FUNCTIONS:
                failures.append(f"{folder}/{name}: nobody knows {case.function}")
                continue
            understood += 1
            failure = run(f"{folder}/{name}", case, cases.check)
            failures += [failure] if failure else []
            passed += not failure
        if understood < LEAST[folder]:
            failures.append(f"{folder}: only {understood} cases were understood, {LEAST[folder]} are there")
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
