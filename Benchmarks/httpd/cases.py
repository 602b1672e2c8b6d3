# SPDX-License-Identifier: Apache-2.0
"""What is measured."""
import dataclasses
import re
import resource
import socket
import subprocess
import time
import typing

from server import HTTPD, Server, free_port

HOSTS = 1000
IDLE = 2000


@dataclasses.dataclass
class Cost:
    """CPU time, or memory, for one of whatever the case counts, and the time that passed for it."""
    cpu: float
    wall: float = 1.0


@dataclasses.dataclass
class Case:
    name: str
    what: str
    unit: str
    run: typing.Callable
    needs_server: bool = True
    has_wall: bool = True


def client(server, version, mode, count, path):
    """Runs the client to its end: connections, how many were resumed, bytes, seconds."""
    command = [server.site.client, str(server.port), version, mode, str(count), path]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(output[0]), int(output[1]), int(output[2]), float(output[3])


def connections(version, is_resumed, count=1500):
    """Microseconds for a new connection with one small request."""
    def run(server):
        before = server.cpu()
        made, resumed, _, seconds = client(server, version, "resumed" if is_resumed else "full", count, "/small.html")
        assert made == count and resumed == (count if is_resumed else 0), f"{resumed} of {made} connections were resumed"
        return Cost((server.cpu() - before) / count * 1e6, seconds / count)
    return run


def download(path, count):
    """Milliseconds for 100 MB."""
    def run(server):
        before = server.cpu()
        _, _, received, seconds = client(server, "1.3", "fetch", count, path)
        return Cost((server.cpu() - before) / received * 1e8 * 1e3, seconds)
    return run


def keep_alive(server):
    """Microseconds for a small request on a connection that is there."""
    before = server.cpu()
    count = 20_000
    _, _, _, seconds = client(server, "1.3", "fetch", count, "/small.html")
    return Cost((server.cpu() - before) / count * 1e6, seconds / count)


def without_tls(is_kept, count):
    """Microseconds for a small request, on one connection or on a new one each, of what httpd does without TLS."""
    def run(server):
        request = f"GET /small.html HTTP/1.1\r\nHost: localhost\r\nConnection: {'keep-alive' if is_kept else 'close'}\r\n\r\n".encode()
        before, start, connection = server.cpu(), time.monotonic(), None
        for _ in range(count):
            connection = connection or socket.create_connection(("127.0.0.1", server.plain_port))
            connection.sendall(request)
            received = b""
            while not received.endswith(b"x" * 1024):
                received += (more := connection.recv(65536))
                assert more, f"the answer ends after {received!r}"
            if not is_kept:
                connection.close()
                connection = None
        return Cost((server.cpu() - before) / count * 1e6, (time.monotonic() - start) / count)
    return run


def streams(server):
    """Microseconds for a small request over HTTP/2, ten connections with 32 streams each."""
    before = server.cpu()
    command = ["h2load", "--requests=20000", "--clients=10", "--max-concurrent-streams=32", f"https://localhost:{server.port}/small.html"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    done, seconds = re.search(r"(\d+) succeeded", output), re.search(r"finished in ([\d.]+)(m?s)", output)
    assert int(done[1]) == 20_000, output
    return Cost((server.cpu() - before) / 20_000 * 1e6, float(seconds[1]) * (1e-3 if seconds[2] == "ms" else 1))


def idle(server):
    """Kilobytes of httpd's memory for a connection that waits. Later rounds find memory that is kept: a server of its own."""
    before = server.memory()
    command = [server.site.client, str(server.port), "1.3", "idle", str(IDLE), "/small.html"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=many_files) as holder:
        holder.stdout.readline()
        assert holder.stdout.readline() == "ready\n", "the client does not get its connections"
        used = server.memory() - before
        holder.stdin.close()
    return Cost(used / IDLE / 1024)


def fresh_idle(site, stack, module):
    server = Server(site, stack, module)
    try:
        client(server, "1.3", "full", 200, "/small.html")
        return idle(server)
    finally:
        server.stop()


def many_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (IDLE + 100, max(IDLE + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))


def all_hosts(site):
    """Hosts with a certificate and key of their own each, as a hoster has them."""
    made = [site.directory / f"host{number}.pem" for number in range(HOSTS)]
    if not made[-1].exists():
        for number in range(HOSTS):
            identity(site, f"host{number}")
    return lambda port: "".join(
        site.host(port, f"host{number}.test", site.directory / f"host{number}.pem", site.directory / f"host{number}.key")
        for number in range(HOSTS))


def identity(site, name):
    """A self-signed certificate: what hosts cost is to be seen, not who signed them."""
    path = site.directory / name
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{path}.key",
                    "-out", f"{path}.pem", "-subj", f"/CN={name}.test", "-days", "9", "-addext", f"subjectAltName=DNS:{name}.test"],
                   check=True, capture_output=True)


def configuration_test(site, stack, module):
    """Seconds of CPU time that `apachectl configtest` takes with a thousand hosts."""
    root = site.configuration(stack, module, free_port(), free_port(), "")
    port = root.name.rpartition("-")[2]
    with open(root / "httpd.conf", "a") as file:
        file.write(all_hosts(site)(port))
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([HTTPD, "-t", "-d", root, "-f", root / "httpd.conf"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - start)


def start(site, stack, module):
    """Seconds of CPU time from nothing to the first handshake, with a thousand hosts."""
    hosts = all_hosts(site)
    begun = time.monotonic()
    server = Server(site, stack, module, hosts)
    try:
        return Cost(server.cpu(), time.monotonic() - begun)
    finally:
        server.stop()


CASES = [
    Case("full13", "new connection, TLS 1.3", "µs", connections("1.3", False)),
    Case("full12", "new connection, TLS 1.2", "µs", connections("1.2", False)),
    Case("resumed13", "new connection, resumed, TLS 1.3", "µs", connections("1.3", True)),
    Case("resumed12", "new connection, resumed, TLS 1.2", "µs", connections("1.2", True)),
    Case("keep-alive", "request of 1 KB on one connection", "µs", keep_alive),
    Case("plain-keep-alive", "the same without TLS, by either httpd", "µs", without_tls(True, 20_000)),
    Case("plain-new", "new connection without TLS, by either httpd", "µs", without_tls(False, 3000)),
    Case("100mb", "one file of 100 MB", "ms for 100 MB", download("/100m.bin", 10)),
    Case("10mb", "files of 10 MB", "ms for 100 MB", download("/10m.bin", 100)),
    Case("http2", "request of 1 KB over HTTP/2, many streams", "µs", streams),
    Case("idle", f"{IDLE} connections that wait", "KB each", fresh_idle, needs_server=False, has_wall=False),
    Case("configtest", f"configtest with {HOSTS} hosts", "s", configuration_test, needs_server=False),
    Case("start", f"start with {HOSTS} hosts", "s", start, needs_server=False),
]
