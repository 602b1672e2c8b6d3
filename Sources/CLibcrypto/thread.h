// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_THREAD_H
#define SAFETLS_CLIBCRYPTO_THREAD_H

#include <pthread.h>
#include <stdint.h>

// A number that threads which run at the same time do not share, spread over all of its bits.
//
// The thread's address differs from others' by the size of their stacks, most often.
static inline intptr_t safetls_thread_number(void) {
    uint64_t address = (uint64_t)(uintptr_t)pthread_self();
    return (intptr_t)((address * UINT64_C(0x9E3779B97F4A7C15)) >> 33);
}

#endif
