"""Checks of a script that counts them itself; its last line is `N passed, N failed`."""

import sys
import time

passed = failed = 0


def check(name, holds, what=""):
    global passed, failed
    if holds:
        passed += 1
        print(f"ok: {name}")
    else:
        failed += 1
        print(f"FAILED: {name}\n  {str(what)[:2000]}", flush=True)


def same(name, expected, answered):
    check(name, expected == answered, f"expected: {expected}\n  answered: {answered}")


def wait_until(what, holds, seconds=60):
    """The limit is there to end a wait for what will never come."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"gave up after {seconds} s: {what}")
        time.sleep(0.02)


def close():
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)
