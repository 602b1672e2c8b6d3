// SPDX-License-Identifier: Apache-2.0
//
// Operations on keys by themselves, at the least that libcrypto lets them cost: keys, contexts and digests are there already.

#include "CBenchmarkPeer.h"
#include "identity.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

enum { longest_signature = 512 };

struct exchange {
    EVP_PKEY_CTX *maker, *agreement;
};

struct signer {
    EVP_PKEY *key;
    EVP_PKEY_CTX *signing, *verifying;
    uint8_t signature[longest_signature];
    size_t length;
};

static const uint8_t digest[32] = {1};

static const struct exchange *exchange_for(bool is_x25519) {
    static struct exchange all[2];
    struct exchange *exchange = &all[is_x25519];
    if (exchange->agreement != NULL) return exchange;
    EVP_PKEY *own = is_x25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "X25519") : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *peer = is_x25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "X25519") : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    if (own == NULL || peer == NULL) return NULL;
    exchange->maker = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    EVP_PKEY_CTX *agreement = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    if (exchange->maker == NULL || EVP_PKEY_keygen_init(exchange->maker) != 1) return NULL;
    if (agreement == NULL || EVP_PKEY_derive_init(agreement) != 1 || EVP_PKEY_derive_set_peer(agreement, peer) != 1) return NULL;
    exchange->agreement = agreement;
    return exchange;
}

static bool generate(const struct exchange *exchange) {
    EVP_PKEY *key = NULL;
    bool ok = EVP_PKEY_generate(exchange->maker, &key) == 1;
    EVP_PKEY_free(key);
    return ok;
}

static bool derive(const struct exchange *exchange) {
    uint8_t secret[32];
    size_t length = sizeof secret;
    return EVP_PKEY_derive(exchange->agreement, secret, &length) == 1;
}

static bool prepare_context(EVP_PKEY_CTX *context, bool is_rsa) {
    if (EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1) return false;
    return !is_rsa
        || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/// Ed25519 has no context that could be kept: it signs and verifies messages.
static bool sign(struct signer *signer) {
    signer->length = sizeof signer->signature;
    if (signer->signing != NULL) {
        return EVP_PKEY_sign(signer->signing, signer->signature, &signer->length, digest, sizeof digest) == 1;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestSignInit_ex(context, NULL, NULL, NULL, NULL, signer->key, NULL) == 1
        && EVP_DigestSign(context, signer->signature, &signer->length, digest, sizeof digest) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

static bool verify(struct signer *signer) {
    if (signer->verifying != NULL) {
        return EVP_PKEY_verify(signer->verifying, signer->signature, signer->length, digest, sizeof digest) == 1;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, signer->key, NULL) == 1
        && EVP_DigestVerify(context, signer->signature, signer->length, digest, sizeof digest) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

static struct signer *signer_for(int kind) {
    static struct signer all[3];
    struct signer *signer = &all[kind];
    if (signer->length > 0) return signer;
    const struct identity *identity = identity_with(kind);
    if (identity == NULL) return NULL;
    signer->key = identity->key;
    if (kind != bench_key_ed25519) {
        bool is_rsa = kind == bench_key_rsa2048;
        signer->signing = EVP_PKEY_CTX_new_from_pkey(NULL, signer->key, NULL);
        signer->verifying = EVP_PKEY_CTX_new_from_pkey(NULL, signer->key, NULL);
        if (signer->signing == NULL || EVP_PKEY_sign_init(signer->signing) != 1 || !prepare_context(signer->signing, is_rsa)) return NULL;
        if (signer->verifying == NULL || EVP_PKEY_verify_init(signer->verifying) != 1 || !prepare_context(signer->verifying, is_rsa)) return NULL;
    }
    return sign(signer) ? signer : NULL;
}

uint64_t libcrypto_operations(int operation, int count) {
    bool is_exchange = operation <= bench_p256_derive;
    const struct exchange *exchange = is_exchange ? exchange_for(operation <= bench_x25519_derive) : NULL;
    struct signer *signer = is_exchange ? NULL : signer_for((operation - bench_p256_sign) / 2);
    if (exchange == NULL && signer == NULL) return 0;
    struct bench_reading start = bench_read_meters();
    for (int index = 0; index < count; index++) {
        bool ok = false;
        // Even numbers make keys or sign, odd ones derive or verify.
        if (is_exchange) {
            ok = operation % 2 == 0 ? generate(exchange) : derive(exchange);
        } else {
            ok = operation % 2 == 0 ? sign(signer) : verify(signer);
        }
        if (!ok) return 0;
    }
    return bench_read_meters().nanoseconds - start.nanoseconds;
}
