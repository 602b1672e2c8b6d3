// SPDX-License-Identifier: Apache-2.0
//
// The stacks that SafeTLS is measured against, and the instruments. Contexts and connections live on the C side;
// what crosses the border is numbers, structs of numbers and bounded byte buffers.

#ifndef BENCHMARK_PEER_H
#define BENCHMARK_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lifetimebound.h>
#include <ptrcheck.h>

// MARK: Instruments

/// CPU time of this thread and allocations made so far.
struct bench_reading {
    uint64_t nanoseconds;
    uint64_t allocations;
};

struct bench_reading bench_read_meters(void);

/// Bytes of the C heap that are handed out.
uint64_t bench_heap_bytes(void);

/// Whether malloc, calloc and realloc are counted on this platform.
bool bench_counts_allocations(void);

/// Starts to watch what this thread allocates and frees.
void bench_watch_heap(void);

/// Ends that; the most heap bytes that were held at once beyond those at the start. 0 where nothing is counted.
int64_t bench_stop_watching_heap(void);

/// Keeps bytes at a place of a buffer of 1 MiB; false when they don't fit.
bool bench_store(size_t offset, const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Fills memory from there, as a read() from a socket would.
bool bench_load(size_t offset, uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Writes all of it to a file descriptor; false when it can't.
bool bench_write(int descriptor, const uint8_t *__counted_by(count) bytes __noescape, size_t count);

// MARK: Identities

enum bench_key { bench_key_p256 = 0, bench_key_rsa2048 = 1 };

enum bench_pem { bench_pem_chain = 0, bench_pem_key = 1, bench_pem_anchor = 2 };

/// Copies a PEM text of the identity (leaf and intermediate, the leaf's key, or the root) into `text`; returns its
/// length, or a negative number. Identities are made at their first use: root, intermediate and leaf, each with a
/// new key of that kind. The leaf's name is `bench.test`.
long bench_identity(int key, int part, uint8_t *__counted_by(capacity) text __noescape, size_t capacity);

// MARK: libssl

/// Costs of some handshakes, by side. `completed` is smaller than asked when one failed.
struct bench_handshakes {
    int completed;
    uint64_t server_nanoseconds;
    uint64_t client_nanoseconds;
    uint64_t server_allocations;
    uint64_t client_allocations;
};

/// Full handshakes with X25519 and AES-128-GCM. `version` is 12 or 13.
struct bench_handshakes libssl_handshakes(int key, int version, int count);

/// Heap bytes that one server connection holds after its handshake, its client gone; 0 on failure.
uint64_t libssl_idle_server_bytes(int key, int version, int connections);

enum bench_cipher { bench_aes128gcm = 0, bench_aes256gcm = 1, bench_chacha20poly1305 = 2 };

/// Costs of some records. Both are zero on failure.
struct bench_records {
    uint64_t seal_nanoseconds;
    uint64_t open_nanoseconds;
};

/// Seals and opens `count` TLS 1.3 records of `size` bytes.
struct bench_records libssl_records(int cipher, size_t size, int count);

// MARK: libcrypto

/// The floor: the same bytes through EVP alone, with a record's nonce and additional data.
struct bench_records libcrypto_records(int cipher, size_t size, int count);

/// Costs of some ML-KEM operations of each kind. All are zero on failure.
struct bench_kem {
    uint64_t generate_nanoseconds;
    uint64_t encapsulate_nanoseconds;
    uint64_t decapsulate_nanoseconds;
};

/// Whether this libcrypto has ML-KEM: from 3.5 on.
bool libcrypto_has_kem(void);

/// ML-KEM-768 or -1024 through EVP: keys are generated, read from bytes, and used once.
struct bench_kem libcrypto_kem(int size, int count);

#endif
