// SPDX-License-Identifier: Apache-2.0
//
// BoringSSL's operations by themselves, through the copy that swift-nio-ssl has.

#include "CNIOBenchmark.h"

#include <CNIOBoringSSL.h>

#include <stdbool.h>
#include <string.h>

static const uint8_t digest[32] = {1};

static struct {
    bool is_ready;
    uint8_t own[32], own_public[32], peer_public[32];
    EC_KEY *key;
    uint8_t signature[80];
    unsigned length;
    struct MLKEM768_private_key kem_private;
    struct MLKEM768_public_key kem_public;
    uint8_t kem_encoded[MLKEM768_PUBLIC_KEY_BYTES], kem_ciphertext[MLKEM768_CIPHERTEXT_BYTES];
    EVP_AEAD_CTX aead;
    uint8_t sealed[16384 + 16], sealed_1k[1024 + 16], plaintext[16384 + 16];
} state;

static const uint8_t nonce[12], header[5];

static bool prepare(void) {
    if (state.is_ready) return true;
    uint8_t peer[32], key[16] = {7};
    size_t length;
    X25519_keypair(state.own_public, state.own);
    X25519_keypair(state.peer_public, peer);
    state.key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    if (state.key == NULL || !EC_KEY_generate_key(state.key)) return false;
    if (!ECDSA_sign(0, digest, sizeof digest, state.signature, &state.length, state.key)) return false;
    uint8_t shared[MLKEM_SHARED_SECRET_BYTES];
    MLKEM768_generate_key(state.kem_encoded, NULL, &state.kem_private);
    MLKEM768_public_from_private(&state.kem_public, &state.kem_private);
    MLKEM768_encap(state.kem_ciphertext, shared, &state.kem_public);
    EVP_AEAD_CTX_zero(&state.aead);
    if (!EVP_AEAD_CTX_init(&state.aead, EVP_aead_aes_128_gcm(), key, sizeof key, 16, NULL)) return false;
    if (!EVP_AEAD_CTX_seal(&state.aead, state.sealed, &length, sizeof state.sealed, nonce, sizeof nonce, state.plaintext, 16384, header, 5))
        return false;
    if (!EVP_AEAD_CTX_seal(&state.aead, state.sealed_1k, &length, sizeof state.sealed_1k, nonce, sizeof nonce, state.plaintext, 1024, header,
                           5))
        return false;
    state.is_ready = true;
    return true;
}

static bool seal(size_t size) {
    static uint8_t output[16384 + 16];
    size_t length;
    return EVP_AEAD_CTX_seal(&state.aead, output, &length, sizeof output, nonce, sizeof nonce, state.plaintext, size, header, 5);
}

static bool open(const uint8_t *sealed, size_t size) {
    static uint8_t output[16384 + 16];
    size_t length;
    return EVP_AEAD_CTX_open(&state.aead, output, &length, sizeof output, nonce, sizeof nonce, sealed, size + 16, header, 5);
}

static bool run(int operation) {
    uint8_t secret[32], other[32];
    switch (operation) {
    case bench_x25519_generate: X25519_keypair(other, secret); return true;
    case bench_x25519_derive: return X25519(secret, state.own, state.peer_public);
    case bench_p256_sign: {
        uint8_t signature[80];
        unsigned length;
        return ECDSA_sign(0, digest, sizeof digest, signature, &length, state.key);
    }
    case bench_p256_verify: return ECDSA_verify(0, digest, sizeof digest, state.signature, state.length, state.key);
    case bench_mlkem_generate: {
        struct MLKEM768_private_key key;
        MLKEM768_generate_key(state.kem_encoded, NULL, &key);
        return true;
    }
    case bench_mlkem_encapsulate: {
        // A server gets the key as bytes.
        CBS bytes;
        struct MLKEM768_public_key key;
        uint8_t ciphertext[MLKEM768_CIPHERTEXT_BYTES];
        CBS_init(&bytes, state.kem_encoded, sizeof state.kem_encoded);
        if (!MLKEM768_parse_public_key(&key, &bytes)) return false;
        MLKEM768_encap(ciphertext, secret, &key);
        return true;
    }
    case bench_mlkem_decapsulate:
        return MLKEM768_decap(secret, state.kem_ciphertext, sizeof state.kem_ciphertext, &state.kem_private);
    case bench_seal_1k: return seal(1024);
    case bench_seal_16k: return seal(16384);
    case bench_open_1k: return open(state.sealed_1k, 1024);
    case bench_open_16k: return open(state.sealed, 16384);
    default: return false;
    }
}

uint64_t boringssl_operations(int operation, int count) {
    if (!prepare()) return 0;
    uint64_t start = bench_thread_nanoseconds();
    for (int index = 0; index < count; index++) {
        if (!run(operation)) return 0;
    }
    return bench_thread_nanoseconds() - start;
}
