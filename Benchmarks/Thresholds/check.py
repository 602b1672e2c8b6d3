#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# check.py TLS_BENCHMARK [--write]: holds allocations and instructions to the numbers beside this file, or writes these anew.
import collections
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

# With how many repetitions. None with RSA: how often libcrypto allocates depends on the numbers in a key, which is a new one
# in each run.
CASES = {
    "tls13-full-p256": 20, "tls13-ticket-p256": 20, "tls13-store-p256": 20, "tls13-mutual-p256": 20, "tls13-0rtt-p256": 20,
    "tls13-retry-p256": 20, "tls13-hybrid-p256": 20, "tls13-known-p256": 20,
    "tls12-full-p256": 20, "tls12-ticket-p256": 20, "tls12-store-p256": 20, "tls12-mutual-p256": 20,
    "bulk-aes128gcm-16k": 30, "bulk-aes128gcm-1k": 200, "bulk-chacha20poly1305-1k": 50, "write-aes128gcm-1m": 3,
    "mlkem768": 10,
}
# Modules of this project that are cryptography and no protocol.
CRYPTOGRAPHY = {"MLKEM", "Curve25519"}
# How much may be added before it is a complaint. What has become less is none.
TOLERANCE = {
    "allocations": 0.01, "own allocations": 0.01, "instructions of the protocol": 0.02, "instructions of cryptography in Swift": 0.02,
    "instructions of libcrypto": 0.02,
}
# libcrypto's instructions are comparable where it is the same release and finds the same of these in the processor.
FEATURES = {"adx", "aes", "avx", "avx2", "avx512f", "bmi2", "pclmulqdq", "sha_ni", "vaes", "vpclmulqdq", "pmull", "sha2", "sve"}
# Sets and dictionaries are laid out alike in every process then, which takes the same work and memory.
ENVIRONMENT = os.environ | {"SWIFT_DETERMINISTIC_HASHING": "1"}


def measured(benchmark):
    """Per handshake, record or ML-KEM key, by what is held to a number and by case; and what else callgrind tells."""
    sections = subprocess.run(["readelf", "--wide", "--sections", benchmark], check=True, capture_output=True, text=True).stdout
    if ".symtab" not in sections:
        sys.exit("thresholds: the executable has no symbols, so that cryptography in Swift cannot be told from the rest")
    with tempfile.TemporaryDirectory() as directory:
        command = [
            "valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={directory}/profile", benchmark
        ]
        for name, count in CASES.items():
            command += ["--repeat", name, str(count)]
        output = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT).stdout
        profiles = [path.read_text() for path in pathlib.Path(directory).iterdir()]
    found = {kind: {} for kind in TOLERANCE}
    for line in output.splitlines():
        name, side, own, total, _ = line.split()
        found["own allocations"][f"{name} {side}"] = int(own)
        found["allocations"][f"{name} {side}"] = int(total)
    others = {}
    for profile in profiles:
        trigger = re.search(r"^desc: Trigger: Client Request: (\S+)$", profile, re.MULTILINE)
        if trigger is None:
            continue
        name = trigger[1]
        parts = {part: round(count / CASES[name]) for part, count in instructions(profile, os.path.basename(benchmark)).items()}
        for part in list(parts):
            kind = f"instructions of {part}"
            if kind in found:
                found[kind][name] = parts.pop(part)
        others[name] = parts
    missing = CASES.keys() - others.keys()
    if missing:
        sys.exit(f"thresholds: callgrind says nothing of {', '.join(sorted(missing))}")
    return found, others


def instructions(profile, executable):
    """Adds up the costs in a callgrind profile: of the protocol, of cryptography in Swift, of libcrypto, and of the rest."""
    objects, functions = {}, {}
    current_object = current_function = ""
    is_call = False
    total = collections.Counter()
    for line in profile.splitlines():
        kind, _, value = line.partition("=")
        if kind in ("ob", "cob", "fn", "cfn"):
            # A name is given once, with a number that stands for it from then on. Who is called counts for itself.
            names = objects if kind.endswith("ob") else functions
            number, _, name = value.partition(" ")
            if name:
                names[number] = name
            if kind == "ob":
                current_object = os.path.basename(names[number])
            elif kind == "fn":
                current_function = names[number]
        elif kind == "calls":
            # The next line has what the called function took, which is counted with that function.
            is_call = True
        elif line[:1] in "0123456789+-*" and line[:1]:
            if not is_call:
                total[part(current_object, current_function, executable)] += int(line.split()[-1])
            is_call = False
    return total


def part(object_name, function, executable):
    if object_name.startswith("libcrypto"):
        return "libcrypto"
    if object_name != executable:
        return "C library"
    # Swift's symbols begin with the module: its length and its name. Only cryptography has vectors, the standard library's.
    module = re.match(r"\$s(\d+)", function)
    if re.match(r"\$ss\d+SIMD\d", function):
        return "cryptography in Swift"
    if module and function[module.end():module.end() + int(module[1])] in CRYPTOGRAPHY:
        return "cryptography in Swift"
    return "the protocol"


def conditions(openssl):
    """What libcrypto's instructions depend on."""
    lines = re.findall(r"^(?:flags|Features)\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return " ".join([openssl] + sorted(FEATURES & set("".join(lines[:1]).split())))


def allowance(kind, old):
    """How much may be added. Some twenty allocations and more are a mean that is rounded: one more may be chance."""
    return max(TOLERANCE[kind] * old, 1 if kind.endswith("allocations") and old >= 20 else 0)


def complaints(kind, expected, found):
    for name in sorted(expected.keys() | found.keys()):
        old, new = expected.get(name), found.get(name)
        if old is None or new is None:
            yield f"{kind} of {name}: {old} are written down, and {new} were measured"
        elif new - old > allowance(kind, old):
            yield f"{kind} of {name}: {new}, which is more than {old}"
        elif old - new > TOLERANCE[kind] * old:
            print(f"thresholds: {kind} of {name}: {new}, which is fewer than {old}: write that down")


def show(found, others):
    """A table of instructions, and one of allocations."""
    print(f"{'instructions':26}{'protocol':>12}{'own crypto':>12}{'libcrypto':>12}{'C library':>12}")
    for name in CASES:
        columns = [found["instructions of the protocol"].get(name, 0), found["instructions of cryptography in Swift"].get(name, 0)]
        columns += [found["instructions of libcrypto"].get(name, 0), others[name].get("C library", 0)]
        print(f"{name:26}" + "".join(f"{column:12}" for column in columns))
    print(f"{'allocations':38}{'own':>12}{'all':>12}")
    for name, own in found["own allocations"].items():
        print(f"{name:38}{own:12}{found['allocations'][name]:12}")


def main():
    benchmark, *options = sys.argv[1:]
    openssl = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout.split()[1]
    line = ".".join(openssl.split(".")[:2])
    file = pathlib.Path(__file__).parent / f"{platform.machine()}-openssl{line}.json"
    found, others = measured(benchmark)
    show(found, others)
    found["conditions"] = conditions(openssl)
    if options == ["--write"]:
        file.write_text(json.dumps(found, indent=4, sort_keys=True) + "\n")
        print(f"thresholds: {file} is written")
        return
    if not file.exists():
        sys.exit(f"thresholds: there is no {file}; make icount ARGS=--write makes one")
    expected = json.loads(file.read_text())
    kinds = list(TOLERANCE)
    if expected.get("conditions") != found["conditions"]:
        kinds.remove("instructions of libcrypto")
        print(f"thresholds: libcrypto's instructions are not compared: here is {found['conditions']}, and the numbers are of "
              f"{expected.get('conditions')}")
    problems = [problem for kind in kinds for problem in complaints(kind, expected.get(kind, {}), found[kind])]
    for problem in problems:
        print(f"thresholds: {problem}", file=sys.stderr)
    if problems:
        sys.exit("thresholds: if that is meant, make icount ARGS=--write writes the new numbers (Benchmarks/README.md)")
    print(f"thresholds: {sum(len(found[kind]) for kind in kinds)} numbers are no larger than in {file.name}")


main()
