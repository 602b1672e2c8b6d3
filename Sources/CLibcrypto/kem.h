// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_KEM_H
#define SAFETLS_CLIBCRYPTO_KEM_H

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stddef.h>
#include <stdint.h>

// ML-KEM came with OpenSSL 3.5. Its functions have been there since 3.0, and its algorithms and parameters are found by
// name when the program runs, so that nothing here needs headers of 3.5.

// Encapsulates 32 random bytes of the caller's. Writes the ciphertext of exactly `count` bytes, and 32 of the secret.
static inline int safetls_kem_encapsulate(
    EVP_PKEY *_Nonnull key, const uint8_t *_Nonnull message, uint8_t *_Nonnull ciphertext, size_t count,
    uint8_t *_Nonnull secret) {
    OSSL_PARAM randomness[] = {
        OSSL_PARAM_construct_octet_string("ikme", (void *)message, 32),
        OSSL_PARAM_construct_end(),
    };
    size_t written = count;
    size_t secret_count = 32;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int done = context != NULL && EVP_PKEY_encapsulate_init(context, randomness) == 1
               && EVP_PKEY_encapsulate(context, ciphertext, &written, secret, &secret_count) == 1 && written == count
               && secret_count == 32;
    EVP_PKEY_CTX_free(context);
    return done;
}

// Writes the 32 bytes of the secret in a ciphertext.
static inline int safetls_kem_decapsulate(
    EVP_PKEY *_Nonnull key, const uint8_t *_Nonnull ciphertext, size_t count, uint8_t *_Nonnull secret) {
    size_t secret_count = 32;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    int done = context != NULL && EVP_PKEY_decapsulate_init(context, NULL) == 1
               && EVP_PKEY_decapsulate(context, secret, &secret_count, ciphertext, count) == 1 && secret_count == 32;
    EVP_PKEY_CTX_free(context);
    return done;
}

#endif
