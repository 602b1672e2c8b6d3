#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs tests, and those that fail beside others once more by themselves: steady.py PROGRAM [ARGUMENTS...]

PROGRAM is a bundle of tests that SwiftPM has built. Many tests run other programs, and some hundred of them at once on a small machine
get in each other's way as nothing in use does. A test that fails by itself, too, has failed. One that passes then is named at the end:
that it is not steady is a mistake as well, but not what who runs the tests wants to know first. More than three such of one program are
too many.
Several programs side by side have a file that all of them can lock, SAFETLS_TESTS_LOCK: by itself is when all have run.
"""

import fcntl
import json
import os
import re
import subprocess
import sys
import tempfile

MOST = 3


def run(program, arguments):
    """The status of a run, and of its tests those that ended and those that failed: of none, where the run did not get to its end."""
    with tempfile.TemporaryDirectory(prefix="safetls-tests-events.") as folder:
        path = os.path.join(folder, "events")
        command = [program, "--testing-library", "swift-testing", *arguments]
        status = subprocess.run([*command, "--event-stream-output-path", path, "--event-stream-version", "0"]).returncode
        ended, failed, is_whole = set(), set(), False
        try:
            with open(path, encoding="utf-8") as lines:
                for line in lines:
                    event = json.loads(line)["payload"]
                    issue = event.get("issue", {})
                    if event.get("kind") == "runEnded":
                        is_whole = True
                    elif event.get("kind") == "testEnded":
                        ended.add(event["testID"])
                    elif event.get("kind") == "issueRecorded" and not issue.get("isKnown"):
                        failed.add(event["testID"])
        except (OSError, ValueError, KeyError):
            is_whole = False
        return (status, ended, failed) if is_whole else (status, set(), set())


def main():
    program, arguments = sys.argv[1], sys.argv[2:]
    path = os.environ.get("SAFETLS_TESTS_LOCK")
    with open(path, "w", encoding="utf-8") if path else tempfile.TemporaryFile() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        status, _, failed = run(program, arguments)
        fcntl.flock(lock, fcntl.LOCK_UN)
        return again(program, status, failed, lock)


def again(program, status, failed, lock):
    """The status of all, when those that failed have been run once more."""
    if status == 0:
        return 0
    # Swift Testing's status where tests have failed is 1. A process that died has another, also behind its last test.
    if status != 1 or not 0 < len(failed) <= MOST:
        return 1
    fcntl.flock(lock, fcntl.LOCK_EX)
    for test in sorted(failed):
        print(f"steady.py: once more, by itself: {test}", flush=True)
        status, ended, _ = run(program, ["--filter", "^" + re.escape(test) + "$"])
        if status != 0 or test not in ended:
            return 1
        print(f"steady.py: failed beside others, and passed by itself: {test}", flush=True)
    return 0


sys.exit(main())
