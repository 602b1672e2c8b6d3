// SPDX-License-Identifier: Apache-2.0

#include "identity.h"
#include "CBenchmarkPeer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string.h>

static EVP_PKEY *make_key(int kind) {
    switch (kind) {
    case bench_key_rsa2048: return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    case bench_key_ed25519: return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default: return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    }
}

static bool add_extension(X509 *certificate, X509 *issuer, int identifier, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, identifier, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

/// A certificate for `key` with the given name. Without an issuer it signs itself.
static X509 *make_certificate(EVP_PKEY *key, const char *name, bool is_authority, long serial, X509 *issuer,
                              EVP_PKEY *issuer_key) {
    X509 *certificate = X509_new();
    if (certificate == NULL) return NULL;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 30L * 24 * 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509 *authority = issuer != NULL ? issuer : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(authority));

    bool ok = add_extension(certificate, authority, NID_subject_key_identifier, "hash");
    if (issuer != NULL) ok = ok && add_extension(certificate, authority, NID_authority_key_identifier, "keyid:always");
    if (is_authority) {
        ok = ok && add_extension(certificate, authority, NID_basic_constraints, "critical,CA:TRUE")
            && add_extension(certificate, authority, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        ok = ok && add_extension(certificate, authority, NID_basic_constraints, "critical,CA:FALSE")
            && add_extension(certificate, authority, NID_key_usage, "critical,digitalSignature")
            && add_extension(certificate, authority, NID_ext_key_usage, "serverAuth,clientAuth")
            && add_extension(certificate, authority, NID_subject_alt_name, "DNS:" BENCH_SERVER_NAME);
    }
    // Ed25519 has a hash of its own.
    const EVP_MD *hash = EVP_PKEY_get_base_id(issuer_key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
    if (ok && X509_sign(certificate, issuer_key, hash) > 0) return certificate;
    X509_free(certificate);
    return NULL;
}

static bool make_identity(int kind, struct identity *identity) {
    EVP_PKEY *root_key = make_key(kind), *intermediate_key = make_key(kind), *leaf_key = make_key(kind);
    if (root_key == NULL || intermediate_key == NULL || leaf_key == NULL) return false;
    X509 *root = make_certificate(root_key, "Benchmark Root", true, 1, NULL, root_key);
    X509 *intermediate = make_certificate(intermediate_key, "Benchmark Intermediate", true, 2, root, root_key);
    X509 *leaf = make_certificate(leaf_key, BENCH_SERVER_NAME, false, 3, intermediate, intermediate_key);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(intermediate_key);
    *identity = (struct identity){.key = leaf_key, .leaf = leaf, .intermediate = intermediate, .root = root};
    return root != NULL && intermediate != NULL && leaf != NULL;
}

const struct identity *identity_with(int key) {
    static struct identity identities[3];
    static bool made[3];
    if (!made[key]) made[key] = make_identity(key, &identities[key]);
    return made[key] ? &identities[key] : NULL;
}

long bench_identity(int key, int part, uint8_t *text, size_t capacity) {
    const struct identity *identity = identity_with(key);
    BIO *memory = BIO_new(BIO_s_mem());
    long result = -1;
    if (identity != NULL && memory != NULL) {
        bool ok = false;
        switch (part) {
        case bench_pem_chain:
            ok = PEM_write_bio_X509(memory, identity->leaf) && PEM_write_bio_X509(memory, identity->intermediate);
            break;
        case bench_pem_key:
            ok = PEM_write_bio_PrivateKey(memory, identity->key, NULL, NULL, 0, NULL, NULL);
            break;
        case bench_pem_anchor:
            ok = PEM_write_bio_X509(memory, identity->root);
            break;
        default:
            break;
        }
        char *bytes = NULL;
        long length = BIO_get_mem_data(memory, &bytes);
        if (ok && length >= 0 && (size_t)length <= capacity) {
            memcpy(text, bytes, (size_t)length);
            result = length;
        }
    }
    BIO_free(memory);
    return result;
}
