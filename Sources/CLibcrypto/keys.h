// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_KEYS_H
#define SAFETLS_CLIBCRYPTO_KEYS_H

#include <limits.h>
#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "maker.h"

// Keys and signatures with EVP. Making the context of an operation with EVP_PKEY_CTX_new takes 1.7 µs (2.9 µs with
// the parameters of RSA-PSS), duplicating a prepared one 0.1 µs: then EVP_PKEY_sign with ECDSA P-256 takes 24.7 µs
// against 24.4 µs of the deprecated ECDSA_sign and 28.3 µs of EVP_DigestSign, with RSA-2048 PSS the same as
// RSA_private_encrypt. (OpenSSL 3.0, x86-64)

// libcrypto's decoders free copies of a key's encoding without wiping them. Has glibc overwrite what is freed, by any thread, or no
// more. Elsewhere it does nothing.
static inline void safetls_set_wiping(int is_on) {
#if defined(__GLIBC__)
    mallopt(M_PERTURB, is_on ? 0xA5 : 0);
#else
    (void)is_on;
#endif
}

// Overwrites what glibc's list of this thread's small blocks has kept from that.
static inline void safetls_wipe_small_blocks(void) {
#if defined(__GLIBC__)
    // glibc keeps at most seven blocks of each size, up to 1032 bytes.
    for (size_t size = 24; size <= 1032; size += 16) {
        void *blocks[7];
        for (size_t i = 0; i < 7; i++) {
            blocks[i] = malloc(size);
            if (blocks[i] != NULL) {
                OPENSSL_cleanse(blocks[i], size);
            }
        }
        for (size_t i = 0; i < 7; i++) {
            free(blocks[i]);
        }
    }
#endif
}

// What parses private keys, for one thread at a time. Making the context asks each of libcrypto's decoders what it is for,
// which takes several times as long as parsing a key: d2i_AutoPrivateKey does so each time. (OpenSSL 3.0)
struct safetls_key_parser {
    OSSL_DECODER_CTX *_Nullable context;
    // Where the context puts what it has read.
    EVP_PKEY *_Nullable key;
};

// A parser, to be kept where it is; its context is NULL if there is none.
static inline struct safetls_key_parser *_Nullable safetls_key_parser_new(void) {
    struct safetls_key_parser *parser = calloc(1, sizeof *parser);
    if (parser != NULL) {
        parser->context = OSSL_DECODER_CTX_new_for_pkey(
            &parser->key, "DER", NULL, NULL, OSSL_KEYMGMT_SELECT_ALL, NULL, NULL);
    }
    return parser;
}

// The private key in PKCS#8, SEC1 or PKCS#1 form, which must fill the bytes.
static inline EVP_PKEY *_Nullable safetls_parse_private_key(
    struct safetls_key_parser *_Nonnull parser, const uint8_t *_Nonnull der, size_t count) {
    const uint8_t *end = der;
    size_t rest = count;
    if (parser->context == NULL) {
        return NULL;
    }
    parser->key = NULL;
    int is_parsed = OSSL_DECODER_from_data(parser->context, &end, &rest);
    EVP_PKEY *key = parser->key;
    parser->key = NULL;
    if (key != NULL && (is_parsed != 1 || rest != 0)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

// What decrypts a key.
struct safetls_passphrase {
    const uint8_t *_Nullable bytes;
    size_t count;
};

static inline int safetls_give_passphrase(char *_Nonnull buffer, int capacity, int writing, void *_Nonnull context) {
    const struct safetls_passphrase *passphrase = context;
    (void)writing;
    if (passphrase->bytes == NULL || passphrase->count > (size_t)capacity) {
        return -1;
    }
    memcpy(buffer, passphrase->bytes, passphrase->count);
    return (int)passphrase->count;
}

// Decrypts an EncryptedPrivateKeyInfo (RFC 5958 §3), whose parameters the caller has looked at. Returns the length of what
// was in it, or 0 when the passphrase is wrong or there is not as much room as the encoding takes.
static inline size_t safetls_open_private_key(
    const uint8_t *_Nonnull der, size_t count, const uint8_t *_Nullable passphrase, size_t passphrase_count,
    void *_Nonnull output, size_t capacity) {
    const uint8_t *end = der;
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OCTET_STRING *contents = NULL;
    unsigned char *plain = NULL;
    int length = 0;
    if (count > LONG_MAX || passphrase_count > INT_MAX) {
        return 0;
    }
    X509_SIG *sealed = d2i_X509_SIG(NULL, &end, (long)count);
    if (sealed != NULL) {
        X509_SIG_get0(sealed, &algorithm, &contents);
        plain = PKCS12_pbe_crypt(
            algorithm, passphrase == NULL ? "" : (const char *)passphrase, (int)passphrase_count,
            ASN1_STRING_get0_data(contents), ASN1_STRING_length(contents), NULL, &length, 0);
    }
    int is_open = plain != NULL && length > 0 && (size_t)length <= capacity;
    if (is_open) {
        memcpy(output, plain, (size_t)length);
    }
    OPENSSL_clear_free(plain, length > 0 ? (size_t)length : 0);
    X509_SIG_free(sealed);
    return is_open ? (size_t)length : 0;
}

// Decrypts the first private key of a PEM text that is encrypted in the old way. Returns its length, or 0 when the passphrase
// is wrong or there is not as much room as the text takes.
static inline size_t safetls_open_traditional_key(
    const uint8_t *_Nonnull pem, size_t count, const uint8_t *_Nullable passphrase, size_t passphrase_count,
    void *_Nonnull output, size_t capacity) {
    struct safetls_passphrase context = {passphrase, passphrase_count};
    BIO *text = count > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)count);
    unsigned char *plain = NULL;
    long length = 0;
    if (text == NULL) {
        return 0;
    }
    int is_open = PEM_bytes_read_bio(
                      &plain, &length, NULL, PEM_STRING_EVP_PKEY, text, safetls_give_passphrase, &context)
            == 1
        && length > 0 && (size_t)length <= capacity;
    if (is_open) {
        memcpy(output, plain, (size_t)length);
    }
    OPENSSL_clear_free(plain, length > 0 ? (size_t)length : 0);
    BIO_free(text);
    return is_open ? (size_t)length : 0;
}

// The curve's NID, or 0.
static inline int safetls_key_curve(const EVP_PKEY *_Nonnull key) {
    char name[64];
    size_t count = 0;
    if (EVP_PKEY_get_group_name(key, name, sizeof name, &count) != 1) {
        return NID_undef;
    }
    return OBJ_txt2nid(name);
}

// An RSA public key. `maker` is an EVP_PKEY_CTX for `name`, "RSA" or "RSA-PSS", shared by all threads and only ever
// copied.
static inline EVP_PKEY *_Nullable safetls_rsa_public_key(
    const EVP_PKEY_CTX *_Nonnull maker, const char *_Nonnull name, const uint8_t *_Nonnull modulus,
    size_t modulus_count, const uint8_t *_Nonnull exponent, size_t exponent_count) {
    uint8_t n[2048], e[8];
    if (modulus_count > sizeof n || exponent_count > sizeof e) {
        return NULL;
    }
    BIGNUM *number = BN_bin2bn(modulus, (int)modulus_count, NULL);
    if (number == NULL || BN_bn2nativepad(number, n, (int)modulus_count) < 0
        || BN_bin2bn(exponent, (int)exponent_count, number) == NULL
        || BN_bn2nativepad(number, e, (int)exponent_count) < 0) {
        BN_free(number);
        return NULL;
    }
    BN_free(number);
    OSSL_PARAM parts[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, modulus_count),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, exponent_count),
        OSSL_PARAM_construct_end(),
    };
    return safetls_make_key(maker, name, EVP_PKEY_PUBLIC_KEY, parts);
}

// A key that has the parameters of a curve and nothing else, to be copied from: EVP_PKEY_fromdata with curve and
// point takes 21 µs, copying the parameters and setting the point 6 µs.
static inline EVP_PKEY *_Nullable safetls_curve_parameters(const char *_Nonnull curve) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM parts[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (context != NULL && EVP_PKEY_fromdata_init(context) == 1
        && EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEY_PARAMETERS, parts) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return key;
}

// An EC public key; NULL when the point is not on the curve.
static inline EVP_PKEY *_Nullable safetls_ec_public_key(
    const EVP_PKEY *_Nonnull parameters, const uint8_t *_Nonnull point, size_t count) {
    EVP_PKEY *key = EVP_PKEY_new();
    if (key != NULL
        && (EVP_PKEY_copy_parameters(key, parameters) != 1
            || EVP_PKEY_set1_encoded_public_key(key, point, count) != 1)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

// An ECDSA key of its big-endian scalar and its point; NULL when the point is not on the curve. `maker` is an EVP_PKEY_CTX
// for "EC", shared by all threads and only ever copied. libcrypto's decoders take four times as long, and leave copies.
static inline EVP_PKEY *_Nullable safetls_ec_private_key(
    const EVP_PKEY_CTX *_Nonnull maker, const char *_Nonnull curve, const uint8_t *_Nonnull scalar, size_t scalar_count,
    const uint8_t *_Nonnull point, size_t point_count) {
    uint8_t native[66];
    EVP_PKEY *key = NULL;
    BIGNUM *number = BN_secure_new();
    if (scalar_count <= sizeof native && number != NULL && BN_bin2bn(scalar, (int)scalar_count, number) != NULL
        && BN_bn2nativepad(number, native, (int)scalar_count) == (int)scalar_count) {
        OSSL_PARAM parts[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve, 0),
            OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, scalar_count),
            OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, point_count),
            OSSL_PARAM_construct_end(),
        };
        key = safetls_make_key(maker, "EC", EVP_PKEY_KEYPAIR, parts);
    }
    OPENSSL_cleanse(native, sizeof native);
    BN_clear_free(number);
    return key;
}

// Whether the numbers of an RSA key with two primes belong together (RFC 8017 §3.2): n = p·q, e·d = e·dP = 1 mod p-1 and
// d = dP mod p-1, the same with q, and qInv·q = 1 mod p. Signatures are right then if p and q are primes. 0 also for a key
// that lacks some of the numbers.
static inline int safetls_rsa_is_consistent(const EVP_PKEY *_Nonnull key) {
    static const char *const names[] = {
        OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_FACTOR2,
        OSSL_PKEY_PARAM_RSA_EXPONENT2,
    };
    enum { N, E, D, INVERSE, P, FIRST_EXPONENT, Q, SECOND_EXPONENT, COUNT };
    BIGNUM *parts[COUNT] = {NULL};
    BIGNUM *less = BN_secure_new();
    BIGNUM *product = BN_secure_new();
    BN_CTX *context = BN_CTX_secure_new();
    int belongs = context != NULL && less != NULL && product != NULL;
    for (int i = 0; belongs && i < COUNT; i++) {
        belongs = EVP_PKEY_get_bn_param(key, names[i], &parts[i]) == 1;
    }
    belongs = belongs && BN_mul(product, parts[P], parts[Q], context) == 1 && BN_cmp(product, parts[N]) == 0
        && BN_mod_mul(product, parts[INVERSE], parts[Q], parts[P], context) == 1 && BN_is_one(product);
    for (int prime = P; belongs && prime <= Q; prime += 2) {
        BIGNUM *exponent = parts[prime + 1];
        belongs = BN_copy(less, parts[prime]) != NULL && BN_sub_word(less, 1) == 1
            && BN_mod_mul(product, parts[E], exponent, less, context) == 1 && BN_is_one(product)
            && BN_nnmod(product, parts[D], less, context) == 1 && BN_cmp(product, exponent) == 0;
    }
    for (int i = 0; i < COUNT; i++) {
        BN_clear_free(parts[i]);
    }
    BN_clear_free(less);
    BN_clear_free(product);
    BN_CTX_free(context);
    return belongs;
}

// A public key for safetls_curve_verify alone, to be freed with EC_KEY_free; NULL when the point is not on the curve. It takes
// 2.5 µs, where a key of EVP takes 6.2, and 1.7 more for the context that it verifies with; 2.1 against 4.1 and 0.5 with OpenSSL 3.5.
static inline EC_KEY *_Nullable safetls_curve_key(
    const EC_GROUP *_Nonnull group, const uint8_t *_Nonnull point, size_t count) {
    EC_KEY *key = EC_KEY_new();
    if (key != NULL && (EC_KEY_set_group(key, group) != 1 || EC_KEY_oct2key(key, point, count, NULL) != 1)) {
        EC_KEY_free(key);
        key = NULL;
    }
    return key;
}

// Verifies a digest's signature as the default provider does, which calls the same; safe from many threads.
static inline int safetls_curve_verify(
    EC_KEY *_Nonnull key, const uint8_t *_Nonnull digest, size_t digest_count, const uint8_t *_Nonnull signature,
    size_t signature_count) {
    return digest_count <= INT_MAX && signature_count <= INT_MAX
        && ECDSA_verify(0, digest, (int)digest_count, signature, (int)signature_count, key) == 1;
}

// A context ready to sign or verify digests. `padding` is "pkcs1" or "pss" (with a salt as long as the digest) and
// `hash` the hash's name for RSA, both NULL for ECDSA. All parameters at once: one call each takes twice as long.
static inline EVP_PKEY_CTX *_Nullable safetls_signature_context(
    EVP_PKEY *_Nonnull key, int is_signing, const char *_Nullable padding, const char *_Nullable hash) {
    OSSL_PARAM parameters[4];
    OSSL_PARAM *next = parameters;
    if (padding != NULL && hash != NULL) {
        *next++ = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)hash, 0);
        *next++ = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, (char *)padding, 0);
        if (strcmp(padding, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0) {
            *next++ = OSSL_PARAM_construct_utf8_string(
                OSSL_SIGNATURE_PARAM_PSS_SALTLEN, (char *)OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, 0);
        }
    }
    *next = OSSL_PARAM_construct_end();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    if (context != NULL
        && (is_signing ? EVP_PKEY_sign_init_ex(context, parameters) : EVP_PKEY_verify_init_ex(context, parameters))
            != 1) {
        EVP_PKEY_CTX_free(context);
        context = NULL;
    }
    return context;
}

// Signs a digest with a copy of the prepared context; safe from many threads. Returns the signature's length or 0.
static inline size_t safetls_sign(
    const EVP_PKEY_CTX *_Nonnull prepared, const uint8_t *_Nonnull digest, size_t digest_count,
    uint8_t *_Nonnull signature, size_t capacity) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(prepared);
    size_t count = capacity;
    int signed_ = context != NULL && EVP_PKEY_sign(context, signature, &count, digest, digest_count) == 1;
    EVP_PKEY_CTX_free(context);
    return signed_ ? count : 0;
}

// Verifies a digest's signature with a copy of the prepared context; safe from many threads.
static inline int safetls_verify(
    const EVP_PKEY_CTX *_Nonnull prepared, const uint8_t *_Nonnull digest, size_t digest_count,
    const uint8_t *_Nonnull signature, size_t signature_count) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(prepared);
    int valid = context != NULL && EVP_PKEY_verify(context, signature, signature_count, digest, digest_count) == 1;
    EVP_PKEY_CTX_free(context);
    return valid;
}

// Signs a message with an algorithm that hashes itself (Ed25519, ML-DSA). Returns the signature's length or 0.
static inline size_t safetls_sign_message(
    EVP_PKEY *_Nonnull key, const uint8_t *_Nullable message, size_t message_count, uint8_t *_Nonnull signature,
    size_t capacity) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t count = capacity;
    int signed_ = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1
        && EVP_DigestSign(context, signature, &count, message, message_count) == 1;
    EVP_MD_CTX_free(context);
    return signed_ ? count : 0;
}

// Verifies a message with an algorithm that hashes itself (Ed25519, ML-DSA).
static inline int safetls_verify_message(
    EVP_PKEY *_Nonnull key, const uint8_t *_Nullable message, size_t message_count, const uint8_t *_Nonnull signature,
    size_t signature_count) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int valid = context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1
        && EVP_DigestVerify(context, signature, signature_count, message, message_count) == 1;
    EVP_MD_CTX_free(context);
    return valid;
}

#endif
