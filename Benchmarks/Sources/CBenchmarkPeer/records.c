// SPDX-License-Identifier: Apache-2.0

#include "libssl.h"

#include <stdlib.h>

enum { largest_record = 16384, largest_write = 1 << 20 };

/// A pair whose client seals into nothing, and one whose server opens what the client sent.
struct bulk {
    const SSL_CTX *owner;
    struct pair sealing, opening;
};

static const size_t bulk_capacity = 2 << 20;

/// Pairs of the contexts that are current: those of others are freed.
static struct bulk *current_bulk(void) {
    static struct bulk bulk;
    static uint8_t *bytes;
    const struct contexts *contexts = current_contexts();
    if (contexts == NULL) return NULL;
    if (bulk.owner == contexts->server) return &bulk;
    struct pair *pairs[] = {&bulk.sealing, &bulk.opening};
    for (int index = 0; index < 2; index++) {
        SSL_free(pairs[index]->client);
        SSL_free(pairs[index]->server);
    }
    bulk = (struct bulk){0};
    struct bench_handshake ignored = {0};
    if (bytes == NULL && (bytes = malloc(bulk_capacity)) == NULL) return NULL;
    if (!connect_pair(contexts, &bulk.sealing, &ignored) || !connect_pair(contexts, &bulk.opening, &ignored)) return NULL;
    bulk.sealing.to_server = (struct pipe){.is_sink = true};
    bulk.opening.to_server = (struct pipe){.bytes = bytes, .capacity = bulk_capacity};
    bulk.owner = contexts->server;
    return &bulk;
}

static struct bench_reading since(struct bench_reading start) {
    struct bench_reading now = bench_read_meters();
    return (struct bench_reading){
        .nanoseconds = now.nanoseconds - start.nanoseconds,
        .allocations = now.allocations - start.allocations,
        .own_allocations = now.own_allocations - start.own_allocations,
        .allocated_bytes = now.allocated_bytes - start.allocated_bytes,
    };
}

static bool write_all(SSL *connection, size_t size, int count) {
    static const uint8_t plaintext[largest_write];
    for (int index = 0; index < count; index++) {
        size_t done;
        if (SSL_write_ex(connection, plaintext, size, &done) != 1 || done != size) return false;
    }
    return true;
}

struct bench_records libssl_records(size_t size, int count) {
    static uint8_t received[largest_record];
    const struct bench_records failed = {0};
    struct bench_records costs = {0};
    struct bulk *bulk = current_bulk();
    if (bulk == NULL || size > largest_write) return failed;

    struct bench_reading start = bench_read_meters();
    if (!write_all(bulk->sealing.client, size, count)) return failed;
    costs.seal = since(start);
    if (size > largest_record) return costs;

    if ((size + 64) * (size_t)count > bulk_capacity || !write_all(bulk->opening.client, size, count)) return failed;
    start = bench_read_meters();
    for (int index = 0; index < count; index++) {
        size_t done;
        if (SSL_read_ex(bulk->opening.server, received, sizeof received, &done) != 1 || done != size) return failed;
    }
    costs.open = since(start);
    return costs;
}
