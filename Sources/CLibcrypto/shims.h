// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_SHIMS_H
#define SAFETLS_CLIBCRYPTO_SHIMS_H

// Some of libcrypto's direct functions are much cheaper than its EVP ones (each use says by how much) and
// are marked deprecated since 3.0. They are still there in 4.0.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "aead.h"
#include "agreement.h"
#include "configuration.h"
#include "hash.h"
#include "kem.h"
#include "pkcs12.h"
#include "keys.h"
#include "providers.h"
#include "secret.h"
#include "thread.h"

#endif
