// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_PROVIDERS_H
#define SAFETLS_CLIBCRYPTO_PROVIDERS_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <string.h>

static inline int safetls_is_default_provider(const OSSL_PROVIDER *_Nullable provider) {
    return provider != NULL && strcmp(OSSL_PROVIDER_get0_name(provider), "default") == 0;
}

// Whether EVP has the default provider make signatures on curves: not where libcrypto's configuration names another one, as for
// FIPS 140-3. Only what is fetched tells: asked whether the default provider is there, libcrypto loads it, if it has not read its
// configuration yet.
static inline int safetls_curves_are_of_default_provider(void) {
    EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(NULL, "ECDSA", NULL);
    EVP_KEYMGMT *keys = EVP_KEYMGMT_fetch(NULL, "EC", NULL);
    int is_default = signature != NULL && keys != NULL && safetls_is_default_provider(EVP_SIGNATURE_get0_provider(signature))
        && safetls_is_default_provider(EVP_KEYMGMT_get0_provider(keys));
    EVP_SIGNATURE_free(signature);
    EVP_KEYMGMT_free(keys);
    ERR_clear_error();
    return is_default;
}

// Whether EVP has the default provider do this KEM, as above.
static inline int safetls_kem_is_of_default_provider(const char *_Nonnull name) {
    EVP_KEM *kem = EVP_KEM_fetch(NULL, name, NULL);
    EVP_KEYMGMT *keys = EVP_KEYMGMT_fetch(NULL, name, NULL);
    int is_default = kem != NULL && keys != NULL && safetls_is_default_provider(EVP_KEM_get0_provider(kem))
        && safetls_is_default_provider(EVP_KEYMGMT_get0_provider(keys));
    EVP_KEM_free(kem);
    EVP_KEYMGMT_free(keys);
    ERR_clear_error();
    return is_default;
}

#endif
