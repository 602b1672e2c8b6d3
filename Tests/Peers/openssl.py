# SPDX-License-Identifier: Apache-2.0
"""A client and a server on the OpenSSL 3.5 that psycopg-binary brings, called through ctypes.

    openssl.py client PORT AUTHORITY GROUPS MESSAGE [CERTIFICATE KEY]    (GROUPS may be empty: OpenSSL's default)
    openssl.py server CERTIFICATE KEY GROUPS [AUTHORITY]                 (echoes one connection)

Both print the group and the kind of the peer's key. A server with an authority wants a certificate. This program must not import ssl or hashlib, which load the system's OpenSSL.
"""

import ctypes
import glob
import os
import socket
import sys
import sysconfig

folder = os.path.join(sysconfig.get_paths()["platlib"], "psycopg_binary.libs")
crypto = ctypes.CDLL(glob.glob(folder + "/libcrypto-*.so.3")[0])
tls = ctypes.CDLL(glob.glob(folder + "/libssl-*.so.3")[0])

pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
for library, name, result, arguments in [
    (crypto, "OpenSSL_version", text, [number]),
    (crypto, "ERR_get_error", ctypes.c_ulong, []),
    (crypto, "ERR_error_string_n", None, [ctypes.c_ulong, pointer, ctypes.c_size_t]),
    (tls, "TLS_client_method", pointer, []),
    (tls, "TLS_server_method", pointer, []),
    (tls, "SSL_CTX_new", pointer, [pointer]),
    (tls, "SSL_CTX_ctrl", ctypes.c_long, [pointer, number, ctypes.c_long, pointer]),
    (tls, "SSL_CTX_load_verify_locations", number, [pointer, text, text]),
    (tls, "SSL_CTX_set_verify", None, [pointer, number, pointer]),
    (tls, "SSL_CTX_use_certificate_chain_file", number, [pointer, text]),
    (tls, "SSL_CTX_use_PrivateKey_file", number, [pointer, text, number]),
    (tls, "SSL_new", pointer, [pointer]),
    (tls, "SSL_ctrl", ctypes.c_long, [pointer, number, ctypes.c_long, pointer]),
    (tls, "SSL_set1_host", number, [pointer, text]),
    (tls, "SSL_set_fd", number, [pointer, number]),
    (tls, "SSL_connect", number, [pointer]),
    (tls, "SSL_accept", number, [pointer]),
    (tls, "SSL_read", number, [pointer, pointer, number]),
    (tls, "SSL_write", number, [pointer, text, number]),
    (tls, "SSL_shutdown", number, [pointer]),
    (tls, "SSL_get0_group_name", text, [pointer]),
    (tls, "SSL_get1_peer_certificate", pointer, [pointer]),
    (crypto, "X509_get0_pubkey", pointer, [pointer]),
    (crypto, "EVP_PKEY_get0_type_name", text, [pointer]),
]:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments

SET_SERVER_NAME, SET_GROUPS, VERIFY_PEER, FAIL_WITHOUT, PEM = 55, 92, 1, 2, 1


def check(done):
    if done != 1:
        buffer = ctypes.create_string_buffer(256)
        crypto.ERR_error_string_n(crypto.ERR_get_error(), buffer, 256)
        sys.exit("OpenSSL: " + buffer.value.decode())


def context(method, groups):
    made = tls.SSL_CTX_new(method)
    if groups:
        check(tls.SSL_CTX_ctrl(made, SET_GROUPS, 0, groups.encode()))
    return made


def read(session):
    buffer = ctypes.create_string_buffer(65536)
    count = tls.SSL_read(session, buffer, 65536)
    return buffer.raw[:max(count, 0)]


def write(session, data):
    check(1 if tls.SSL_write(session, data, len(data)) == len(data) else 0)


def report(session):
    version = crypto.OpenSSL_version(0).decode().split()[1]
    certificate = tls.SSL_get1_peer_certificate(session)
    key = crypto.EVP_PKEY_get0_type_name(crypto.X509_get0_pubkey(certificate)).decode() if certificate else "none"
    group = tls.SSL_get0_group_name(session).decode()
    print("OpenSSL %s, key %s, group %s" % (version, key, group), flush=True)


def show(made, certificate, key):
    check(tls.SSL_CTX_use_certificate_chain_file(made, certificate.encode()))
    check(tls.SSL_CTX_use_PrivateKey_file(made, key.encode(), PEM))


def client(port, authority, groups, message, certificate=None, key=None):
    made = context(tls.TLS_client_method(), groups)
    if certificate:
        show(made, certificate, key)
    check(tls.SSL_CTX_load_verify_locations(made, authority.encode(), None))
    tls.SSL_CTX_set_verify(made, VERIFY_PEER, None)
    plain = socket.create_connection(("127.0.0.1", int(port)))
    session = tls.SSL_new(made)
    check(tls.SSL_ctrl(session, SET_SERVER_NAME, 0, b"localhost"))
    check(tls.SSL_set1_host(session, b"localhost"))
    check(tls.SSL_set_fd(session, plain.fileno()))
    check(tls.SSL_connect(session))
    report(session)
    write(session, message.encode() + b"\n")
    # An echo is a line; an answer to HTTP ends with the connection.
    answer = b""
    while message.startswith("GET ") or not answer.endswith(b"\n"):
        more = read(session)
        if not more:
            break
        answer += more
    print(answer.decode())
    tls.SSL_shutdown(session)


def server(certificate, key, groups, authority=None):
    made = context(tls.TLS_server_method(), groups)
    show(made, certificate, key)
    if authority:
        check(tls.SSL_CTX_load_verify_locations(made, authority.encode(), None))
        tls.SSL_CTX_set_verify(made, VERIFY_PEER | FAIL_WITHOUT, None)
    listener = socket.create_server(("127.0.0.1", 0))
    print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
    plain, _ = listener.accept()
    session = tls.SSL_new(made)
    check(tls.SSL_set_fd(session, plain.fileno()))
    check(tls.SSL_accept(session))
    report(session)
    while data := read(session):
        write(session, data)
    tls.SSL_shutdown(session)


{"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
