#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the RFCs and sections which sources and documentation cite exist in Vectors/rfc-sections.txt.

citations.py           prints FILE:LINE for each citation of something that does not exist, and fails if there is one
citations.py --bare    prints what each § that stands without an RFC is taken for, for a reader to judge

A citation is `RFC 9846`, `RFC 9846 §4.3.8`, `RFC 9846 appendix E.4`, and each further § or appendix in the same comment, the
same paragraph of Markdown or the same line of code. In a comment that names no RFC, a § belongs to the RFC that its file
names first. The sections of other standards, like X.690 and drafts, are not looked up.
"""
import collections
import pathlib
import re
import subprocess
import sys

LIST = "Vectors/rfc-sections.txt"
# Those that cite nothing, or what must not exist.
LEFT_OUT = {LIST, "LICENSE", ".ci/citations.py"}

Citation = collections.namedtuple("Citation", "position rfc section isBare")

TOKEN = re.compile(
    r"""
    \bRFC \s+ (?:(?:/{2,}|[*\#]) \s*)? (?P<rfc>\d+) \b (?: \s (?P<direct>[A-Z](?:\.\d+)+) )?
    | (?P<other> \b (?: X\.\d{3} | SP \s 800-\w+ | FIPS \s \d+ | draft-[\w-]+ ) \b )
    | § (?: (?P<section> (?:\d+|[A-Z])(?:\.\d+)* \b ) | (?P<torn> \s+ (?=\d) ) )
    | \b [Aa]ppendix \s+ (?:(?:/{2,}|[*\#]) \s*)? (?P<appendix> [A-Z](?:\.\d+)* ) \b
    """,
    re.VERBOSE,
)


def blocks(text, is_prose):
    """The parts of a file in which an RFC is named once for all that follows: (offset, part)."""
    offset, start, kind = 0, 0, None
    for line in text.splitlines(keepends=True):
        word = line.strip()
        if is_prose:
            now = "paragraph" if word and not word.startswith("|") else None
        else:
            now = "comment" if re.match(r"//|/\*|\*|#", word) else None
        if now is None or now != kind:
            yield start, text[start:offset]
            start = offset
        kind = now
        offset += len(line)
    yield start, text[start:]


def citations(path, text):
    """What a file cites, in the order of the text. `rfc` is None for a § that belongs to none, `section` for a whole
    RFC."""
    first = TOKEN.search(text)
    while first and not first["rfc"]:
        first = TOKEN.search(text, first.end())
    for offset, part in blocks(text, path.endswith(".md")):
        named, is_bare = first and first["rfc"], True
        for match in TOKEN.finditer(part):
            position = offset + match.start()
            if match["rfc"]:
                named, is_bare = match["rfc"], False
                yield Citation(position, named, match["direct"], False)
            elif match["other"]:
                named, is_bare = "other", False
            elif named != "other":
                yield Citation(position, named, match["section"] or match["appendix"] or "", is_bare)


def complaint(citation, titles):
    if citation.section == "":
        return "a § apart from its section"
    if citation.rfc is None:
        return f"§{citation.section} belongs to no RFC: the file names none"
    if citation.rfc not in titles:
        return f"RFC {citation.rfc} is not in {LIST}"
    if citation.section is not None and citation.section not in titles[citation.rfc]:
        return f"RFC {citation.rfc} has no §{citation.section}"
    return None


def read_titles(lines):
    titles = collections.defaultdict(dict)
    for line in lines:
        if not line.startswith("#"):
            rfc, section, title = line.rstrip("\n").split(" ", 2)
            titles[rfc][section] = title
    return dict(titles)


def files():
    """The text files under version control or about to be, with their contents."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0"):
        path = pathlib.Path(name)
        # The pictures are drawn from tables whose sections are looked up.
        if name and name not in LEFT_OUT and path.suffix != ".svg" and path.is_file():
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                pass


def check_oneself():
    """A check that finds nothing must be one that could have found something."""
    titles = read_titles(["1 - One", "1 4 Four", "1 4.2 Two", "1 A.1 Annex", "2 - Two", "2 5 Five"])
    cases = {
        "/// RFC 1 §4, §4.2, appendix A.1; RFC 1 A.1\n/// and RFC 2\n/// §5.\nlet a // §4\n// (X.690 §8, §9)": [],
        "// RFC 3": ["RFC 3 is not in " + LIST],
        "// RFC 1 §4.3": ["RFC 1 has no §4.3"],
        "// RFC 2 appendix A.1": ["RFC 2 has no §A.1"],
        "// RFC 1 §4, §5; RFC 2 §5, §4": ["RFC 1 has no §5", "RFC 2 has no §4"],
        "// RFC 1\n\n// RFC 2 §5\n\n// §5": ["RFC 1 has no §5"],
        "// a § and §4": ["§4 belongs to no RFC: the file names none"],
        "// RFC 1 § 4": ["a § apart from its section"],
    }
    for text, expected in cases.items():
        found = [complaint(citation, titles) for citation in citations("a.swift", text)]
        assert [line for line in found if line] == expected, (text, found)


def main(arguments):
    check_oneself()
    titles = read_titles(pathlib.Path(LIST).read_text(encoding="utf-8").splitlines())
    count, failed = 0, False
    for path, text in files():
        for citation in citations(path, text):
            count += 1
            where = f"{path}:{text.count(chr(10), 0, citation.position) + 1}"
            wrong = complaint(citation, titles)
            if wrong:
                print(f"{where}: {wrong}", file=sys.stderr)
                failed = True
            elif citation.isBare and "--bare" in arguments:
                print(f"{where}: RFC {citation.rfc} §{citation.section} {titles[citation.rfc][citation.section]}")
    if failed:
        sys.exit(f"citations: the sections of an RFC that is new here belong into {LIST}")
    print(f"citations: {count}, all of them there")


if __name__ == "__main__":
    main(sys.argv[1:])
