# SPDX-License-Identifier: Apache-2.0
"""The parts of run.sh that read and write JSON.

report.py start SHIM                      prints how long the shim takes to start
report.py configure FOLDER CONFIG         writes FOLDER/config.json as the runner at hand reads it
report.py report FOLDER CONFIG ARGUMENTS  prints failures and counts; fails when these are not what they have to be

FOLDER/names.json has the names of all tests. config.json says what holds for which runner: the runner of 2022, which Debian
has, and later ones, which know -shim-id, have other tests and read lists in ErrorMap.
"""
import fnmatch
import json
import re
import subprocess
import sys
import time


def main():
    {"start": start, "configure": configure, "report": report}[sys.argv[1]](*sys.argv[2:])


def start(shim):
    """The runner starts the shim some two thousand times."""

    def milliseconds(command):
        times = []
        for _ in range(20):
            begin = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            times.append((time.perf_counter() - begin) * 1000)
        return min(times)

    values = milliseconds([shim, "-unknown-flag"]), milliseconds(["/bin/true"])
    print("start of the shim: {:.1f} ms, of which {:.1f} ms for any process".format(*values))


def read(folder, config):
    """The configuration, the names of all tests, and which runner has them."""
    config = json.load(open(config, encoding="utf-8"))
    names = sorted(json.load(open(folder + "/names.json", encoding="utf-8"))["tests"])
    runner = "2022" if "CurveTest-Client-CECPQ2-TLS13" in names else "current"
    return config, names, runner


def disabled_tests(config, runner):
    return {**config["DisabledTests"], **config["Runners"][runner]["DisabledTests"]}


def matches(names, pattern):
    """Go writes the complement of a set of characters with a circumflex."""
    return fnmatch.filter(names, pattern.replace("[^", "[!"))


def configure(folder, config):
    config, names, runner = read(folder, config)
    disabled = disabled_tests(config, runner)
    problems = ["{}: without a reason".format(name) for name, reason in disabled.items() if not reason.strip()]
    # A pattern of both runners may be dead in the later one, whose tests have other names.
    patterns = disabled if runner == "2022" else config["Runners"][runner]["DisabledTests"]
    problems += ["{}: no test has such a name".format(name) for name in patterns if not matches(names, name)]
    if problems:
        sys.exit("bogo: config.json disables\n" + "\n".join(problems))
    errors = config["ErrorMap"]
    if runner == "2022":
        several = [name for name, texts in errors.items() if len(texts) != 1]
        both = config["Runners"][runner]["ErrorMap"]
        errors = {name: both.get(name, texts[0]) for name, texts in errors.items()}
        unclear = [name for name in several if name not in both]
        if unclear:
            sys.exit("bogo: the runner of 2022 takes one text for " + ", ".join(unclear))
    result = {key: value for key, value in config.items() if key not in ("Runners", "ErrorMap", "DisabledTests")}
    result.update(DisabledTests=disabled, ErrorMap=errors)
    if runner != "2022":
        result.pop("AllCurves")
    json.dump(result, open(folder + "/config.json", "w", encoding="utf-8"))


def report(folder, config, argument_count):
    config, names, runner = read(folder, config)
    expected = config["Runners"][runner]
    output = open(folder + "/output", encoding="utf-8", errors="replace").read()
    lines = [line for line in output.split("\n") if not re.match(r"(PASSED|UNIMPLEMENTED) \(.*\)$", line)]
    print("\n".join(lines).strip())
    try:
        tests = json.load(open(folder + "/results.json", encoding="utf-8"))["tests"]
    except OSError:
        sys.exit("bogo: the runner did not finish")
    count = lambda result: sum(test["actual"] == result for test in tests.values())
    disabled = len(names) - len(tests)
    if argument_count == "0":
        off = set()
        for pattern in disabled_tests(config, runner):
            off.update(matches(names, pattern))
        if len(off) != disabled:
            print("bogo: {} tests are disabled, {} names match".format(disabled, len(off)))
    passed = count("PASS")
    print(
        "{} passed, {} failed, {} unimplemented, {} disabled".format(passed, count("FAIL"), count("SKIP"), disabled)
    )
    if argument_count != "0":
        return
    if passed < expected["Passed"]:
        sys.exit("bogo: {} tests have to pass with this runner".format(expected["Passed"]))
    if passed > expected["Passed"]:
        print("bogo: more than the {} that have to pass: raise the number in config.json".format(expected["Passed"]))
    found = lacking(folder)
    # These depend on libcrypto.
    compare(found, set(expected["Lacking"]) | found.intersection(expected.get("LackingBeforeOpenSSL35", [])))


def lacking(folder):
    """What the shim said that it lacks, without names that differ from run to run."""
    try:
        lines = open(folder + "/lacking", encoding="utf-8", errors="replace").read().split("\n")
    except OSError:
        return set()
    lines = (line.removeprefix("not implemented: ") for line in lines if line)
    lines = (re.sub(r"^/\S+/(test-(cert|key))\d+", r"\1", line) for line in lines)
    return {re.sub(r"(this is OpenSSL) \S+$", r"\1", line) for line in lines}


def compare(found, expected):
    new, gone = sorted(found - expected), sorted(expected - found)
    if new:
        print("bogo: the shim lacks what config.json does not name:", json.dumps(new, ensure_ascii=False, indent=4))
    if gone:
        print("bogo: the shim no longer lacks:", json.dumps(gone, ensure_ascii=False, indent=4))
    if new or gone:
        sys.exit(1)


main()
