// SPDX-License-Identifier: Apache-2.0
//
// libssl as its users run it: one SSL_CTX for all connections, and a client that verifies chain and name. Unless resumption is
// measured there are no tickets and no session cache, so that every handshake is a full one.

#include "identity.h"
#include "libssl.h"

static const char *const tls13_suites[] = {
    [bench_aes128gcm] = "TLS_AES_128_GCM_SHA256",
    [bench_aes256gcm] = "TLS_AES_256_GCM_SHA384",
    [bench_chacha20poly1305] = "TLS_CHACHA20_POLY1305_SHA256",
};

static struct contexts current;

const struct contexts *current_contexts(void) { return current.server != NULL && current.client != NULL ? &current : NULL; }

static const char *groups(int mode, bool is_server) {
    switch (mode) {
    // The first is the client's only key share.
    case bench_retry: return is_server ? "X25519" : "P-256:X25519";
    case bench_hybrid: return "X25519MLKEM768";
    // P-256 is there for TLS 1.2's rule that it also names the curves of certificates (RFC 8422 §5.1.1).
    default: return "X25519:P-256";
    }
}

static SSL_CTX *make_context(struct bench_setting setting, bool is_server) {
    SSL_CTX *context = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (context == NULL) return NULL;
    int version = setting.version == 12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    bool ok = SSL_CTX_set_min_proto_version(context, version) == 1
        && SSL_CTX_set_max_proto_version(context, version) == 1
        && SSL_CTX_set1_groups_list(context, groups(setting.mode, is_server)) == 1
        && SSL_CTX_set_ciphersuites(context, tls13_suites[setting.cipher]) == 1
        && SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256") == 1;
    if (ok) return context;
    SSL_CTX_free(context);
    return NULL;
}

static _Thread_local SSL_SESSION *kept_session;

SSL_SESSION *session_to_resume(void) { return kept_session; }

static int keep_session(SSL *connection, SSL_SESSION *session) {
    (void)connection;
    SSL_SESSION_free(kept_session);
    kept_session = session;
    return 1;
}

/// What a server keeps or hands out, and what its client makes of it.
static void set_resumption(const struct contexts *contexts) {
    static const uint8_t context_name[] = "benchmark";
    int mode = contexts->setting.mode;
    bool is_resumed = mode == bench_ticket || mode == bench_store_mode || mode == bench_early_data;
    SSL_CTX_set_session_id_context(contexts->server, context_name, sizeof context_name);
    SSL_CTX_set_session_cache_mode(contexts->client,
                                   is_resumed ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
    SSL_CTX_sess_set_new_cb(contexts->client, is_resumed ? keep_session : NULL);
    // 0-RTT data are protected against replays by the server's cache, libssl's way.
    bool is_kept = mode == bench_store_mode || mode == bench_early_data;
    SSL_CTX_set_session_cache_mode(contexts->server, is_kept ? SSL_SESS_CACHE_SERVER : SSL_SESS_CACHE_OFF);
    if (!is_resumed || mode == bench_store_mode) {
        SSL_CTX_set_options(contexts->server, SSL_OP_NO_TICKET);
        SSL_CTX_set_options(contexts->client, SSL_OP_NO_TICKET);
    }
    SSL_CTX_set_num_tickets(contexts->server, is_resumed ? 1 : 0);
    if (mode == bench_early_data) SSL_CTX_set_max_early_data(contexts->server, 14336);
}

static bool set_identity(SSL_CTX *context, const struct identity *identity) {
    return SSL_CTX_use_certificate(context, identity->leaf) == 1
        && SSL_CTX_add1_chain_cert(context, identity->intermediate) == 1
        && SSL_CTX_use_PrivateKey(context, identity->key) == 1;
}

static bool set_trust(SSL_CTX *context, const struct identity *identity) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(context), identity->root) == 1;
}

bool libssl_prepare(struct bench_setting setting) {
    const struct identity *identity = identity_with(setting.key);
    SSL_SESSION_free(kept_session);
    kept_session = NULL;
    SSL_CTX_free(current.server);
    SSL_CTX_free(current.client);
    transport();
    current = (struct contexts){
        .setting = setting, .server = make_context(setting, true), .client = make_context(setting, false)
    };
    if (identity == NULL || current_contexts() == NULL) return false;
    set_resumption(&current);
    bool ok = set_identity(current.server, identity) && set_trust(current.client, identity);
    if (ok && setting.mode == bench_mutual) {
        ok = set_identity(current.client, identity) && set_trust(current.server, identity)
            && SSL_CTX_add_client_CA(current.server, identity->root) == 1;
    }
    return ok;
}
