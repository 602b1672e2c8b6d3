// SPDX-License-Identifier: Apache-2.0
//
// The same operations of the libcrypto that SafeTLS runs on.

#include "CNIOBenchmark.h"

#include <openssl/evp.h>

#include <stdbool.h>
#include <string.h>

static const uint8_t digest[32] = {1};

static struct {
    bool is_ready;
    EVP_PKEY_CTX *maker, *agreement, *signing, *verifying;
    uint8_t signature[80];
    size_t length;
    EVP_CIPHER_CTX *sealing, *opening;
    uint8_t sealed[16384], sealed_1k[1024], tag[16], tag_1k[16], plaintext[16384];
} state;

static const uint8_t nonce[12], header[5];

static bool seal(const uint8_t *plaintext, int size, uint8_t *output, uint8_t *tag) {
    int length;
    return EVP_EncryptInit_ex2(state.sealing, NULL, NULL, nonce, NULL) && EVP_EncryptUpdate(state.sealing, NULL, &length, header, 5)
        && EVP_EncryptUpdate(state.sealing, output, &length, plaintext, size)
        && EVP_EncryptFinal_ex(state.sealing, output + length, &length)
        && EVP_CIPHER_CTX_ctrl(state.sealing, EVP_CTRL_AEAD_GET_TAG, 16, tag);
}

static bool open(const uint8_t *sealed, int size, uint8_t *tag) {
    static uint8_t output[16384];
    int length;
    return EVP_DecryptInit_ex2(state.opening, NULL, NULL, nonce, NULL) && EVP_DecryptUpdate(state.opening, NULL, &length, header, 5)
        && EVP_DecryptUpdate(state.opening, output, &length, sealed, size)
        && EVP_CIPHER_CTX_ctrl(state.opening, EVP_CTRL_AEAD_SET_TAG, 16, tag)
        && EVP_DecryptFinal_ex(state.opening, output + length, &length) > 0;
}

static bool prepare(void) {
    if (state.is_ready) return true;
    static const uint8_t key[16] = {7};
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), *peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    EVP_PKEY *signer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    if (own == NULL || peer == NULL || signer == NULL) return false;
    state.maker = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    state.agreement = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    state.signing = EVP_PKEY_CTX_new_from_pkey(NULL, signer, NULL);
    state.verifying = EVP_PKEY_CTX_new_from_pkey(NULL, signer, NULL);
    if (EVP_PKEY_keygen_init(state.maker) != 1 || EVP_PKEY_derive_init(state.agreement) != 1) return false;
    if (EVP_PKEY_derive_set_peer(state.agreement, peer) != 1) return false;
    if (EVP_PKEY_sign_init(state.signing) != 1 || EVP_PKEY_verify_init(state.verifying) != 1) return false;
    state.length = sizeof state.signature;
    if (EVP_PKEY_sign(state.signing, state.signature, &state.length, digest, sizeof digest) != 1) return false;
    state.sealing = EVP_CIPHER_CTX_new();
    state.opening = EVP_CIPHER_CTX_new();
    if (!EVP_EncryptInit_ex2(state.sealing, EVP_aes_128_gcm(), key, nonce, NULL)) return false;
    if (!EVP_DecryptInit_ex2(state.opening, EVP_aes_128_gcm(), key, nonce, NULL)) return false;
    if (!seal(state.plaintext, 16384, state.sealed, state.tag) || !seal(state.plaintext, 1024, state.sealed_1k, state.tag_1k)) return false;
    state.is_ready = true;
    return true;
}

static bool run(int operation) {
    static uint8_t output[16384];
    uint8_t tag[16], secret[80];
    size_t length = sizeof secret;
    switch (operation) {
    case bench_x25519_generate: {
        EVP_PKEY *key = NULL;
        bool ok = EVP_PKEY_generate(state.maker, &key) == 1;
        EVP_PKEY_free(key);
        return ok;
    }
    case bench_x25519_derive: return EVP_PKEY_derive(state.agreement, secret, &length) == 1;
    case bench_p256_sign: return EVP_PKEY_sign(state.signing, secret, &length, digest, sizeof digest) == 1;
    case bench_p256_verify: return EVP_PKEY_verify(state.verifying, state.signature, state.length, digest, sizeof digest) == 1;
    case bench_seal_1k: return seal(state.plaintext, 1024, output, tag);
    case bench_seal_16k: return seal(state.plaintext, 16384, output, tag);
    case bench_open_1k: return open(state.sealed_1k, 1024, state.tag_1k);
    case bench_open_16k: return open(state.sealed, 16384, state.tag);
    default: return false;
    }
}

uint64_t libcrypto_operations(int operation, int count) {
    if (operation >= bench_mlkem_generate && operation <= bench_mlkem_decapsulate) return 0;
    if (!prepare()) return 0;
    uint64_t start = bench_thread_nanoseconds();
    for (int index = 0; index < count; index++) {
        if (!run(operation)) return 0;
    }
    return bench_thread_nanoseconds() - start;
}
