// SPDX-License-Identifier: Apache-2.0

#include "CBenchmarkPeer.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum { longest = 1568, secret_length = 32 };

static EVP_PKEY_CTX *maker_for(int size) {
    static EVP_PKEY_CTX *makers[2];
    EVP_PKEY_CTX **maker = &makers[size == 1024];
    if (*maker == NULL) {
        *maker = EVP_PKEY_CTX_new_from_name(NULL, size == 1024 ? "ML-KEM-1024" : "ML-KEM-768", NULL);
        // Older releases say that they do not know the name.
        ERR_clear_error();
    }
    return *maker;
}

bool libcrypto_has_kem(void) {
    return maker_for(768) != NULL && maker_for(1024) != NULL;
}

static EVP_PKEY *generate(int size) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(maker_for(size));
    if (context != NULL && EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_generate(context, &key) != 1) key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static bool encapsulate(int size, uint8_t *public, size_t count, uint8_t *ciphertext, size_t *written, uint8_t *secret) {
    size_t secret_written = secret_length;
    EVP_PKEY *key = NULL;
    OSSL_PARAM parts[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public, count), OSSL_PARAM_construct_end()
    };
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_dup(maker_for(size));
    bool ok = maker != NULL && EVP_PKEY_fromdata_init(maker) == 1
        && EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, parts) == 1;
    EVP_PKEY_CTX *context = ok ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    ok = context != NULL && EVP_PKEY_encapsulate_init(context, NULL) == 1
        && EVP_PKEY_encapsulate(context, ciphertext, written, secret, &secret_written) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(maker);
    return ok;
}

static bool decapsulate(EVP_PKEY *key, const uint8_t *ciphertext, size_t count, uint8_t *secret) {
    size_t written = secret_length;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = context != NULL && EVP_PKEY_decapsulate_init(context, NULL) == 1
        && EVP_PKEY_decapsulate(context, secret, &written, ciphertext, count) == 1;
    EVP_PKEY_CTX_free(context);
    return ok;
}

struct bench_kem libcrypto_kem(int size, int count) {
    struct bench_kem costs = {0};
    if (!libcrypto_has_kem()) return costs;
    for (int index = 0; index < count; index++) {
        uint8_t public[longest], ciphertext[longest], secrets[2][secret_length];
        size_t public_length = 0, ciphertext_length = sizeof ciphertext;
        struct bench_reading start = bench_read_meters();
        EVP_PKEY *key = generate(size);
        if (key == NULL
            || EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, public, sizeof public, &public_length) != 1) {
            EVP_PKEY_free(key);
            return (struct bench_kem){0};
        }
        struct bench_reading generated = bench_read_meters();
        bool ok = encapsulate(size, public, public_length, ciphertext, &ciphertext_length, secrets[0]);
        struct bench_reading encapsulated = bench_read_meters();
        ok = ok && decapsulate(key, ciphertext, ciphertext_length, secrets[1]);
        struct bench_reading end = bench_read_meters();
        EVP_PKEY_free(key);
        if (!ok) return (struct bench_kem){0};
        costs.generate_nanoseconds += generated.nanoseconds - start.nanoseconds;
        costs.encapsulate_nanoseconds += encapsulated.nanoseconds - generated.nanoseconds;
        costs.decapsulate_nanoseconds += end.nanoseconds - encapsulated.nanoseconds;
    }
    return costs;
}
