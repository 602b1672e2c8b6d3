// SPDX-License-Identifier: Apache-2.0
//
// A BIO over a buffer of the benchmark, cheaper than memory BIOs and BIO pairs, which allocate and move bytes of their own.

#ifndef BENCHMARK_TRANSPORT_H
#define BENCHMARK_TRANSPORT_H

#include <openssl/bio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes on their way in one direction. A sink forgets what is written to it.
struct pipe {
    uint8_t *bytes;
    size_t capacity, start, end;
    bool is_sink;
};

/// The two directions a BIO works on.
struct ends {
    struct pipe *input, *output;
};

/// The method of such BIOs, whose data are their ends. To be called once before there are threads.
const BIO_METHOD *transport(void);

#endif
