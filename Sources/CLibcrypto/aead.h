// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_AEAD_H
#define SAFETLS_CLIBCRYPTO_AEAD_H

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

// One record in one call. The context holds cipher and key; only the nonce changes, so nothing is fetched or
// allocated. The caller has checked that every count fits in an int and every buffer has room.

// Writes ciphertext (of `bytes`, then of the byte `trailer` unless it is negative) and the 16-byte tag to `output`.
//
// The second update for the trailer costs 0.02 µs with GCM and nothing with ChaCha20 beside one update over plaintext
// that has the byte behind it already; copying 16 KiB to put it there costs 0.1 µs. (OpenSSL 3.0, x86-64 with VAES)
static inline int safetls_aead_seal(
    EVP_CIPHER_CTX *_Nonnull context, const uint8_t *_Nonnull nonce, const uint8_t *_Nullable aad, size_t aad_count,
    const uint8_t *_Nullable bytes, size_t count, int trailer, uint8_t *_Nonnull output) {
    int n = 0;
    if (EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) != 1) {
        return 0;
    }
    if (aad_count > 0 && EVP_EncryptUpdate(context, NULL, &n, aad, (int)aad_count) != 1) {
        return 0;
    }
    if (count > 0) {
        if (EVP_EncryptUpdate(context, output, &n, bytes, (int)count) != 1) {
            return 0;
        }
        output += count;
    }
    if (trailer >= 0) {
        uint8_t byte = (uint8_t)trailer;
        if (EVP_EncryptUpdate(context, output, &n, &byte, 1) != 1) {
            return 0;
        }
        output += 1;
    }
    return EVP_EncryptFinal_ex(context, output, &n) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, output) == 1;
}

// Decrypts `count` bytes in place; the 16-byte tag follows them. Wipes them when the tag is wrong.
static inline int safetls_aead_open(
    EVP_CIPHER_CTX *_Nonnull context, const uint8_t *_Nonnull nonce, const uint8_t *_Nullable aad, size_t aad_count,
    uint8_t *_Nonnull bytes, size_t count) {
    int n = 0;
    if (EVP_DecryptInit_ex(context, NULL, NULL, NULL, nonce) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, bytes + count) == 1
        && (aad_count == 0 || EVP_DecryptUpdate(context, NULL, &n, aad, (int)aad_count) == 1)
        && (count == 0 || EVP_DecryptUpdate(context, bytes, &n, bytes, (int)count) == 1)
        && EVP_DecryptFinal_ex(context, bytes + count, &n) == 1) {
        return 1;
    }
    OPENSSL_cleanse(bytes, count);
    ERR_clear_error();
    return 0;
}

#endif
