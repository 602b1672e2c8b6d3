// SPDX-License-Identifier: Apache-2.0

#ifndef BENCHMARK_LIBSSL_H
#define BENCHMARK_LIBSSL_H

#include "CBenchmarkPeer.h"
#include "transport.h"

#include <openssl/ssl.h>

/// One SSL_CTX for all connections of a side, as libssl's users have it.
struct contexts {
    struct bench_setting setting;
    SSL_CTX *server, *client;
};

/// A client and a server that are connected to each other.
struct pair {
    SSL *server, *client;
    struct pipe to_server, to_client;
    struct ends server_ends, client_ends;
};

/// The contexts that libssl_prepare made last; NULL when it failed.
const struct contexts *current_contexts(void);

/// What the client of this thread was last given to resume; NULL at first.
SSL_SESSION *session_to_resume(void);

/// Runs one handshake to its end. Both connections stay open, whatever happened.
bool connect_pair(const struct contexts *contexts, struct pair *pair, struct bench_handshake *costs);

#endif
