# SPDX-License-Identifier: Apache-2.0
"""Waiting on a condition: the only way in which these tests let time pass."""

import os
import time

# Sanitizer builds and busy machines need more of it.
PATIENCE = float(os.environ.get("SLUICE_TEST_PATIENCE", "1"))


def wait_until(condition, seconds, what, every=0.02):
    """Returns condition()'s first true value; fails with `what` when it stays false for so long."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(every)


def let_pass(seconds):
    """For what is measured over a span of time; returns its true length."""
    start = time.monotonic()
    wait_until(lambda: time.monotonic() - start >= seconds, seconds + 60, "the clock goes on")
    return time.monotonic() - start
