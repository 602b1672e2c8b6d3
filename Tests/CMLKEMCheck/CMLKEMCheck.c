// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "CMLKEMCheck.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_include) && __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAS_MEMCHECK 1
#endif
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

bool check_has_memcheck(void) {
#ifdef HAS_MEMCHECK
    return RUNNING_ON_VALGRIND > 0;
#else
    return false;
#endif
}

void check_make_secret(uint8_t *bytes, size_t count) {
#ifdef HAS_MEMCHECK
    (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes, count);
#else
    (void)bytes, (void)count;
#endif
}

void check_make_public(uint8_t *bytes, size_t count) {
#ifdef HAS_MEMCHECK
    (void)VALGRIND_MAKE_MEM_DEFINED(bytes, count);
#else
    (void)bytes, (void)count;
#endif
}

static uint8_t own_stack[1 << 20] __attribute__((aligned(4096)));

static void *run(void *operation) {
    void (*function)(void);
    memcpy(&function, operation, sizeof function);
    function();
    return NULL;
}

bool check_run_on_own_stack(void (*operation)(void)) {
    pthread_attr_t attributes;
    pthread_t thread;
    memset(own_stack, 0, sizeof own_stack);
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    bool done = pthread_attr_setstack(&attributes, own_stack, sizeof own_stack) == 0
                && pthread_create(&thread, &attributes, run, &operation) == 0 && pthread_join(thread, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return done;
}

bool check_stack_has(const uint8_t *secret, size_t count) {
    for (size_t start = 0; start + 8 <= count; start += 8) {
        if (memmem(own_stack, sizeof own_stack, secret + start, 8) != NULL) {
            return true;
        }
    }
    return false;
}

size_t check_stack_depth(void) {
    size_t unused = 0;
    while (unused < sizeof own_stack && own_stack[unused] == 0) {
        unused++;
    }
    return sizeof own_stack - unused;
}

uint64_t check_ticks(void) {
#if defined(__x86_64__)
    _mm_lfence();
    uint64_t ticks = __rdtsc();
    _mm_lfence();
    return ticks;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

static uintptr_t remembered;

void check_remember(uint8_t *bytes, size_t count) {
    (void)count;
    remembered = (uintptr_t)bytes;
}

long check_remembered(const uint8_t *bytes, size_t count) {
    // By the kernel: to a compiler it is nobody's memory.
    uint8_t found[512];
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (memory < 0 || count > sizeof found) {
        return -1;
    }
    long read = pread(memory, found, count, (off_t)remembered);
    close(memory);
    long same = 0;
    for (long i = 0; i < read; i++) {
        same += found[i] == bytes[i];
    }
    return read == (long)count ? same : -1;
}

bool check_use_configuration(const uint8_t *path, size_t count) {
    char text[1024];
    if (count >= sizeof text) {
        return false;
    }
    memcpy(text, path, count);
    text[count] = 0;
    return setenv("OPENSSL_CONF", text, 1) == 0;
}

bool check_has_default_provider(void) {
    return OSSL_PROVIDER_available(NULL, "default") == 1;
}

void check_print_by_lines(void) {
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
}

bool check_libcrypto_x25519(uint8_t *bytes, size_t count) {
    if (count != 128) {
        return false;
    }
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, bytes, 32);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, bytes + 32, 32);
    EVP_PKEY_CTX *context = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    size_t public_count = 32;
    size_t secret_count = 32;
    bool done = peer != NULL && context != NULL && EVP_PKEY_get_raw_public_key(key, bytes + 64, &public_count) == 1
                && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1
                && EVP_PKEY_derive(context, bytes + 96, &secret_count) == 1;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(key);
    return done;
}
