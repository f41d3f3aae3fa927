#!/usr/bin/env python3
"""Puts every fault that cargo-mutants knows into one build and asks the tests.

cargo-mutants builds the program once for each fault: hours here. This takes its
list, weaves all of them into one copy of the sources, each behind a switch that
the environment turns (weave/, switch.rs), builds that once, notes which test
passes which switch, and then runs each fault with the tests that reach it.

    mutants.py build             weave and build, leaving out what does not compile
    mutants.py run [PATTERN]     ask the tests about what is new since the last run; with
                                 LISTED=1 about cargo-mutants' faults alone
    mutants.py show [PATTERN]    what no test noticed, and has no reason
    mutants.py table             write tests/mutants.md

Everything but the table lies in target/mutants. Beside cargo-mutants' faults
there are some of our own: statements deleted, conditions fixed, constants
doubled, halved, one more or less.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "mutants"
TREE = WORK / "tree"
REASONS = HERE / "reasons.toml"
TABLE = ROOT / "tests" / "mutants.md"
OWN = ("Condition", "Statement", "Constant")
# A test that takes longer is asked about no fault.
TEST_MAX = float(os.environ.get("TEST_MAX", "3"))
JOBS = int(os.environ.get("JOBS", "1"))
CARGO_MUTANTS = ROOT / "target" / "tools" / "bin" / "cargo-mutants"
ENV = dict(
    os.environ,
    CARGO_TARGET_DIR=str(WORK / "target"),
    CARGO_PROFILE_DEV_DEBUG="0",
    RUSTFLAGS="-Awarnings -Aarithmetic_overflow -Aunconditional_panic",
)


def read(name, otherwise):
    path = WORK / name
    return json.loads(path.read_text()) if path.exists() else otherwise


def write(name, value):
    new = WORK / (name + ".new")
    new.write_text(json.dumps(value))
    new.rename(WORK / name)


def cargo(*args, **more):
    return subprocess.run(["nice", "-n", "19", "cargo", *args], env=ENV, text=True, **more)


def copy_tree():
    """The files that git knows, those changed only."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    for name in listed.stdout.splitlines():
        here, there = ROOT / name, TREE / name
        if here.is_file() and not (there.is_file() and here.read_bytes() == there.read_bytes()):
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(here, there)


def blamed(error, places):
    """The faults that a compiler's error is about: the innermost around one of
    its places, otherwise the nearest."""
    spans = sorted(error["spans"], key=lambda span: not span["is_primary"])
    for span in spans:
        start, end = span["byte_start"], span["byte_end"]
        around = [it for it in places[span["file_name"]] if it[0] <= start and end <= it[1]]
        if around:
            least = min(it[1] - it[0] for it in around)
            return [it[2] for it in around if it[1] - it[0] == least]
    start, here = spans[0]["byte_start"], places[spans[0]["file_name"]]
    if "non-exhaustive" in error["message"]:
        arms = [it for it in here if "delete match arm" in it[2] and start < it[0] < start + 3000]
        return [it[2] for it in arms[:12]]
    return [it[2] for it in sorted(here, key=lambda it: abs(it[0] - start))[:3]]


def build():
    WORK.mkdir(parents=True, exist_ok=True)
    weave = HERE / "weave"
    subprocess.run(
        ["cargo", "build", "--release", "--locked", "--quiet", "--target-dir", WORK / "weave"],
        cwd=weave, check=True,
    )
    listed = subprocess.run(
        [CARGO_MUTANTS, "mutants", "--list", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    (WORK / "list.json").write_text(listed.stdout)
    copy_tree()
    dropped = set()
    while True:
        (WORK / "dropped.txt").write_text("".join(name + "\n" for name in sorted(dropped)))
        subprocess.run(
            [WORK / "weave/release/weave", WORK / "list.json", ROOT, TREE,
             WORK / "dropped.txt", WORK / "woven.json"],
            check=True,
        )
        shutil.copy(HERE / "switch.rs", TREE / "src" / "mutants.rs")
        # Not itself asked about, so that nothing is woven into it.
        root = TREE / "src" / "lib.rs"
        if "\npub mod mutants;\n" not in root.read_text():
            root.write_text(root.read_text() + "\npub mod mutants;\n")
        checked = cargo("check", "--locked", "--lib", "--message-format=json", cwd=TREE,
                        capture_output=True)
        places = collections.defaultdict(list)
        for mutant in read("woven.json", []):
            for start, end in mutant["ranges"] or []:
                places[mutant["file"]].append((start, end, mutant["name"]))
        bad = set()
        for line in checked.stdout.splitlines():
            message = json.loads(line).get("message") or {}
            if isinstance(message, dict) and message.get("level") == "error" and message["spans"]:
                bad.update(blamed(message, places))
        print(f"{len(bad)} do not compile", flush=True)
        if not bad - dropped:
            break
        dropped |= bad
    built = cargo("test", "--locked", "--no-run", "--lib", "--test", "it", "--bin", "meshbot",
                  "--message-format=json", cwd=TREE, stdout=subprocess.PIPE, check=True)
    binaries = {}
    for line in built.stdout.splitlines():
        made = json.loads(line)
        if made.get("executable") and made["profile"]["test"]:
            binaries[made["target"]["kind"][0]] = made["executable"]
    write("binaries.json", binaries)
    (WORK / "trace.json").unlink(missing_ok=True)


def ask(binary, tests, limit, **more):
    """Runs some tests; the exit code, or None when it took too long."""
    env = dict(os.environ, CARGO_MANIFEST_DIR=str(TREE), **more)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        env["TMPDIR"] = folder
        running = subprocess.Popen(
            ["nice", "-n", "19", binary, "--exact", *tests, "--test-threads=1"],
            cwd=TREE, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )
        try:
            return running.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(running.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            running.wait()


def trace():
    """Which test passes which switch, and how long it takes."""
    traces = WORK / "traces"
    shutil.rmtree(traces, ignore_errors=True)
    traces.mkdir()

    def one(test):
        kind, binary, name = test
        path = traces / f"{kind}.{name.replace('::', '.')}"
        start = time.monotonic()
        code = ask(binary, [name], 60, MUTANT_TRACE=str(path))
        took = time.monotonic() - start
        passed = sorted({int(it) for it in path.read_text().split()}) if path.exists() else []
        return {"kind": kind, "name": name, "good": code == 0, "took": took, "passed": passed}

    tests = []
    for kind, binary in read("binaries.json", {}).items():
        def names(*more):
            listed = subprocess.run([binary, "--list", *more], cwd=TREE, capture_output=True, text=True)
            return {line[:-6] for line in listed.stdout.splitlines() if line.endswith(": test")}
        tests += [(kind, binary, name) for name in sorted(names() - names("--ignored"))]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        traced = list(pool.map(one, tests))
    write("trace.json", traced)
    return traced


def judge(mutant, reach, binaries):
    """Runs the tests that reach it: near and quick ones first."""
    module = mutant["file"][4:-3].split("/")
    tests = reach[mutant["id"]]
    if not tests:
        return "unreached"

    def rank(test):
        same = sum(a == b for a, b in zip(test["name"].split("::"), module))
        near = same * 0.05 if test["kind"] == "lib" else -0.4
        return test["took"] - near

    tests = sorted(tests, key=rank)
    for group in (tests[:6], tests[6:40], tests[40:]):
        for kind, binary in binaries.items():
            piece = [test for test in group if test["kind"] == kind]
            if piece:
                limit = 15 + 3 * sum(test["took"] for test in piece)
                code = ask(binary, [test["name"] for test in piece], limit, MUTANT=str(mutant["id"]))
                if code != 0:
                    return "timeout" if code is None else "caught"
    return "survived"


def line_of(mutant):
    """The line of the source, which tells more than its number."""
    file, line, _ = mutant["name"].split(":", 2)
    return (ROOT / file).read_text().split("\n")[int(line) - 1].strip()


def key(mutant):
    file, _, _, what = mutant["name"].split(":", 3)
    return f"{file}: {what.strip()} | {line_of(mutant)}"


def run(pattern):
    traced = read("trace.json", None) or trace()
    binaries = read("binaries.json", {})
    reach = collections.defaultdict(list)
    for test in traced:
        if test["good"] and test["took"] < TEST_MAX:
            for number in test["passed"]:
                reach[number].append(test)
    results = read("results.json", {})
    todo = [it for it in read("woven.json", []) if it["woven"] and re.search(pattern, it["name"])]
    todo = [it for it in todo if results.get(key(it)) not in ("caught", "timeout")]
    if os.environ.get("LISTED"):
        todo = [it for it in todo if it["genre"] not in OWN]
    print(f"{len(todo)} faults", flush=True)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        judged = pool.map(lambda it: judge(it, reach, binaries), todo)
        for done, (mutant, result) in enumerate(zip(todo, judged), 1):
            results[key(mutant)] = result
            if done % 100 == 0 or done == len(todo):
                write("results.json", results)
                print(done, dict(collections.Counter(results.values())), flush=True)


def reason_for(name, reasons):
    for reason in reasons:
        if any(fault in name for fault in reason["faults"]):
            return reason["why"]
    return None


def left(pattern):
    """What no test noticed: each with its reason, if it has one."""
    reasons = tomllib.loads(REASONS.read_text())["reason"]
    results = read("results.json", {})
    for mutant in read("woven.json", []):
        if mutant["woven"] and results.get(key(mutant)) in ("survived", "unreached"):
            if re.search(pattern, mutant["name"]):
                yield mutant, reason_for(key(mutant), reasons)


def show(pattern):
    for mutant, why in left(pattern):
        if not why:
            print(f"{mutant['genre'][:4]} {mutant['name']} | {line_of(mutant)}")


def earlier():
    """What TABLE says so far: the counts of each file, and its survivors with reasons."""
    rows, survivors, why = {}, collections.defaultdict(list), None
    for line in TABLE.read_text().splitlines() if TABLE.exists() else []:
        if line.startswith("| `src/"):
            name, *counts = [cell.strip() for cell in line.strip("|").split("|")]
            rows[name.strip("`* ")] = [int(count) for count in counts]
        elif line.endswith(":") and not line.startswith("- "):
            why = line[:-1]
        elif line.startswith("- `src/"):
            survivors[line.split("`")[1]].append((why, line[2:]))
    return rows, survivors


def table():
    before, before_survived = earlier()
    results = read("results.json", {})
    files = collections.defaultdict(collections.Counter)
    names = {it["name"] for it in read("woven.json", []) if it["woven"]}
    for mutant in json.loads((WORK / "list.json").read_text()):
        if mutant["name"] not in names:
            files[mutant["file"]]["unviable"] += 1
    for mutant in read("woven.json", []):
        if mutant["woven"]:
            own = "own " if mutant["genre"] in OWN else ""
            result = results.get(key(mutant), "not run")
            result = "survived" if result == "unreached" else result
            files[mutant["file"]][own + result] += 1
            if result != "not run":
                files[mutant["file"]][own + "tried"] += 1
    columns = ["tried", "caught", "timeout", "unviable", "survived", "not run",
               "own tried", "own survived", "own not run"]
    # Files that were not asked about this time stand as they stood.
    old = {file for file, counts in files.items()
           if file in before and not (counts["tried"] or counts["own tried"])}
    for file in old:
        files[file] = collections.Counter(dict(zip(columns, before[file])))
    rows = [[f"`{file}`" + " *" * (file in old), *(str(counts[it]) for it in columns)]
            for file, counts in sorted(files.items())]
    total = sum(files.values(), collections.Counter())
    rows.append(["together", *(str(total[it]) for it in columns)])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    survivors = collections.defaultdict(list)
    for mutant, why in left("."):
        if mutant["genre"] not in OWN:
            _, _, _, what = mutant["name"].split(":", 3)
            place = f"`{mutant['file']}`: {what.strip()}: `{line_of(mutant).replace('|', chr(92) + '|')}`"
            survivors[why or "**no reason yet**"].append(place)
    for file in sorted(old):
        for why, place in before_survived[file]:
            survivors[why].append(place)
    head = TABLE.read_text().split("<!-- made by")[0] if TABLE.exists() else ""
    text = [head.rstrip("\n"), "", "<!-- made by scripts/mutants/mutants.py table -->", "",
            "| file | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|", *lines, "",
            "## What no test notices, and why", ""]
    for why, places in sorted(survivors.items()):
        text += [f"{why}:", "", *(f"- {place}" for place in places), ""]
    TABLE.write_text("\n".join(text).rstrip("\n") + "\n")


if __name__ == "__main__":
    what, pattern = (sys.argv[1:] + ["", "."])[:2] if len(sys.argv) > 1 else ("", ".")
    pattern = pattern or "."
    if what in ("run", "show"):
        globals()[what](pattern)
    elif what in ("build", "table"):
        globals()[what]()
    else:
        sys.exit(__doc__)
