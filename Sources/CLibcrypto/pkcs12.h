// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_PKCS12_H
#define SAFETLS_CLIBCRYPTO_PKCS12_H

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "keys.h"

// PKCS #12 files, step by step: PKCS12_parse would take as long as the file says.

enum {
    SAFETLS_PKCS12_OK = 0,
    // Not such a file, or damaged.
    SAFETLS_PKCS12_DAMAGED = 1,
    // The passphrase is not right, or what protects the file is not known to this libcrypto.
    SAFETLS_PKCS12_PROTECTED = 2,
    // Deriving its keys takes more iterations than allowed.
    SAFETLS_PKCS12_ITERATIONS = 3,
    // More keys or certificates than fit.
    SAFETLS_PKCS12_FULL = 4,
};

enum { SAFETLS_PKCS12_KEYS = 8, SAFETLS_PKCS12_CERTIFICATES = 64 };

// A private key in PKCS #8 form, which nobody has looked at.
struct safetls_pkcs12_key {
    uint8_t *_Nullable der;
    size_t count;
};

// What a file holds.
struct safetls_pkcs12 {
    struct safetls_pkcs12_key keys[SAFETLS_PKCS12_KEYS];
    size_t key_count;
    X509 *_Nullable certificates[SAFETLS_PKCS12_CERTIFICATES];
    size_t certificate_count;
    // How many iterations may still be made.
    uint64_t iterations;
};

// Takes the iterations of one derivation from the budget.
static inline int safetls_pkcs12_spend(struct safetls_pkcs12 *_Nonnull contents, const ASN1_INTEGER *_Nullable count) {
    uint64_t iterations = 1;
    if (count != NULL && ASN1_INTEGER_get_uint64(&iterations, count) != 1) {
        return SAFETLS_PKCS12_ITERATIONS;
    }
    if (iterations > contents->iterations) {
        return SAFETLS_PKCS12_ITERATIONS;
    }
    contents->iterations -= iterations;
    return SAFETLS_PKCS12_OK;
}

// The same for PBKDF2. Other functions, such as scrypt, which also takes memory as it likes, are refused.
static inline int safetls_pkcs12_spend_pbkdf2(
    struct safetls_pkcs12 *_Nonnull contents, const X509_ALGOR *_Nullable function) {
    const ASN1_OBJECT *name = NULL;
    const void *value = NULL;
    int type = 0;
    if (function == NULL) {
        return SAFETLS_PKCS12_DAMAGED;
    }
    X509_ALGOR_get0(&name, &type, &value, function);
    if (OBJ_obj2nid(name) != NID_id_pbkdf2) {
        return SAFETLS_PKCS12_PROTECTED;
    }
    PBKDF2PARAM *parameters = type == V_ASN1_SEQUENCE
        ? ASN1_item_unpack((const ASN1_STRING *)value, ASN1_ITEM_rptr(PBKDF2PARAM)) : NULL;
    if (parameters == NULL) {
        return SAFETLS_PKCS12_DAMAGED;
    }
    // What libcrypto 3.4 to 3.6 does with a PBMAC1 before it looks at these (CVE-2025-11187).
    uint64_t length = 1;
    int is_sound = parameters->salt != NULL && ASN1_TYPE_get(parameters->salt) == V_ASN1_OCTET_STRING
        && (parameters->keylength == NULL || ASN1_INTEGER_get_uint64(&length, parameters->keylength) == 1)
        && length > 0 && length <= EVP_MAX_MD_SIZE;
    int status = is_sound ? safetls_pkcs12_spend(contents, parameters->iter) : SAFETLS_PKCS12_DAMAGED;
    PBKDF2PARAM_free(parameters);
    return status;
}

// The same for an algorithm that encrypts with a passphrase.
static inline int safetls_pkcs12_spend_encryption(
    struct safetls_pkcs12 *_Nonnull contents, const X509_ALGOR *_Nullable algorithm) {
    const ASN1_OBJECT *name = NULL;
    const void *value = NULL;
    int type = 0;
    if (algorithm == NULL) {
        return SAFETLS_PKCS12_DAMAGED;
    }
    X509_ALGOR_get0(&name, &type, &value, algorithm);
    if (type != V_ASN1_SEQUENCE) {
        return SAFETLS_PKCS12_DAMAGED;
    }
    int status = SAFETLS_PKCS12_DAMAGED;
    if (OBJ_obj2nid(name) == NID_pbes2) {
        PBE2PARAM *parameters = ASN1_item_unpack((const ASN1_STRING *)value, ASN1_ITEM_rptr(PBE2PARAM));
        if (parameters != NULL) {
            status = safetls_pkcs12_spend_pbkdf2(contents, parameters->keyfunc);
            PBE2PARAM_free(parameters);
        }
    } else {
        PBEPARAM *parameters = ASN1_item_unpack((const ASN1_STRING *)value, ASN1_ITEM_rptr(PBEPARAM));
        if (parameters != NULL) {
            status = safetls_pkcs12_spend(contents, parameters->iter);
            PBEPARAM_free(parameters);
        }
    }
    return status;
}

// The same for the code that authenticates the file.
static inline int safetls_pkcs12_spend_mac(
    struct safetls_pkcs12 *_Nonnull contents, const PKCS12 *_Nonnull file) {
    const ASN1_INTEGER *iterations = NULL;
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *name = NULL;
    const void *value = NULL;
    int type = 0;
    PKCS12_get0_mac(NULL, &algorithm, NULL, &iterations, file);
    if (algorithm != NULL) {
        X509_ALGOR_get0(&name, &type, &value, algorithm);
    }
    if (name == NULL || OBJ_obj2nid(name) != NID_pbmac1) {
        return safetls_pkcs12_spend(contents, iterations);
    }
    // PBMAC1 has its function as the first of its parameters.
    ASN1_SEQUENCE_ANY *parameters = NULL;
    if (type == V_ASN1_SEQUENCE) {
        const uint8_t *bytes = ASN1_STRING_get0_data((const ASN1_STRING *)value);
        parameters = d2i_ASN1_SEQUENCE_ANY(NULL, &bytes, ASN1_STRING_length((const ASN1_STRING *)value));
    }
    const ASN1_TYPE *first = parameters == NULL ? NULL : sk_ASN1_TYPE_value(parameters, 0);
    X509_ALGOR *function = NULL;
    if (first != NULL && ASN1_TYPE_get(first) == V_ASN1_SEQUENCE) {
        function = ASN1_item_unpack(first->value.sequence, ASN1_ITEM_rptr(X509_ALGOR));
    }
    int status = safetls_pkcs12_spend_pbkdf2(contents, function);
    X509_ALGOR_free(function);
    sk_ASN1_TYPE_pop_free(parameters, ASN1_TYPE_free);
    return status;
}

// Keeps a key as it is: what parsing it costs is up to its numbers, which are looked at first, elsewhere.
static inline int safetls_pkcs12_add_key(
    struct safetls_pkcs12 *_Nonnull contents, const PKCS8_PRIV_KEY_INFO *_Nullable info) {
    if (contents->key_count == SAFETLS_PKCS12_KEYS) {
        return SAFETLS_PKCS12_FULL;
    }
    unsigned char *der = NULL;
    int count = info == NULL ? 0 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    if (count <= 0) {
        return SAFETLS_PKCS12_DAMAGED;
    }
    contents->keys[contents->key_count++] = (struct safetls_pkcs12_key){der, (size_t)count};
    return SAFETLS_PKCS12_OK;
}

// Takes what is in a bag. Bags of other kinds, and those that hold bags, are passed over.
static inline int safetls_pkcs12_take(
    struct safetls_pkcs12 *_Nonnull contents, const PKCS12_SAFEBAG *_Nonnull bag, const char *_Nullable passphrase,
    int length) {
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_keyBag:
        return safetls_pkcs12_add_key(contents, PKCS12_SAFEBAG_get0_p8inf(bag));
    case NID_pkcs8ShroudedKeyBag: {
        const X509_ALGOR *algorithm = NULL;
        X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
        int status = safetls_pkcs12_spend_encryption(contents, algorithm);
        if (status != SAFETLS_PKCS12_OK) {
            return status;
        }
        PKCS8_PRIV_KEY_INFO *info = PKCS12_decrypt_skey(bag, passphrase, length);
        if (info == NULL) {
            return SAFETLS_PKCS12_PROTECTED;
        }
        status = safetls_pkcs12_add_key(contents, info);
        PKCS8_PRIV_KEY_INFO_free(info);
        return status;
    }
    case NID_certBag: {
        if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) {
            return SAFETLS_PKCS12_OK;
        }
        X509 *certificate = PKCS12_SAFEBAG_get1_cert(bag);
        if (certificate == NULL) {
            return SAFETLS_PKCS12_DAMAGED;
        }
        if (contents->certificate_count == SAFETLS_PKCS12_CERTIFICATES) {
            X509_free(certificate);
            return SAFETLS_PKCS12_FULL;
        }
        contents->certificates[contents->certificate_count++] = certificate;
        return SAFETLS_PKCS12_OK;
    }
    default:
        return SAFETLS_PKCS12_OK;
    }
}

// Takes what is in one part of the file, which may be encrypted by itself.
static inline int safetls_pkcs12_take_part(
    struct safetls_pkcs12 *_Nonnull contents, PKCS7 *_Nonnull part, const char *_Nullable passphrase, int length) {
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    int status = SAFETLS_PKCS12_OK;
    if (PKCS7_type_is_data(part)) {
        // Not every libcrypto looks whether there are any.
        bags = part->d.data == NULL ? NULL : PKCS12_unpack_p7data(part);
        status = bags == NULL ? SAFETLS_PKCS12_DAMAGED : SAFETLS_PKCS12_OK;
    } else if (PKCS7_type_is_encrypted(part)) {
        const PKCS7_ENC_CONTENT *sealed = part->d.encrypted == NULL ? NULL : part->d.encrypted->enc_data;
        // That there is something encrypted not every libcrypto looks for, either (CVE-2025-69421).
        status = sealed == NULL || sealed->enc_data == NULL
            ? SAFETLS_PKCS12_DAMAGED : safetls_pkcs12_spend_encryption(contents, sealed->algorithm);
        if (status == SAFETLS_PKCS12_OK) {
            bags = PKCS12_unpack_p7encdata(part, passphrase, length);
            status = bags == NULL ? SAFETLS_PKCS12_PROTECTED : SAFETLS_PKCS12_OK;
        }
    }
    for (int i = 0; status == SAFETLS_PKCS12_OK && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        status = safetls_pkcs12_take(contents, sk_PKCS12_SAFEBAG_value(bags, i), passphrase, length);
    }
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return status;
}

// Checks the passphrase by the code that authenticates the file, if it has one.
static inline int safetls_pkcs12_authenticate(
    struct safetls_pkcs12 *_Nonnull contents, PKCS12 *_Nonnull file, const char *_Nullable *_Nonnull passphrase,
    int length) {
    if (PKCS12_mac_present(file) != 1) {
        return SAFETLS_PKCS12_OK;
    }
    int status = safetls_pkcs12_spend_mac(contents, file);
    if (status != SAFETLS_PKCS12_OK || PKCS12_verify_mac(file, *passphrase, length) == 1) {
        return status;
    }
    if (length != 0) {
        return SAFETLS_PKCS12_PROTECTED;
    }
    // Programs disagree whether no passphrase is two bytes of zeros or none.
    *passphrase = *passphrase == NULL ? "" : NULL;
    status = safetls_pkcs12_spend_mac(contents, file);
    if (status != SAFETLS_PKCS12_OK) {
        return status;
    }
    return PKCS12_verify_mac(file, *passphrase, 0) == 1 ? SAFETLS_PKCS12_OK : SAFETLS_PKCS12_PROTECTED;
}

// Whether there are contents, where the file says what it authenticates: libcrypto 3.0.0 to 3.0.12 does not look
// (CVE-2024-0727).
static inline int safetls_pkcs12_has_contents(const uint8_t *_Nonnull der, size_t count) {
    ASN1_SEQUENCE_ANY *fields = d2i_ASN1_SEQUENCE_ANY(NULL, &der, (long)count);
    const ASN1_TYPE *second = sk_ASN1_TYPE_num(fields) > 1 ? sk_ASN1_TYPE_value(fields, 1) : NULL;
    PKCS7 *contents = NULL;
    if (second != NULL && ASN1_TYPE_get(second) == V_ASN1_SEQUENCE) {
        contents = ASN1_item_unpack(second->value.sequence, ASN1_ITEM_rptr(PKCS7));
    }
    int has_contents = contents != NULL && PKCS7_type_is_data(contents) && contents->d.data != NULL;
    PKCS7_free(contents);
    sk_ASN1_TYPE_pop_free(fields, ASN1_TYPE_free);
    return has_contents;
}

// Reads a file with at most `iterations` iterations of its key derivations in all. What was read by then is in `contents`
// whatever comes of it, and to be freed.
static inline int safetls_pkcs12_read(
    struct safetls_pkcs12 *_Nonnull contents, const uint8_t *_Nonnull der, size_t count,
    const uint8_t *_Nullable passphrase, size_t passphrase_count, uint64_t iterations) {
    *contents = (struct safetls_pkcs12){.iterations = iterations};
    const uint8_t *end = der;
    const char *words = (const char *)passphrase;
    int length = (int)passphrase_count;
    if (count > LONG_MAX || passphrase_count > INT_MAX) {
        return SAFETLS_PKCS12_DAMAGED;
    }
    PKCS12 *file = d2i_PKCS12(NULL, &end, (long)count);
    int is_sound = file != NULL && end == der + count && safetls_pkcs12_has_contents(der, count);
    int status = is_sound ? SAFETLS_PKCS12_OK : SAFETLS_PKCS12_DAMAGED;
    if (status == SAFETLS_PKCS12_OK) {
        status = safetls_pkcs12_authenticate(contents, file, &words, length);
    }
    STACK_OF(PKCS7) *parts = status == SAFETLS_PKCS12_OK ? PKCS12_unpack_authsafes(file) : NULL;
    if (status == SAFETLS_PKCS12_OK && parts == NULL) {
        status = SAFETLS_PKCS12_DAMAGED;
    }
    for (int i = 0; status == SAFETLS_PKCS12_OK && i < sk_PKCS7_num(parts); i++) {
        status = safetls_pkcs12_take_part(contents, sk_PKCS7_value(parts, i), words, length);
    }
    sk_PKCS7_pop_free(parts, PKCS7_free);
    PKCS12_free(file);
    return status;
}

// The length of a key's encoding, which is written if `output` is not NULL.
static inline size_t safetls_pkcs12_private_key(
    const struct safetls_pkcs12 *_Nonnull contents, size_t index, void *_Nullable output) {
    if (index >= contents->key_count) {
        return 0;
    }
    if (output != NULL) {
        memcpy(output, contents->keys[index].der, contents->keys[index].count);
    }
    return contents->keys[index].count;
}

// The length of a certificate's DER, which is written if `output` is not NULL.
static inline size_t safetls_pkcs12_certificate(
    const struct safetls_pkcs12 *_Nonnull contents, size_t index, uint8_t *_Nullable output) {
    uint8_t *end = output;
    int length = index < contents->certificate_count
        ? i2d_X509(contents->certificates[index], output == NULL ? NULL : &end) : 0;
    return length < 0 ? 0 : (size_t)length;
}

static inline void safetls_pkcs12_free(struct safetls_pkcs12 *_Nonnull contents) {
    for (size_t i = 0; i < contents->key_count; i++) {
        OPENSSL_clear_free(contents->keys[i].der, contents->keys[i].count);
    }
    for (size_t i = 0; i < contents->certificate_count; i++) {
        X509_free(contents->certificates[i]);
    }
    contents->key_count = contents->certificate_count = 0;
}

#endif
