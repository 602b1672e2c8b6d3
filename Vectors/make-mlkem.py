#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Writes mlkem.json with a libcrypto of OpenSSL 3.5 or later, whose path is the argument, and with Python's hashlib.
# A second argument is a directory with the vectors of https://c2sp.org/CCTV/ML-KEM (CC0).
import ctypes
import hashlib
import json
import pathlib
import sys

crypto = ctypes.CDLL(sys.argv[1])
published = pathlib.Path(sys.argv[2])


class Parameter(ctypes.Structure):
    _fields_ = [
        ("key", ctypes.c_char_p),
        ("data_type", ctypes.c_uint),
        ("data", ctypes.c_void_p),
        ("data_size", ctypes.c_size_t),
        ("return_size", ctypes.c_size_t),
    ]


for name in ("EVP_PKEY_CTX_new_from_name", "EVP_PKEY_CTX_new_from_pkey"):
    getattr(crypto, name).restype = ctypes.c_void_p
pointer = ctypes.c_void_p


def parameters(name, value):
    octets = 5
    data = ctypes.create_string_buffer(value, len(value))
    list = (Parameter * 2)()
    list[0] = Parameter(name, octets, ctypes.addressof(data), len(value), ctypes.c_size_t(-1).value)
    return list, data


def check(result):
    assert result == 1


class Key:
    def __init__(self, name, seed):
        context = pointer(crypto.EVP_PKEY_CTX_new_from_name(None, name, None))
        self.key = pointer()
        list, self.data = parameters(b"seed", seed)
        check(crypto.EVP_PKEY_fromdata_init(context))
        check(crypto.EVP_PKEY_fromdata(context, ctypes.byref(self.key), 0x87, list))
        crypto.EVP_PKEY_CTX_free(context)

    def octets(self, name):
        count = ctypes.c_size_t()
        check(crypto.EVP_PKEY_get_octet_string_param(self.key, name, None, ctypes.c_size_t(0), ctypes.byref(count)))
        data = ctypes.create_string_buffer(count.value)
        check(crypto.EVP_PKEY_get_octet_string_param(self.key, name, data, count, ctypes.byref(count)))
        return data.raw

    def encapsulate(self, message):
        context = pointer(crypto.EVP_PKEY_CTX_new_from_pkey(None, self.key, None))
        list, data = parameters(b"ikme", message)
        ciphertext, secret = ctypes.create_string_buffer(2000), ctypes.create_string_buffer(32)
        count, secret_count = ctypes.c_size_t(2000), ctypes.c_size_t(32)
        check(crypto.EVP_PKEY_encapsulate_init(context, list))
        check(
            crypto.EVP_PKEY_encapsulate(
                context, ciphertext, ctypes.byref(count), secret, ctypes.byref(secret_count)
            )
        )
        crypto.EVP_PKEY_CTX_free(context)
        return ciphertext.raw[: count.value], secret.raw

    def decapsulate(self, ciphertext):
        context = pointer(crypto.EVP_PKEY_CTX_new_from_pkey(None, self.key, None))
        secret, count = ctypes.create_string_buffer(32), ctypes.c_size_t(32)
        check(crypto.EVP_PKEY_decapsulate_init(context, None))
        check(
            crypto.EVP_PKEY_decapsulate(
                context, secret, ctypes.byref(count), ciphertext, ctypes.c_size_t(len(ciphertext))
            )
        )
        crypto.EVP_PKEY_CTX_free(context)
        return secret.raw


def accumulated(name, length, count):
    """The hash over `count` operations with SHAKE-128's output as randomness, as CCTV describes it."""
    random = hashlib.shake_128().digest(count * (96 + length))
    results = hashlib.shake_128()
    for test in range(count):
        part = random[test * (96 + length) : (test + 1) * (96 + length)]
        key = Key(name, part[:64])
        ciphertext, secret = key.encapsulate(part[64:96])
        assert key.decapsulate(ciphertext) == secret
        for value in (key.octets(b"pub"), key.octets(b"priv"), ciphertext, secret, key.decapsulate(part[96:])):
            results.update(value)
        crypto.EVP_PKEY_free(key.key)
    return {"count": count, "hash": results.hexdigest(32)}


def fields(path):
    return dict(line.split(" = ") for line in path.read_text().splitlines() if " = " in line)


def case(name, seed, message):
    key = Key(name, seed)
    ciphertext, secret = key.encapsulate(message)
    corrupted = bytearray(ciphertext)
    corrupted[len(corrupted) // 2] ^= 1
    return {
        "seed": seed.hex(),
        "message": message.hex(),
        "encapsulation_key": key.octets(b"pub").hex(),
        "decapsulation_key_sha3": hashlib.sha3_256(key.octets(b"priv")).hexdigest(),
        "ciphertext": ciphertext.hex(),
        "secret": secret.hex(),
        "secret_of_corrupted": key.decapsulate(bytes(corrupted)).hex(),
    }


def parameter_set(name, length, hash):
    # From before the parameter set was hashed with d, so that the key cannot be made of its seed.
    unlucky = {key.lower(): value for key, value in fields(published / "unluckysample" / f"{name}.txt").items()}
    strings = {key.lower(): value for key, value in fields(published / "strcmp" / f"{name}.txt").items()}
    encoded = name.encode()
    random = hashlib.shake_256(encoded).digest(3 * 96)
    cases = [case(encoded, random[i : i + 64], random[i + 64 : i + 96]) for i in range(0, 288, 96)]
    return {
        "cases": cases,
        "unlucky": {
            "decapsulation_key": unlucky["dk"],
            "message": unlucky["m"],
            "ciphertext": unlucky["c"],
            "secret": unlucky["k"],
        },
        "strings": {"decapsulation_key": strings["dk"], "ciphertext": strings["c"], "secret": strings["k"]},
        "accumulated": accumulated(encoded, length, 25),
        "accumulated_published": {"count": 10000, "hash": hash},
    }


def hashes():
    message = hashlib.shake_256(b"message").digest(500)
    lengths = [0, 1, 7, 8, 71, 72, 73, 135, 136, 137, 167, 168, 169, 300, 500]
    return {
        "message": message.hex(),
        "sha3_256": {str(n): hashlib.sha3_256(message[:n]).hexdigest() for n in lengths},
        "sha3_512": {str(n): hashlib.sha3_512(message[:n]).hexdigest() for n in lengths},
        "shake_128": {str(n): hashlib.shake_128(message[:n]).hexdigest(340) for n in lengths},
        "shake_256": {str(n): hashlib.shake_256(message[:n]).hexdigest(340) for n in lengths},
    }


vectors = {
    "hashes": hashes(),
    "ML-KEM-768": parameter_set(
        "ML-KEM-768", 1088, "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1"
    ),
    "ML-KEM-1024": parameter_set(
        "ML-KEM-1024", 1568, "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5"
    ),
}
target = pathlib.Path(__file__).parent / "mlkem.json"
target.write_text(json.dumps(vectors, indent=1) + "\n")
