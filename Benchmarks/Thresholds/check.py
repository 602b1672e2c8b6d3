#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# check.py TLS_BENCHMARK [--write]: holds allocations and instructions to the numbers beside this file, or writes these anew.
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

# Not those with RSA: how often libcrypto allocates depends on the numbers in a key, which is a new one in each run.
HANDSHAKES = ["tls13-full-p256", "tls12-full-p256"]
RECORDS = ["bulk-aes128gcm-16k", "bulk-aes128gcm-1k", "bulk-chacha20poly1305-1k"]
# Each with two numbers of repetitions: the difference leaves out what a process does once.
INSTRUCTIONS = {
    "tls13-full-p256": (5, 45), "tls12-full-p256": (5, 45),
    "bulk-aes128gcm-16k": (10, 50), "bulk-aes128gcm-1k": (100, 900),
}
# How much may be added before it is a complaint. What has become less is none.
TOLERANCE = {"allocations": 0.01, "instructions": 0.02}
# Sets and dictionaries are laid out alike in every process then, which takes the same work and memory.
ENVIRONMENT = os.environ | {"SWIFT_DETERMINISTIC_HASHING": "1"}


def allocations(benchmark):
    """Per handshake or record, by case and side."""
    arguments = [argument for name in HANDSHAKES + RECORDS for argument in ("--case", name)]
    command = [benchmark, "--quick", "--json"] + arguments
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT)
    rows = [row for row in json.loads(output.stdout) if row["stack"] == "safetls" and row["metric"] == "allocations"]
    return {f"{row['case']} {row['side']}": round(row["value"]) for row in rows}


def counted(benchmark, name, count):
    """Instructions within the executable itself, for so many repetitions."""
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory, "callgrind.out")
        command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={file}", benchmark, "--repeat", name, str(count)]
        subprocess.run(command, check=True, env=ENVIRONMENT)
        return instructions_of(file.read_text(), os.path.basename(benchmark))


def instructions_of(profile, object_name):
    """Adds up the costs in a callgrind profile that are those of one object file."""
    names = {}
    is_wanted = False
    is_call = False
    total = 0
    for line in profile.splitlines():
        if line.startswith(("ob=", "cob=")):
            # A name is given once, with a number that stands for it from then on. Who is called counts for itself.
            kind, _, value = line.partition("=")
            number, _, name = value.partition(" ")
            if name:
                names[number] = name
            if kind == "ob":
                is_wanted = os.path.basename(names[number]) == object_name
        elif line.startswith("calls="):
            # The next line has what the called function took, which is counted with that function.
            is_call = True
        elif line[:1] in "0123456789+-*" and line[:1]:
            if is_wanted and not is_call:
                total += int(line.split()[-1])
            is_call = False
    return total


def instructions(benchmark):
    """Per handshake, or per record that is sealed twice and opened once."""
    result = {}
    for name, (few, many) in INSTRUCTIONS.items():
        difference = counted(benchmark, name, many) - counted(benchmark, name, few)
        result[name] = round(difference / (many - few))
    return result


def complaints(kind, expected, found):
    for name in sorted(expected.keys() | found.keys()):
        old, new = expected.get(name), found.get(name)
        if old is None or new is None:
            yield f"{kind} of {name}: {old} are written down, and {new} were measured"
        elif new - old > TOLERANCE[kind] * old:
            yield f"{kind} of {name}: {new}, which is more than {old}"
        elif old - new > TOLERANCE[kind] * old:
            print(f"thresholds: {kind} of {name}: {new}, which is fewer than {old}: write that down")


def main():
    benchmark, *options = sys.argv[1:]
    openssl = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout.split()[1]
    line = ".".join(openssl.split(".")[:2])
    file = pathlib.Path(__file__).parent / f"{platform.machine()}-openssl{line}.json"
    found = {"allocations": allocations(benchmark), "instructions": instructions(benchmark)}
    if options == ["--write"]:
        file.write_text(json.dumps(found, indent=4, sort_keys=True) + "\n")
        print(f"thresholds: {file} is written")
        return
    if not file.exists():
        sys.exit(f"thresholds: there is no {file}; make thresholds ARGS=--write makes one")
    expected = json.loads(file.read_text())
    problems = [
        problem for kind in TOLERANCE for problem in complaints(kind, expected[kind], found[kind])
    ]
    for problem in problems:
        print(f"thresholds: {problem}", file=sys.stderr)
    if problems:
        sys.exit("thresholds: if that is meant, make thresholds ARGS=--write writes the new numbers (Benchmarks/README.md)")
    print(f"thresholds: {sum(len(part) for part in found.values())} numbers are no larger than in {file.name}")


main()
