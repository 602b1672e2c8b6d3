// SPDX-License-Identifier: Apache-2.0

#include "CBenchmarkPeer.h"

#include <openssl/evp.h>

#include <string.h>

enum { tag_length = 16, nonce_length = 12, header_length = 5 };

static const char *const names[] = {
    [bench_aes128gcm] = "AES-128-GCM",
    [bench_aes256gcm] = "AES-256-GCM",
    [bench_chacha20poly1305] = "ChaCha20-Poly1305",
};

struct floor {
    EVP_CIPHER_CTX *sealer, *opener;
};

static const struct floor *floor_for(int cipher) {
    static struct floor all[3];
    static const uint8_t key[32] = {7}, nonce[nonce_length] = {0};
    struct floor *floor = &all[cipher];
    if (floor->opener == NULL) {
        EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, names[cipher], NULL);
        EVP_CIPHER_CTX *sealer = EVP_CIPHER_CTX_new(), *opener = EVP_CIPHER_CTX_new();
        bool ok = algorithm != NULL && sealer != NULL && opener != NULL
            && EVP_EncryptInit_ex2(sealer, algorithm, key, nonce, NULL) == 1
            && EVP_DecryptInit_ex2(opener, algorithm, key, nonce, NULL) == 1;
        EVP_CIPHER_free(algorithm);
        if (!ok) return NULL;
        *floor = (struct floor){.sealer = sealer, .opener = opener};
    }
    return floor;
}

static bool seal(EVP_CIPHER_CTX *context, const uint8_t *nonce, const uint8_t *header, const uint8_t *plaintext,
                 size_t size, uint8_t *record) {
    int length;
    return EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1
        && EVP_EncryptUpdate(context, NULL, &length, header, header_length) == 1
        && EVP_EncryptUpdate(context, record, &length, plaintext, (int)size) == 1
        && EVP_EncryptFinal_ex(context, record + size, &length) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_length, record + size) == 1;
}

static bool open_record(EVP_CIPHER_CTX *context, const uint8_t *nonce, const uint8_t *header, uint8_t *record,
                        size_t size, uint8_t *plaintext) {
    int length;
    return EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_length, record + size) == 1
        && EVP_DecryptUpdate(context, NULL, &length, header, header_length) == 1
        && EVP_DecryptUpdate(context, plaintext, &length, record, (int)size) == 1
        && EVP_DecryptFinal_ex(context, plaintext + size, &length) == 1;
}

struct bench_records libcrypto_records(int cipher, size_t size, int count) {
    static uint8_t plaintext[16384], record[16384 + tag_length], opened[16384];
    static const uint8_t header[header_length] = {23, 3, 3, 64, 16};
    const struct bench_records failed = {0};
    const struct floor *floor = floor_for(cipher);
    if (floor == NULL || size > sizeof plaintext) return failed;
    uint8_t nonce[nonce_length] = {0};

    struct bench_records costs = {0};
    struct bench_reading start = bench_read_meters();
    for (int index = 0; index < count; index++) {
        memcpy(nonce, &index, sizeof index);
        if (!seal(floor->sealer, nonce, header, plaintext, size, record)) return failed;
    }
    struct bench_reading sealed = bench_read_meters();
    for (int index = 0; index < count; index++) {
        if (!open_record(floor->opener, nonce, header, record, size, opened)) return failed;
    }
    struct bench_reading end = bench_read_meters();
    costs.seal.nanoseconds = sealed.nanoseconds - start.nanoseconds;
    costs.open.nanoseconds = end.nanoseconds - sealed.nanoseconds;
    return costs;
}
