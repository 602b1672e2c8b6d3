# SPDX-License-Identifier: Apache-2.0
"""Writes the manual page of safetls from what `safetls --experimental-dump-help` says: safetls.py VERSION < json > page."""

import json
import os
import sys
import time


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


def section(command):
    arguments = shown(command)
    positional = [argument for argument in arguments if argument["kind"] == "positional"]
    usage = f"\\fBsafetls {command['commandName']}\\fR"
    usage += "".join(f" \\fI{text(argument['valueName'])}\\fR" for argument in positional)
    if len(arguments) > len(positional):
        usage += " [\\fIoptions\\fR]"
    lines = [f".SS {usage}", text(sentence(command["abstract"]))]
    if command.get("discussion"):
        lines.append(text(command["discussion"]))
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
        ".TP",
        "0",
        "Everything went well.",
        ".TP",
        "1",
        "There was no connection, or the other side could not be authenticated; a sentence says why.",
        ".TP",
        "64",
        "The command line has a mistake.",
        ".SH EXAMPLES",
        ".EX",
        text("safetls connect example.org:443 --alpn h2,http/1.1 < /dev/null"),
        text("safetls connect example.org:443 --head"),
        text("safetls serve --cert server.pem --key server.key --port 4433 --www"),
        ".EE",
        ".SH SEE ALSO",
        ".BR openssl (1ssl),",
        ".BR safetls\\-modssl (8)",
    ]
    return "\n".join(lines) + "\n"


print(page(json.load(sys.stdin)["command"], sys.argv[1]), end="")
