// SPDX-License-Identifier: Apache-2.0

#ifndef BENCHMARK_IDENTITY_H
#define BENCHMARK_IDENTITY_H

#include <openssl/x509.h>

struct identity {
    EVP_PKEY *key;
    X509 *leaf;
    X509 *intermediate;
    X509 *root;
};

#define BENCH_SERVER_NAME "bench.test"

/// The identity with that kind of key, made at the first call; NULL on failure.
const struct identity *identity_with(int key);

#endif
