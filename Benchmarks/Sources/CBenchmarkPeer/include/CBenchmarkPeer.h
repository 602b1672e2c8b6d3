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

/// CPU time of this thread, and what it has allocated so far.
struct bench_reading {
    uint64_t nanoseconds;
    /// Calls of malloc and its kin: all, and those that did not come through libcrypto's own functions.
    uint64_t allocations;
    uint64_t own_allocations;
    /// Bytes that were asked for.
    uint64_t allocated_bytes;
};

struct bench_reading bench_read_meters(void);

/// Has libcrypto allocate by functions that are counted apart. To be called before anything else.
bool bench_count_libcrypto(void);

/// Nanoseconds since some time in the past.
uint64_t bench_wall_clock(void);

/// Whether malloc, calloc and realloc are counted on this platform.
bool bench_counts_allocations(void);

/// Starts to watch what this thread allocates and frees.
void bench_watch_heap(void);

/// Heap bytes that this thread holds beyond those at the start, the allocator's own included.
int64_t bench_held_bytes(void);

/// Ends that; the most heap bytes that were held at once beyond those at the start. 0 where nothing is counted.
int64_t bench_stop_watching_heap(void);

/// Keeps bytes at a place of a buffer of 2 MiB that each thread has; false when they don't fit.
bool bench_store(size_t offset, const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Fills memory from there, as a read() from a socket would.
bool bench_load(size_t offset, uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Under callgrind: counts instructions from here on.
void bench_start_counting(void);

/// Under callgrind: writes what was counted to a file of its own, and counts no more.
void bench_stop_counting(const uint8_t *__counted_by(count) name __noescape, size_t count);

/// Calls a function in so many threads, with their numbers, and returns when all have returned.
bool bench_on_threads(int count, void (*body)(int number));

// MARK: System

/// Writes all of it to a file descriptor; false when it can't.
bool bench_write(int descriptor, const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// A new file by that path, for writing; negative when there can be none.
int bench_create(const uint8_t *__counted_by(count) path __noescape, size_t count);

/// What Linux says of the processors; its length.
long bench_processors(uint8_t *__counted_by(capacity) text __noescape, size_t capacity);

/// libcrypto's version as it names itself; its length.
long bench_libcrypto_version(uint8_t *__counted_by(capacity) text __noescape, size_t capacity);

/// Processors that are there for this process.
int bench_processor_count(void);

// MARK: Other processes

/// Starts this program once more, as a worker with the libssl and libcrypto of a directory, or of a file's; a number for it,
/// or a negative one.
int bench_start_worker(const uint8_t *__counted_by(count) path __noescape, size_t count);

/// Sends a worker a line.
bool bench_ask(int worker, const uint8_t *__counted_by(count) line __noescape, size_t count);

/// A worker's next line, without its end; its length, or a negative number when the worker is gone.
long bench_answer(int worker, uint8_t *__counted_by(capacity) line __noescape, size_t capacity);

// MARK: Identities

enum bench_key { bench_key_p256 = 0, bench_key_rsa2048 = 1, bench_key_ed25519 = 2 };

enum bench_pem { bench_pem_chain = 0, bench_pem_key = 1, bench_pem_anchor = 2 };

/// Copies a PEM text of the identity (leaf and intermediate, the leaf's key, or the root) into `text`; returns its
/// length, or a negative number. Identities are made at their first use: root, intermediate and leaf, each with a
/// new key of that kind. The leaf's name is `bench.test`.
long bench_identity(int key, int part, uint8_t *__counted_by(capacity) text __noescape, size_t capacity);

// MARK: libssl

enum bench_cipher { bench_aes128gcm = 0, bench_aes256gcm = 1, bench_chacha20poly1305 = 2 };

/// What kind of handshake: full; resumed by a ticket, or from the server's store; with a client that has a certificate;
/// resumed with 0-RTT data; with a HelloRetryRequest; full with X25519MLKEM768; full with a
/// chain that the client may know from before.
enum bench_mode {
    bench_full = 0, bench_ticket, bench_store_mode, bench_mutual, bench_early_data, bench_retry, bench_hybrid,
    bench_known
};

/// Bytes of 0-RTT data.
enum { bench_early_length = 256 };

struct bench_setting {
    /// 12 or 13.
    int version;
    int key;
    int mode;
    int cipher;
};

/// What a handshake cost each side. Zero in both when it failed.
struct bench_handshake {
    struct bench_reading server;
    struct bench_reading client;
};

/// Makes contexts for handshakes of a kind, in place of those before; false when this libssl cannot.
bool libssl_prepare(struct bench_setting setting);

/// Handshakes of that kind, one for each element.
void libssl_handshakes(struct bench_handshake *__counted_by(count) costs __noescape, size_t count);

/// Heap bytes that one server connection holds after its handshake, its client gone; 0 on failure.
uint64_t libssl_idle_server_bytes(int connections);

/// Costs of some records. Both are zero on failure.
struct bench_records {
    struct bench_reading seal;
    struct bench_reading open;
};

/// Seals and opens `count` writes of `size` bytes; those of more than 16 KiB are only sealed.
struct bench_records libssl_records(size_t size, int count);

// MARK: libcrypto

/// The floor: the same bytes through EVP alone, with a record's nonce and additional data.
struct bench_records libcrypto_records(int cipher, size_t size, int count);

/// Operations that a handshake cannot do without.
enum bench_operation {
    bench_x25519_generate = 0, bench_x25519_derive, bench_p256_generate, bench_p256_derive, bench_p256_sign,
    bench_p256_verify, bench_rsa2048_sign, bench_rsa2048_verify, bench_ed25519_sign, bench_ed25519_verify
};

/// Nanoseconds of so many, by contexts and keys that are there already; 0 on failure.
uint64_t libcrypto_operations(int operation, int count);

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
