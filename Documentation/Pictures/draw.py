#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws the pictures of the documentation: the ports of a session, and what happens in handshakes.

draw.py           writes NAME.svg and NAME~dark.svg into the catalog of SafeTLS
draw.py --check   fails if those there are others
"""

import pathlib
import sys
from html import escape

RESOURCES = pathlib.Path(__file__).resolve().parents[2] / "Sources/SafeTLS/SafeTLS.docc/Resources"

LIGHT = dict(text="#1f2328", faint="#59636e", line="#818b98", box="#f6f8fa", edge="#d1d9e0", accent="#ddf4ff",
             accent_edge="#54aeff", clear="#9a6700", cipher="#0969da", ask="#8250df")
DARK = dict(text="#f0f6fc", faint="#9198a1", line="#656c76", box="#151b23", edge="#3d444d", accent="#0f2d4a",
            accent_edge="#316dca", clear="#d29922", cipher="#58a6ff", ask="#ab7df8")


class Drawing:
    """Elements of a picture, and its size."""

    def __init__(self, width, height, title, colours):
        self.width, self.height, self.colours, self.title = width, height, colours, title
        self.parts = []

    def svg(self):
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}" '
            "font-family=\"system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"14\">",
            "<!-- Drawn by Documentation/Pictures/draw.py. -->",
            f"<title>{escape(self.title)}</title>",
        ]
        return "\n".join(head + self.parts + ["</svg>"]) + "\n"

    def text(self, x, y, text, colour="text", anchor="middle", size=14, weight=400, mono=False):
        family = " font-family=\"ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace\"" if mono else ""
        self.parts.append(
            f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{self.colours[colour]}" font-size="{size}" '
            f'font-weight="{weight}"{family}>{escape(text)}</text>'
        )

    def box(self, x, y, width, height, fill="box", edge="edge"):
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{self.colours[fill]}" '
            f'stroke="{self.colours[edge]}"/>'
        )

    def line(self, x1, y1, x2, y2, colour="line", dashed=False, width=1):
        dashes = ' stroke-dasharray="4 4"' if dashed else ""
        self.parts.append(
            f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{self.colours[colour]}" stroke-width="{width}"{dashes}/>'
        )

    def arrow(self, x1, x2, y, colour="line"):
        """A horizontal arrow to x2."""
        back = -8 if x2 > x1 else 8
        self.line(x1, y, x2 + back, y, colour, width=2)
        self.parts.append(
            f'<path d="M {x2} {y} l {back} -5 v 10 z" fill="{self.colours[colour]}"/>'
        )


def ports(colours):
    picture = Drawing(760, 344, "The ports of a session: bytes in, bytes out, plaintext in, plaintext out, requests and answers", colours)
    picture.box(10, 20, 130, 286)
    picture.text(75, 48, "Transport", weight=600)
    for row, word in enumerate(["a socket,", "an event loop,", "a test"]):
        picture.text(75, 150 + 20 * row, word, "faint", size=13)
    picture.box(290, 20, 180, 286, "accent", "accent_edge")
    picture.text(380, 48, "Session", weight=600)
    for row, word in enumerate(["ServerSession", "ClientSession"]):
        picture.text(380, 132 + 20 * row, word, mono=True, size=13)
    for row, word in enumerate(["no socket, no clock,", "no thread"]):
        picture.text(380, 186 + 20 * row, word, "faint", size=13)
    picture.box(620, 20, 130, 286)
    picture.text(685, 48, "Program", weight=600)

    def port(left, right, y, what, call, colour):
        middle = (left + right) / 2
        picture.text(middle, y - 24, what, size=13)
        picture.text(middle, y - 8, call, colour, mono=True, size=12)
        picture.arrow(left, right, y, colour)

    port(140, 290, 102, "records", "receive(&buffer)", "cipher")
    port(470, 620, 102, "data, in that buffer", "received.plaintext", "clear")
    port(620, 470, 164, "data", "seal(data, into:)", "clear")
    port(290, 140, 164, "sealed records", "into: &output", "cipher")
    port(290, 140, 226, "handshake, alerts", "takeOutput { … }", "cipher")
    port(470, 620, 226, "what it waits for", "request", "ask")
    port(620, 470, 288, "your answer", "answer(…)", "ask")
    picture.text(380, 332, "The program moves the bytes, and answers what the session waits for.", "faint", size=13)
    return picture.svg()


class Sequence(Drawing):
    """Two programs, their sessions, and messages between them, from the top to the bottom."""

    PROGRAM, CLIENT, SERVER, OTHER = 60, 240, 620, 800

    def __init__(self, title, colours):
        super().__init__(860, 0, title, colours)
        self.y = 44

    def svg(self):
        messages = self.parts
        self.parts = []
        self.height = self.y + 24
        for x, name, mono, fill, edge in [
            (self.PROGRAM, "program", False, "box", "edge"),
            (self.CLIENT, "ClientSession", True, "accent", "accent_edge"),
            (self.SERVER, "ServerSession", True, "accent", "accent_edge"),
            (self.OTHER, "program", False, "box", "edge"),
        ]:
            width = 130 if mono else 90
            self.line(x, 44, x, self.height - 4, "edge", dashed=True)
            self.box(x - width / 2, 10, width, 34, fill, edge)
            self.text(x, 32, name, weight=600, size=13, mono=mono)
        self.parts += messages
        return super().svg()

    def message(self, first, *rest, back=False, colour="cipher"):
        """A flight from the client, or back; each argument is a line of its messages."""
        self.y += 12
        for line in (first, *rest):
            self.y += 18
            self.text((self.CLIENT + self.SERVER) / 2, self.y, line, size=13)
        self.y += 9
        ends = (self.SERVER, self.CLIENT) if back else (self.CLIENT, self.SERVER)
        self.arrow(*ends, self.y, colour)

    def ask(self, request, answer, server=False):
        """A request of a session to its program, and the answer."""
        session, program = (self.SERVER, self.OTHER) if server else (self.CLIENT, self.PROGRAM)
        middle = (session + program) / 2
        for text, ends in [(request, (session, program)), (answer, (program, session))]:
            self.y += 24
            self.text(middle, self.y, text, "ask", mono=True, size=12)
            self.y += 8
            self.arrow(*ends, self.y, "ask")

    def call(self, text, server=False):
        """A call of a program."""
        session, program = (self.SERVER, self.OTHER) if server else (self.CLIENT, self.PROGRAM)
        self.y += 24
        self.text((session + program) / 2, self.y, text, "clear", mono=True, size=12)
        self.y += 8
        self.arrow(program, session, self.y, "clear")

    def data(self, text, back=False):
        self.message(text, back=back, colour="clear")

    def mark(self, text, server=False):
        """A fact beside a session."""
        self.y += 22
        session, program = (self.SERVER, self.OTHER) if server else (self.CLIENT, self.PROGRAM)
        self.text((session + program) / 2, self.y, text, "faint", size=12)


def full_handshake(colours):
    picture = Sequence("A full TLS 1.3 handshake, and what the program is asked on the way", colours)
    picture.message("ClientHello", "names, groups and key shares, protocols")
    picture.ask(".clientHello(hello)", "configuration", server=True)
    picture.ask(".signature(request)", "signature", server=True)
    picture.message("ServerHello", "EncryptedExtensions, CertificateRequest", "Certificate, CertificateVerify, Finished", back=True)
    picture.ask(".verifyPeer(request)", "verdict")
    picture.ask(".certificate(request)", "credential, or none")
    picture.ask(".signature(request)", "signature")
    picture.message("Certificate, CertificateVerify", "Finished")
    picture.mark("negotiated, may send")
    picture.ask(".verifyPeer(request)", "verdict", server=True)
    picture.mark("negotiated, may send", server=True)
    picture.message("NewSessionTicket", back=True)
    picture.data("application data")
    picture.data("application data", back=True)
    return picture.svg()


def resumed_handshake(colours):
    picture = Sequence("A resumed TLS 1.3 handshake with 0-RTT data", colours)
    picture.call("sealEarlyData(…)")
    picture.message("ClientHello", "with the ticket, its binder and a key share")
    picture.data("0-RTT data, if both sides want them")
    picture.mark("isEarlyData", server=True)
    picture.message("ServerHello", "EncryptedExtensions, Finished", back=True)
    picture.mark("earlyData: taken or not")
    picture.message("EndOfEarlyData, Finished")
    picture.mark("negotiated.isResumed", server=True)
    picture.data("application data, both ways")
    return picture.svg()


def main(arguments):
    wrong = []
    RESOURCES.mkdir(exist_ok=True)
    for name, draw in [("ports", ports), ("full-handshake", full_handshake), ("resumed-handshake", resumed_handshake)]:
        for variant, colours in [("", LIGHT), ("~dark", DARK)]:
            file = RESOURCES / f"{name}{variant}.svg"
            drawn = draw(colours)
            if "--check" not in arguments:
                file.write_text(drawn)
            elif not file.exists() or file.read_text() != drawn:
                wrong.append(file)
    for file in wrong:
        print(f"pictures: {file} is not what `make pictures` draws", file=sys.stderr)
    return not wrong


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
