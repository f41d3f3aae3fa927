"""Runs the conformance checks one after the other and counts what held."""

import os
import pathlib
import signal
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).parent
# No script needs a third of this.
LIMIT = 300


def run(script):
    """Passed and failed cases of one script."""
    print(f"== {script}", flush=True)
    process = subprocess.Popen(
        [sys.executable, "-u", "-B", str(HERE / script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    late = threading.Event()

    def give_up():
        late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(LIMIT, give_up)
    timer.start()
    passed = failed = 0
    for line in process.stdout:
        print(line, end="", flush=True)
        passed += line.startswith("ok ")
        failed += line.startswith("FAIL ")
    code = process.wait()
    timer.cancel()
    if late.is_set():
        print(f"FAIL {script}: not done after {LIMIT} s")
        failed += 1
    elif (code != 0 and failed == 0) or passed + failed == 0:
        print(f"FAIL {script}: ended with {code} after {passed} cases")
        failed += 1
    return passed, failed


def main():
    scripts = sys.argv[1:] or ["protos.py", "client.py", "node.py"]
    results = [run(script) for script in scripts]
    passed = sum(result[0] for result in results)
    failed = sum(result[1] for result in results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
