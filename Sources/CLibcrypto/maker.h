// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_MAKER_H
#define SAFETLS_CLIBCRYPTO_MAKER_H

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stddef.h>
#include <stdint.h>

// A key of the kind `name`, made of its parts. `maker` is an EVP_PKEY_CTX for that kind, shared by all threads and only
// ever copied, which costs 0.1 µs against some 2 µs for a new one.
//
// Releases before the middle of 2025 (3.0.17, 3.5.1) do not duplicate a context that has no key yet.
static inline EVP_PKEY *_Nullable safetls_make_key(
    const EVP_PKEY_CTX *_Nonnull maker, const char *_Nonnull name, int selection, OSSL_PARAM *_Nonnull parts) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(maker);
    if (context == NULL) {
        context = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    }
    if (context != NULL && EVP_PKEY_fromdata_init(context) == 1
        && EVP_PKEY_fromdata(context, &key, selection, parts) != 1) {
        // 3.0.1 leaves an empty key behind.
        EVP_PKEY_free(key);
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return key;
}

// A key of ML-KEM or ML-DSA made of the bytes of its seed, or a public key.
static inline EVP_PKEY *_Nullable safetls_raw_key(
    const EVP_PKEY_CTX *_Nonnull maker, const char *_Nonnull name, const uint8_t *_Nonnull bytes, size_t count,
    int is_seed) {
    OSSL_PARAM parts[] = {
        OSSL_PARAM_construct_octet_string(is_seed ? "seed" : OSSL_PKEY_PARAM_PUB_KEY, (void *)bytes, count),
        OSSL_PARAM_construct_end(),
    };
    return safetls_make_key(maker, name, is_seed ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parts);
}

// Writes the public key, which has exactly `count` bytes.
static inline int safetls_raw_public_key(const EVP_PKEY *_Nonnull key, uint8_t *_Nonnull output, size_t count) {
    size_t written = 0;
    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, output, count, &written) == 1
           && written == count;
}

#endif
