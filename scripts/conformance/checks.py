"""What the checks have in common: telling what passed, and starting meshbot.

Every wait has a limit and ends as soon as what it waits for is there.
"""

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import traceback

failures = 0


@contextlib.contextmanager
def case(name):
    """One thing that must hold: prints `ok NAME`, or `FAIL NAME` and why."""
    global failures
    try:
        yield
    except AssertionError as error:
        failures += 1
        print(f"FAIL {name}: {error}", flush=True)
    except Exception:
        failures += 1
        print(f"FAIL {name}", flush=True)
        traceback.print_exc(file=sys.stdout)
    else:
        print(f"ok {name}", flush=True)


def finish():
    """Ends the script; threads of the official library do not hold it up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if failures else 0)


def equal(found, expected, what):
    """Fails with both values."""
    assert found == expected, f"{what}: found {found!r}, expected {expected!r}"


class Meshbot:
    """A running meshbot whose output is read line by line."""

    def __init__(self, *arguments, cwd=None):
        self.lines = queue.Queue()
        self.seen = []
        self.process = subprocess.Popen(
            [os.environ["MESHBOT"], *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=cwd,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def wait_for(self, pattern, seconds=10):
        """The first match of `pattern` in a line that was not looked at yet."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line with {pattern!r} within {seconds} s{self.said()}")
            if line is None:
                raise AssertionError(f"ended without a line with {pattern!r}{self.said()}")
            self.seen.append(line)
            if match := re.search(pattern, line):
                return match

    def said(self):
        """What was printed, for the message of a failed check."""
        with contextlib.suppress(queue.Empty):
            while (line := self.lines.get_nowait()) is not None:
                self.seen.append(line)
        return "".join(f"\n    | {line}" for line in self.seen[-40:])

    def terminate(self, seconds):
        """SIGTERM; gives back the exit code and how long it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {seconds} s after SIGTERM{self.said()}")
        return code, time.monotonic() - start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
