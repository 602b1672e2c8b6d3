# SPDX-License-Identifier: Apache-2.0
"""Sites and servers that are compared: the same for both modules but for the line that loads one of them."""
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time

HTTPD = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"
TICK = os.sysconf("SC_CLK_TCK")
# A client that trusts everybody.
NOBODY = ssl.create_default_context()
NOBODY.check_hostname = False
NOBODY.verify_mode = ssl.CERT_NONE

# Both do the same cryptography: one group, one suite of each version. Tickets and an external cache are on, as by Debian.
CONFIGURATION = """
ServerRoot "{root}"
DefaultRuntimeDir "{root}"
PidFile "{root}/httpd.pid"
ErrorLog "{root}/error.log"
LogLevel warn
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule http2_module {modules}/mod_http2.so
LoadModule ssl_module {module}
{user}
ServerName localhost
TypesConfig /etc/mime.types
DocumentRoot "{pages}"
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
StartServers 2
ServerLimit 2
ThreadLimit 32
ThreadsPerChild 32
MaxRequestWorkers 64
AsyncRequestWorkerFactor 100
SSLSessionCache "shmcb:{root}/cache(512000)"
SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256
SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256
SSLOpenSSLConfCmd Curves X25519
Protocols h2 http/1.1
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{plain}
{hosts}
"""
HOST = """<VirtualHost *:{port}>
    ServerName {name}
    SSLEngine on
    SSLCertificateFile "{certificate}"
    SSLCertificateKeyFile "{key}"
</VirtualHost>
"""


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Site:
    """Certificates, pages and the compiled client, in a directory that somebody else removes."""

    def __init__(self, directory):
        self.directory = directory
        directory.chmod(0o755)
        self.pages = directory / "pages"
        self.pages.mkdir()
        (self.pages / "small.html").write_bytes(b"x" * 1024)
        for name, size in ("10m.bin", 10_000_000), ("100m.bin", 100_000_000):
            with open(self.pages / name, "wb") as file:
                file.truncate(size)
        self.client = directory / "client"
        run("gcc", "-O2", "-o", self.client, pathlib.Path(__file__).with_name("client.c"), "-lssl", "-lcrypto")
        self.chain, self.key = self.identity("localhost")

    def identity(self, name):
        """A certificate of an authority that is made for it, with that authority's own behind it in the file."""
        path = self.directory / name
        authority, key, chain = (f"{path}{end}" for end in (".ca", ".key", ".pem"))
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        run("openssl", "req", "-x509", *curve, "-keyout", f"{authority}.key", "-subj", "/CN=Benchmark CA", "-days", "9", "-out", authority)
        run("openssl", "req", *curve, "-keyout", key, "-subj", f"/CN={name}", "-out", f"{path}.csr")
        run("openssl", "x509", "-req", "-in", f"{path}.csr", "-CA", authority, "-CAkey", f"{authority}.key", "-CAcreateserial",
            "-days", "9", "-extfile", "/dev/stdin", "-out", chain, input=f"subjectAltName=DNS:{name}\n")
        return pathlib.Path(chain), pathlib.Path(key)

    def configuration(self, stack, module, port, plain, hosts):
        """A directory with a configuration of its own, for one server."""
        root = self.directory / f"{stack}-{port}"
        root.mkdir()
        user = "User www-data\nGroup www-data" if os.getuid() == 0 else ""
        text = CONFIGURATION.format(root=root, modules=MODULES, module=module, pages=self.pages, port=port, plain=plain, user=user, hosts=hosts)
        (root / "httpd.conf").write_text(text)
        return root

    def host(self, port, name="localhost", certificate=None, key=None):
        return HOST.format(port=port, name=name, certificate=certificate or self.chain, key=key or self.key)


class Server:
    """A running httpd."""

    def __init__(self, site, stack, module, hosts=None):
        self.site = site
        self.port, self.plain_port = free_port(), free_port()
        root = site.configuration(stack, module, self.port, self.plain_port, hosts(self.port) if hosts else site.host(self.port))
        self.process = subprocess.Popen([HTTPD, "-d", root, "-f", root / "httpd.conf", "-DFOREGROUND"])
        self.wait(root)

    def wait(self, root):
        while True:
            try:
                # httpd takes connections before its modules have read their certificates: only an answer says that it serves.
                with socket.create_connection(("127.0.0.1", self.port)) as connection:
                    NOBODY.wrap_socket(connection).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit(f"httpd does not start:\n{(root / 'error.log').read_text()}") from None
                time.sleep(0.01)

    def processes(self):
        """The parent and its children."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def cpu(self):
        """Seconds of CPU time that they have used so far, those of children that have ended included."""
        ticks = 0
        for process in self.processes():
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15] if process == self.process.pid else fields[11:13]))
        return ticks / TICK

    def memory(self):
        """Bytes of memory, what is shared counted in parts."""
        text = "".join(pathlib.Path(f"/proc/{process}/smaps_rollup").read_text() for process in self.processes())
        return 1024 * sum(map(int, re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
