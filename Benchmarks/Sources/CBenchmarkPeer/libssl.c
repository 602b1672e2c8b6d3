// SPDX-License-Identifier: Apache-2.0
//
// libssl as its users run it: one SSL_CTX for all connections, no tickets and no session cache, so that every
// handshake is a full one, and a client that verifies chain and name. The transport is a BIO over a buffer of the
// benchmark, cheaper than memory BIOs and BIO pairs, which allocate and move bytes of their own.

#include "CBenchmarkPeer.h"
#include "identity.h"

#include <openssl/ssl.h>

#include <stdlib.h>
#include <string.h>

// MARK: Transport

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

static int transport_write(BIO *bio, const char *bytes, size_t count, size_t *written) {
    struct pipe *output = ((struct ends *)BIO_get_data(bio))->output;
    BIO_clear_retry_flags(bio);
    if (!output->is_sink) {
        if (count > output->capacity - output->end) return 0;
        memcpy(output->bytes + output->end, bytes, count);
        output->end += count;
    }
    *written = count;
    return 1;
}

static int transport_read(BIO *bio, char *bytes, size_t count, size_t *read) {
    struct pipe *input = ((struct ends *)BIO_get_data(bio))->input;
    BIO_clear_retry_flags(bio);
    size_t available = input->end - input->start;
    if (available == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    if (count > available) count = available;
    memcpy(bytes, input->bytes + input->start, count);
    input->start += count;
    if (input->start == input->end) input->start = input->end = 0;
    *read = count;
    return 1;
}

static long transport_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

static const BIO_METHOD *transport(void) {
    static BIO_METHOD *method;
    if (method == NULL) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "benchmark");
        BIO_meth_set_write_ex(method, transport_write);
        BIO_meth_set_read_ex(method, transport_read);
        BIO_meth_set_ctrl(method, transport_control);
    }
    return method;
}

// MARK: Contexts and connections

static const char *const tls13_suites[] = {
    [bench_aes128gcm] = "TLS_AES_128_GCM_SHA256",
    [bench_aes256gcm] = "TLS_AES_256_GCM_SHA384",
    [bench_chacha20poly1305] = "TLS_CHACHA20_POLY1305_SHA256",
};

static SSL_CTX *make_context(const SSL_METHOD *method, int version, int cipher) {
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL) return NULL;
    int wire_version = version == 12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX_set_min_proto_version(context, wire_version);
    SSL_CTX_set_max_proto_version(context, wire_version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    // P-256 is there for TLS 1.2's rule that it also names the curves of certificates (RFC 8422 §5.1.1).
    bool ok = SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1
        && SSL_CTX_set_ciphersuites(context, tls13_suites[cipher]) == 1
        && SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256") == 1;
    if (ok) return context;
    SSL_CTX_free(context);
    return NULL;
}

struct contexts {
    SSL_CTX *server, *client;
};

static bool make_contexts(struct contexts *contexts, int key, int version, int cipher) {
    const struct identity *identity = identity_with(key);
    if (identity == NULL) return false;
    contexts->server = make_context(TLS_server_method(), version, cipher);
    contexts->client = make_context(TLS_client_method(), version, cipher);
    if (contexts->server == NULL || contexts->client == NULL) return false;
    SSL_CTX_set_verify(contexts->client, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_use_certificate(contexts->server, identity->leaf) == 1
        && SSL_CTX_add1_chain_cert(contexts->server, identity->intermediate) == 1
        && SSL_CTX_use_PrivateKey(contexts->server, identity->key) == 1
        && X509_STORE_add_cert(SSL_CTX_get_cert_store(contexts->client), identity->root) == 1;
}

/// The contexts for one kind of handshake, made at the first call.
static const struct contexts *contexts_for(int key, int version, int cipher) {
    static struct contexts all[2][2][3];
    static bool made[2][2][3];
    int k = key == bench_key_rsa2048, v = version == 12;
    if (!made[k][v][cipher]) made[k][v][cipher] = make_contexts(&all[k][v][cipher], key, version, cipher);
    return made[k][v][cipher] ? &all[k][v][cipher] : NULL;
}

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

/// One side's share of CPU time and allocations.
struct share {
    uint64_t nanoseconds, allocations;
};

static void charge(struct share *share, struct bench_reading *since) {
    struct bench_reading now = bench_read_meters();
    share->nanoseconds += now.nanoseconds - since->nanoseconds;
    share->allocations += now.allocations - since->allocations;
    *since = now;
}

static uint8_t upstream[1 << 16], downstream[1 << 16];

struct pair {
    SSL *server, *client;
    struct pipe to_server, to_client;
    struct ends server_ends, client_ends;
};

static void reset_pipes(struct pair *pair) {
    pair->to_server = (struct pipe){.bytes = upstream, .capacity = sizeof upstream};
    pair->to_client = (struct pipe){.bytes = downstream, .capacity = sizeof downstream};
    pair->server_ends = (struct ends){.input = &pair->to_server, .output = &pair->to_client};
    pair->client_ends = (struct ends){.input = &pair->to_client, .output = &pair->to_server};
}

/// Runs one handshake to its end. Both connections stay open, whatever happened.
static bool handshake(const struct contexts *contexts, struct pair *pair, struct share *server, struct share *client) {
    reset_pipes(pair);
    struct bench_reading meter = bench_read_meters();
    pair->client = connect_over(contexts->client, &pair->client_ends, false);
    charge(client, &meter);
    pair->server = connect_over(contexts->server, &pair->server_ends, true);
    charge(server, &meter);
    if (pair->client == NULL || pair->server == NULL) return false;
    bool client_done = false, server_done = false;
    for (int round = 0; round < 8 && !(client_done && server_done); round++) {
        if (!client_done) {
            int result = SSL_do_handshake(pair->client);
            client_done = result == 1;
            if (!client_done && SSL_get_error(pair->client, result) != SSL_ERROR_WANT_READ) return false;
            charge(client, &meter);
        }
        if (!server_done) {
            int result = SSL_do_handshake(pair->server);
            server_done = result == 1;
            if (!server_done && SSL_get_error(pair->server, result) != SSL_ERROR_WANT_READ) return false;
            charge(server, &meter);
        }
    }
    return client_done && server_done;
}

// MARK: Handshakes

struct bench_handshakes libssl_handshakes(int key, int version, int count) {
    struct bench_handshakes result = {0};
    struct share server = {0}, client = {0};
    const struct contexts *contexts = contexts_for(key, version, bench_aes128gcm);
    if (contexts == NULL) return result;
    for (; result.completed < count; result.completed++) {
        struct pair pair = {0};
        bool ok = handshake(contexts, &pair, &server, &client);
        struct bench_reading meter = bench_read_meters();
        SSL_free(pair.client);
        charge(&client, &meter);
        SSL_free(pair.server);
        charge(&server, &meter);
        if (!ok) break;
    }
    result.server_nanoseconds = server.nanoseconds;
    result.client_nanoseconds = client.nanoseconds;
    result.server_allocations = server.allocations;
    result.client_allocations = client.allocations;
    return result;
}

uint64_t libssl_idle_server_bytes(int key, int version, int connections) {
    const struct contexts *contexts = contexts_for(key, version, bench_aes128gcm);
    if (contexts == NULL || connections <= 0) return 0;
    // What servers with many connections set, httpd's mod_ssl among them. It costs time, so it is on for this only.
    SSL_CTX_set_mode(contexts->server, SSL_MODE_RELEASE_BUFFERS);
    libssl_handshakes(key, version, 8);
    SSL **kept = calloc((size_t)connections, sizeof *kept);
    if (kept == NULL) return 0;
    uint64_t before = bench_heap_bytes();
    bool ok = true;
    for (int index = 0; ok && index < connections; index++) {
        struct pair pair = {0};
        struct share ignored = {0};
        ok = handshake(contexts, &pair, &ignored, &ignored);
        SSL_free(pair.client);
        kept[index] = pair.server;
    }
    uint64_t after = bench_heap_bytes();
    for (int index = 0; index < connections; index++) SSL_free(kept[index]);
    free(kept);
    SSL_CTX_clear_mode(contexts->server, SSL_MODE_RELEASE_BUFFERS);
    return ok && after > before ? (after - before) / (uint64_t)connections : 0;
}

// MARK: Records

/// One connection pair per cipher whose client seals into nothing, and one whose server opens what the client sent.
struct bulk {
    struct pair sealing, opening;
    bool is_ready;
};

static uint8_t *bulk_bytes;
static const size_t bulk_capacity = 1 << 20;

static bool make_bulk(struct bulk *bulk, int cipher) {
    const struct contexts *contexts = contexts_for(bench_key_p256, 13, cipher);
    struct share ignored = {0};
    if (contexts == NULL) return false;
    if (bulk_bytes == NULL && (bulk_bytes = malloc(bulk_capacity)) == NULL) return false;
    if (!handshake(contexts, &bulk->sealing, &ignored, &ignored)) return false;
    if (!handshake(contexts, &bulk->opening, &ignored, &ignored)) return false;
    bulk->sealing.to_server = (struct pipe){.is_sink = true};
    bulk->opening.to_server = (struct pipe){.bytes = bulk_bytes, .capacity = bulk_capacity};
    return true;
}

static struct bulk *bulk_for(int cipher) {
    static struct bulk all[3];
    if (!all[cipher].is_ready) all[cipher].is_ready = make_bulk(&all[cipher], cipher);
    return all[cipher].is_ready ? &all[cipher] : NULL;
}

struct bench_records libssl_records(int cipher, size_t size, int count) {
    static uint8_t plaintext[16384], received[16384];
    const struct bench_records failed = {0};
    struct bulk *bulk = bulk_for(cipher);
    if (bulk == NULL || size > sizeof plaintext || (size + 64) * (size_t)count > bulk_capacity) return failed;
    size_t done;

    struct bench_reading start = bench_read_meters();
    for (int index = 0; index < count; index++) {
        if (SSL_write_ex(bulk->sealing.client, plaintext, size, &done) != 1 || done != size) return failed;
    }
    struct bench_reading sealed = bench_read_meters();

    for (int index = 0; index < count; index++) {
        if (SSL_write_ex(bulk->opening.client, plaintext, size, &done) != 1 || done != size) return failed;
    }
    struct bench_reading written = bench_read_meters();
    for (int index = 0; index < count; index++) {
        if (SSL_read_ex(bulk->opening.server, received, sizeof received, &done) != 1 || done != size) return failed;
    }
    struct bench_reading opened = bench_read_meters();

    return (struct bench_records){
        .seal_nanoseconds = sealed.nanoseconds - start.nanoseconds,
        .open_nanoseconds = opened.nanoseconds - written.nanoseconds,
    };
}
