# SPDX-License-Identifier: Apache-2.0
"""Writes the manual page of safetls from what `safetls --experimental-dump-help` says: safetls.py VERSION < json > page."""

import json
import os
import sys
import time


EXAMPLES = [
    ("Is the certificate good, and what is negotiated?", "safetls connect example.org:443 --check"),
    ("Save the chain that a server sends:", "safetls connect example.org:443 --showcerts > chain.pem"),
    ("When does the certificate expire?", "safetls connect example.org:443 --json | jq -r '.certificates[0].notAfter'"),
    ("Look at a mail server:", "safetls connect mail.example.org --starttls smtp --check"),
    ("See what is wrong with a server that is refused:", "safetls connect 192.0.2.1:443 --servername example.org --insecure --check"),
    ("Ask a web server:", "safetls connect example.org:443 --head"),
    ("Follow a handshake that fails:", "safetls connect example.org:443 --check --trace"),
    ("Does the server resume sessions?", "safetls connect example.org:443 --check --resume"),
    ("Show a certificate of one's own:", "safetls connect example.org:443 --cert me.p12 --head"),
    ("Be a server for tests of clients:", "safetls serve --cert server.pem --key server.key --port 4433 --www"),
]


def text(line):
    """A line as roff has it: no character of it is a request or an escape."""
    line = line.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("–", "\\(en")
    return "\\&" + line if line.startswith((".", "'")) else line


def sentence(line):
    return line if line.endswith(".") else line + "."


def names(argument):
    marks = {"long": "--", "short": "-", "longWithSingleDash": "-"}
    return [marks[name["kind"]] + name["name"] for name in argument["names"]]


def option(argument):
    if argument["kind"] == "positional":
        heading = f"\\fI{text(argument['valueName'])}\\fR"
    else:
        heading = ", ".join(f"\\fB{text(name)}\\fR" for name in names(argument))
        if argument["kind"] == "option":
            heading += f" \\fI{text(argument['valueName'])}\\fR"
    lines = [".TP", heading, text(sentence(argument.get("abstract", "")))]
    if argument.get("allValues"):
        lines.append(text(f"The values are {', '.join(argument['allValues'])}."))
    default = argument.get("defaultValue")
    if argument["kind"] == "option" and default:
        lines.append(text(f"The default is {default}."))
    return lines


def shown(command):
    # Every command has --help, and the program's page says so once.
    return [
        argument
        for argument in command.get("arguments", [])
        if argument["shouldDisplay"] and argument["valueName"] not in ("help", "version")
    ]


def discussion(command):
    """What a command says of itself, and the exit statuses behind it: pairs of a number and its meaning."""
    words, _, list_ = (command.get("discussion") or "").partition("Exit status:\n")
    return words.strip(), [line.split(maxsplit=1) for line in list_.splitlines() if line.strip()]


def section(command):
    arguments = shown(command)
    positional = [argument for argument in arguments if argument["kind"] == "positional"]
    usage = f"\\fBsafetls {command['commandName']}\\fR"
    usage += "".join(f" \\fI{text(argument['valueName'])}\\fR" for argument in positional)
    if len(arguments) > len(positional):
        usage += " [\\fIoptions\\fR]"
    lines = [f".SS {usage}", text(sentence(command["abstract"]))]
    words, _ = discussion(command)
    if words:
        lines.append(text(words))
    for argument in arguments:
        lines += option(argument)
    return lines


def page(program, version):
    date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    commands = [command for command in program["subcommands"] if command["commandName"] != "help"]
    lines = [
        f'.TH SAFETLS 1 "{date}" "SafeTLS {version}" "User Commands"',
        ".SH NAME",
        f"safetls \\- {text(program['abstract'].rstrip('.'))}",
        ".SH SYNOPSIS",
    ]
    for command in commands:
        lines.append(f".B safetls {command['commandName']}")
        if shown(command):
            lines.append("\\fIarguments\\fR")
        lines.append(".br")
    lines += [
        ".B safetls help",
        "[\\fIcommand\\fR]",
        ".SH DESCRIPTION",
        text("Looks at TLS servers, and is looked at by TLS clients. TLS is spoken by the SafeTLS library."),
        ".SH COMMANDS",
    ]
    for command in commands:
        lines += section(command)
    lines += [
        ".SH EXIT STATUS",
        "A sentence on standard error says what it is.",
    ]
    for number, meaning in discussion(program)[1]:
        lines += [".TP", number, text(meaning)]
    lines.append(".SH EXAMPLES")
    for words, example in EXAMPLES:
        lines += [".TP", text(words), ".EX", text(example), ".EE"]
    lines += [
        ".SH SEE ALSO",
        ".BR openssl (1ssl),",
        ".BR safetls\\-modssl (8)",
    ]
    return "\n".join(lines) + "\n"


print(page(json.load(sys.stdin)["command"], sys.argv[1]), end="")
