// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_SECRET_H
#define SAFETLS_CLIBCRYPTO_SECRET_H

#include <openssl/crypto.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Memory for so many secret bytes, which are 0.
//
// malloc, as glibc's other ways, posix_memalign (which Swift's allocation of bytes is) and calloc, leave out the thread's
// cache of free blocks up to 2.38 and 2.40. The compiler would make calloc of malloc and memset, if it saw both.
static inline uint8_t *_Nonnull safetls_secret_new(size_t count) {
    size_t capacity = count > 0 ? count : 1;
    uint8_t *bytes = malloc(capacity);
    if (bytes == NULL) {
        abort();
    }
    __asm__("" : "+r"(bytes));
    memset(bytes, 0, capacity);
    return bytes;
}

static inline void safetls_secret_free(uint8_t *_Nonnull bytes, size_t count) {
    OPENSSL_cleanse(bytes, count);
    free(bytes);
}

// Whether public bytes are the same.
static inline int safetls_is_equal(const uint8_t *_Nonnull left, const uint8_t *_Nonnull right, size_t count) {
    return memcmp(left, right, count) == 0;
}

#endif
