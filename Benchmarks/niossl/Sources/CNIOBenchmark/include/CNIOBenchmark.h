// SPDX-License-Identifier: Apache-2.0

#ifndef C_NIO_BENCHMARK_H
#define C_NIO_BENCHMARK_H

#include <stdint.h>

/// CPU time of this thread, in nanoseconds.
uint64_t bench_thread_nanoseconds(void);

/// What is handed out of the heap, in all arenas, in bytes.
uint64_t bench_heap_bytes(void);

enum bench_operation {
    bench_x25519_generate,
    bench_x25519_derive,
    bench_p256_sign,
    bench_p256_verify,
    bench_mlkem_generate,
    bench_mlkem_encapsulate,
    bench_mlkem_decapsulate,
    bench_seal_1k,
    bench_seal_16k,
    bench_open_1k,
    bench_open_16k,
};

/// Runs an operation of BoringSSL, with keys and contexts that are there already: CPU time of all, in nanoseconds. 0 on failure, and where
/// there is none.
uint64_t boringssl_operations(int operation, int count);

/// The same, of the system's libcrypto.
uint64_t libcrypto_operations(int operation, int count);

#endif
