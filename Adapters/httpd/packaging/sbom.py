# SPDX-License-Identifier: Apache-2.0
"""Writes what a release is made of, in SPDX 2.3: sbom.py VERSION COMMIT SWIFT-VERSION PARSER-VERSION FILE... > sbom.json.

FILE are the binaries. The time comes from SOURCE_DATE_EPOCH: the same files make the same bytes.
"""

import hashlib
import json
import os
import sys
import time

version, commit, swift, parser = sys.argv[1:5]
binaries = sys.argv[5:]

RUNTIME_LICENCE = "Apache-2.0 WITH Swift-exception"
# name, version, licence, who made it, whether the binaries contain it or find it on the system
PARTS = [
    ("swift-runtime", swift, RUNTIME_LICENCE, "Apple Inc. and the Swift project authors", "STATIC_LINK"),
    ("swift-argument-parser", parser, RUNTIME_LICENCE, "Apple Inc. and the Swift project authors", "STATIC_LINK"),
    ("openssl-libcrypto", ">= 3.0.0", "Apache-2.0", "The OpenSSL Project", "DYNAMIC_LINK"),
    ("zlib", ">= 1.2", "Zlib", "Jean-loup Gailly and Mark Adler", "DYNAMIC_LINK"),
    ("brotli", ">= 1.0", "MIT", "The Brotli Authors", "DYNAMIC_LINK"),
    ("glibc", ">= 2.34", "LGPL-2.1-or-later", "Free Software Foundation", "DYNAMIC_LINK"),
    ("libstdc++", ">= 11", "GPL-3.0-or-later WITH GCC-exception-3.1", "Free Software Foundation", "DYNAMIC_LINK"),
]
# Only the command line has these.
OF_THE_COMMAND = {"swift-argument-parser"}


def package(name, version, licence, author):
    return {
        "SPDXID": f"SPDXRef-{name.replace('+', 'p')}",
        "name": name,
        "versionInfo": version,
        "supplier": f"Organization: {author}",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
    }


def digest(path, algorithm):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def file(path):
    name = os.path.basename(path)
    return {
        "SPDXID": f"SPDXRef-file-{name.replace('_', '-')}",
        "fileName": f"./{name}",
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": digest(path, "sha1")},
            {"algorithm": "SHA256", "checksumValue": digest(path, "sha256")},
        ],
        "licenseConcluded": "Apache-2.0",
        "copyrightText": "NOASSERTION",
    }


def relation(element, kind, other):
    return {"spdxElementId": element, "relationshipType": kind, "relatedSpdxElement": other}


files = [file(path) for path in binaries]
packages = [package("SafeTLS", version, "Apache-2.0", "SafeTLS")]
relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-SafeTLS")]
relations += [relation("SPDXRef-SafeTLS", "CONTAINS", binary["SPDXID"]) for binary in files]
for name, number, licence, author, link in PARTS:
    packages.append(package(name, number, licence, author))
    for binary in files:
        if name not in OF_THE_COMMAND or binary["fileName"] == "./safetls":
            relations.append(relation(binary["SPDXID"], link, packages[-1]["SPDXID"]))

json.dump(
    {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"SafeTLS-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/SafeTLS-{version}-{commit}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))),
            "creators": ["Tool: sbom.py"],
        },
        "packages": packages,
        "files": files,
        "relationships": relations,
    },
    sys.stdout,
    indent=2,
)
print()
