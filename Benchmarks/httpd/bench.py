#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# bench.py MODULE [--rounds N] [--case NAME] [--json] [--markdown] [--plot FILE.svg]: the same httpd with the same files,
# certificate and suites, once with MODULE in mod_ssl's place and once with mod_ssl, taking turns. What counts is the CPU
# time that httpd and its children use, read from /proc; what passes on the clock is printed beside it.
import argparse
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

from cases import CASES, Cost
from server import Site, Server
from plot import bars

STACKS = ["safetls", "mod_ssl"]


def measured(case, site, modules, rounds):
    """What each round of a case cost: lists of Cost by stack. The stack that begins changes with every round."""
    costs = {stack: [] for stack in STACKS}
    servers = {}
    try:
        if case.needs_server:
            servers = {stack: Server(site, stack, modules[stack]) for stack in STACKS}
            for server in servers.values():
                case.run(server)  # caches fill, children start
        for number in range(rounds):
            for stack in STACKS if number % 2 == 0 else reversed(STACKS):
                if case.needs_server:
                    costs[stack].append(case.run(servers[stack]))
                else:
                    costs[stack].append(case.run(site, stack, modules[stack]))
    finally:
        for server in servers.values():
            server.stop()
    return costs


def row(case, costs):
    """Medians, and the ratios of each round with their range: a round's two numbers had the same neighbours."""
    ours, theirs = ([cost.cpu for cost in costs[stack]] for stack in STACKS)
    ratios = sorted(b / a for a, b in zip(ours, theirs))
    walls = [b.wall / a.wall for a, b in zip(*(costs[stack] for stack in STACKS))]
    return {
        "case": case.name, "what": case.what, "unit": case.unit,
        "safetls": statistics.median(ours), "mod_ssl": statistics.median(theirs),
        "ratio": statistics.median(ratios), "lowest": ratios[0], "highest": ratios[-1],
        "wall_ratio": statistics.median(walls) if case.has_wall else None,
    }


def header(site):
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    httpd = subprocess.run(["/usr/sbin/apache2", "-v"], capture_output=True, text=True).stdout.split("\n")[0].split(": ")[-1]
    openssl = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout.strip()
    return f"{processor}, {platform.system()} {platform.release()}, {httpd}, {openssl}"


def table(rows, is_markdown):
    """More than 1 means that mod_ssl costs more."""
    lines = []
    if is_markdown:
        lines += ["| case | safetls | mod_ssl | unit | ratio by CPU | of rounds | by clock |", "|---|---:|---:|---|---:|---|---:|"]
    for entry in rows:
        wall = f"{entry['wall_ratio']:.2f}" if entry["wall_ratio"] else "-"
        spread = f"{entry['lowest']:.2f}-{entry['highest']:.2f}"
        cells = [entry["what"], f"{entry['safetls']:.4g}", f"{entry['mod_ssl']:.4g}", entry["unit"], f"{entry['ratio']:.2f}", spread, wall]
        lines.append("| " + " | ".join(cells) + " |" if is_markdown
                     else "{:44} {:>9} {:>9} {:16} {:>5} ({}) clock {}".format(*cells))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Compares httpd with this module and with mod_ssl, by CPU time of the server.")
    parser.add_argument("module", type=pathlib.Path, help="the stand-in, build/mod_ssl.so")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", action="append", help="only this one; may be given again")
    parser.add_argument("--list", action="store_true", help="name the cases")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--plot", type=pathlib.Path, metavar="FILE.svg")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{case.name:16} {case.what}" for case in CASES))
        return 0
    unknown = set(arguments.case or []) - {case.name for case in CASES}
    if unknown:
        parser.error(f"no case is named {', '.join(sorted(unknown))}")
    rows = []
    with tempfile.TemporaryDirectory(prefix="safetls-bench-httpd.") as directory:
        site = Site(pathlib.Path(directory))
        modules = {"safetls": arguments.module.resolve(), "mod_ssl": pathlib.Path("/usr/lib/apache2/modules/mod_ssl.so")}
        if not (arguments.json or arguments.markdown):
            print(header(site), f"{arguments.rounds} rounds; a ratio above 1: mod_ssl costs more", sep="\n")
        for case in CASES:
            if not arguments.case or case.name in arguments.case:
                rows.append(row(case, measured(case, site, modules, arguments.rounds)))
                if not (arguments.json or arguments.markdown):
                    print(table(rows[-1:], False), flush=True)
    if arguments.json:
        print(json.dumps(rows, indent=1))
    if arguments.markdown:
        print(table(rows, True))
    if arguments.plot:
        arguments.plot.write_text(bars(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
