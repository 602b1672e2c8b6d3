# SPDX-License-Identifier: Apache-2.0
"""A client on Chromium's BoringSSL, which behaves as Chrome does: chromium.py URL AUTHORITY prints the answer's headers and text."""

import sys

from curl_cffi import requests

url, authority = sys.argv[1:]
answer = requests.get(url, verify=authority, impersonate="chrome", timeout=300)
for name, value in answer.headers.items():
    print("%s: %s" % (name, value))
print(answer.text)
