// SPDX-License-Identifier: Apache-2.0

#include "identity.h"
#include "libssl.h"

#include <openssl/err.h>

#include <stdlib.h>

static SSL *connect_over(SSL_CTX *context, struct ends *ends, bool is_server) {
    SSL *connection = SSL_new(context);
    BIO *bio = BIO_new(transport());
    if (connection == NULL || bio == NULL) {
        SSL_free(connection);
        BIO_free(bio);
        return NULL;
    }
    BIO_set_data(bio, ends);
    BIO_set_init(bio, 1);
    SSL_set_bio(connection, bio, bio);
    if (is_server) {
        SSL_set_accept_state(connection);
    } else {
        SSL_set_connect_state(connection);
        SSL_set_tlsext_host_name(connection, BENCH_SERVER_NAME);
        SSL_set1_host(connection, BENCH_SERVER_NAME);
    }
    return connection;
}

/// Adds to one side what this thread used since the last reading, and reads again.
static void charge(struct bench_reading *side, struct bench_reading *since) {
    struct bench_reading now = bench_read_meters();
    side->nanoseconds += now.nanoseconds - since->nanoseconds;
    side->allocations += now.allocations - since->allocations;
    side->own_allocations += now.own_allocations - since->own_allocations;
    side->allocated_bytes += now.allocated_bytes - since->allocated_bytes;
    *since = now;
}

static _Thread_local uint8_t upstream[1 << 16], downstream[1 << 16];

static void reset_pipes(struct pair *pair) {
    pair->to_server = (struct pipe){.bytes = upstream, .capacity = sizeof upstream};
    pair->to_client = (struct pipe){.bytes = downstream, .capacity = sizeof downstream};
    pair->server_ends = (struct ends){.input = &pair->to_server, .output = &pair->to_client};
    pair->client_ends = (struct ends){.input = &pair->to_client, .output = &pair->to_server};
}

/// One step of a side; false when it fails. `is_done` becomes true at the end of its handshake.
static bool step(SSL *connection, bool *is_done) {
    if (*is_done) return true;
    int result = SSL_do_handshake(connection);
    *is_done = result == 1;
    return *is_done || SSL_get_error(connection, result) == SSL_ERROR_WANT_READ;
}

/// The client's 0-RTT data, and the server's reading of them.
static bool send_early_data(struct pair *pair, struct bench_handshake *costs, struct bench_reading *meter) {
    static const uint8_t data[bench_early_length];
    uint8_t received[bench_early_length];
    size_t written = 0, read = 0;
    if (SSL_write_early_data(pair->client, data, sizeof data, &written) != 1) return false;
    charge(&costs->client, meter);
    bool ok = SSL_read_early_data(pair->server, received, sizeof received, &read) == SSL_READ_EARLY_DATA_SUCCESS;
    charge(&costs->server, meter);
    return ok && read == sizeof data;
}

/// Reads what comes behind the handshake: tickets, or the end of early data.
static bool read_nothing(SSL *connection, bool is_early) {
    uint8_t received[16];
    size_t read = 0;
    if (is_early) return SSL_read_early_data(connection, received, sizeof received, &read) == SSL_READ_EARLY_DATA_FINISH;
    int result = SSL_read_ex(connection, received, sizeof received, &read);
    return result != 1 && SSL_get_error(connection, result) == SSL_ERROR_WANT_READ;
}

bool connect_pair(const struct contexts *contexts, struct pair *pair, struct bench_handshake *costs) {
    int mode = contexts->setting.mode;
    bool may_resume = mode == bench_ticket || mode == bench_store_mode || mode == bench_early_data;
    reset_pipes(pair);
    struct bench_reading meter = bench_read_meters();
    pair->client = connect_over(contexts->client, &pair->client_ends, false);
    SSL_SESSION *session = may_resume ? session_to_resume() : NULL;
    if (session != NULL && pair->client != NULL) SSL_set_session(pair->client, session);
    charge(&costs->client, &meter);
    pair->server = connect_over(contexts->server, &pair->server_ends, true);
    charge(&costs->server, &meter);
    if (pair->client == NULL || pair->server == NULL) return false;

    bool is_early = mode == bench_early_data && session != NULL;
    if (is_early && !send_early_data(pair, costs, &meter)) return false;
    bool client_done = false, server_done = false;
    int rounds = 0;
    for (; rounds < 8 && !(client_done && server_done); rounds++) {
        if (!step(pair->client, &client_done)) return false;
        charge(&costs->client, &meter);
        if (is_early && !server_done && !read_nothing(pair->server, true)) return false;
        if (!step(pair->server, &server_done)) return false;
        charge(&costs->server, &meter);
    }
    if (!client_done || !server_done) return false;
    if (may_resume && contexts->setting.version == 13) {
        if (!read_nothing(pair->client, false)) return false;
        charge(&costs->client, &meter);
    }
    // What was asked for is what was done.
    return SSL_session_reused(pair->server) == (session != NULL) && (mode != bench_retry || rounds == 3)
        && (!is_early || SSL_get_early_data_status(pair->server) == SSL_EARLY_DATA_ACCEPTED);
}

/// Frees a connection as if both sides had ended it: libssl resumes no session of others.
static void release(SSL *connection) {
    if (connection != NULL) SSL_set_shutdown(connection, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(connection);
}

void libssl_handshakes(struct bench_handshake *costs, size_t count) {
    const struct contexts *contexts = current_contexts();
    for (size_t index = 0; index < count; index++) {
        costs[index] = (struct bench_handshake){0};
        struct pair pair = {0};
        bool ok = contexts != NULL && connect_pair(contexts, &pair, &costs[index]);
        struct bench_reading meter = bench_read_meters();
        release(pair.client);
        charge(&costs[index].client, &meter);
        release(pair.server);
        charge(&costs[index].server, &meter);
        if (!ok) costs[index] = (struct bench_handshake){0};
        ERR_clear_error();
    }
}

uint64_t libssl_idle_server_bytes(int connections) {
    const struct contexts *contexts = current_contexts();
    if (contexts == NULL || connections <= 0) return 0;
    // What servers with many connections set, httpd's mod_ssl among them. It costs time, so it is on for this only.
    SSL_CTX_set_mode(contexts->server, SSL_MODE_RELEASE_BUFFERS);
    struct bench_handshake warm[4];
    libssl_handshakes(warm, sizeof warm / sizeof *warm);
    SSL **kept = calloc((size_t)connections, sizeof *kept);
    if (kept == NULL) return 0;
    bench_watch_heap();
    bool ok = true;
    for (int index = 0; ok && index < connections; index++) {
        struct pair pair = {0};
        struct bench_handshake ignored = {0};
        ok = connect_pair(contexts, &pair, &ignored);
        SSL_free(pair.client);
        kept[index] = pair.server;
    }
    int64_t bytes = bench_held_bytes();
    bench_stop_watching_heap();
    for (int index = 0; index < connections; index++) SSL_free(kept[index]);
    free(kept);
    SSL_CTX_clear_mode(contexts->server, SSL_MODE_RELEASE_BUFFERS);
    return ok && bytes > 0 ? (uint64_t)(bytes / connections) : 0;
}
