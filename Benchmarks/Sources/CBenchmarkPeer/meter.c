// SPDX-License-Identifier: Apache-2.0

#include "CBenchmarkPeer.h"

#include <openssl/crypto.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_include) && __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif

/// What this thread has allocated. A thread has counters of its own, so that plain ones are exact.
static _Thread_local uint64_t allocations, library_allocations, allocated_bytes;

#if defined(__GLIBC__)
#include <errno.h>
#include <malloc.h>

// glibc lets a program define the allocation functions; ours count and call on.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// What is handed out while somebody watches, and the most of it. Never below zero: older blocks are freed, too.
static _Thread_local bool is_watched;
static _Thread_local int64_t held, most_held, held_blocks;

static void *given(void *block, size_t size) {
    allocations++;
    allocated_bytes += size;
    if (is_watched && block != NULL) {
        held += (int64_t)malloc_usable_size(block);
        held_blocks++;
        if (held > most_held) most_held = held;
    }
    return block;
}

static void taken(void *block) {
    if (!is_watched || block == NULL) return;
    held -= (int64_t)malloc_usable_size(block);
    held_blocks--;
}

void *malloc(size_t size) { return given(__libc_malloc(size), size); }

void *calloc(size_t count, size_t size) { return given(__libc_calloc(count, size), count * size); }

void *realloc(void *old, size_t size) {
    taken(old);
    return given(__libc_realloc(old, size), size);
}

void *aligned_alloc(size_t alignment, size_t size) { return given(__libc_memalign(alignment, size), size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    *result = given(__libc_memalign(alignment, size), size);
    return *result != NULL ? 0 : ENOMEM;
}

void free(void *block) {
    taken(block);
    __libc_free(block);
}

void bench_watch_heap(void) {
    held = 0;
    most_held = 0;
    held_blocks = 0;
    is_watched = true;
}

int64_t bench_stop_watching_heap(void) {
    is_watched = false;
    return most_held;
}

bool bench_counts_allocations(void) { return true; }

// glibc has a word of its own in front of each block. What it keeps for the next allocation is not held by anybody, but
// mallinfo() would count it.
int64_t bench_held_bytes(void) { return held + held_blocks * (int64_t)sizeof(size_t); }

#else

bool bench_counts_allocations(void) { return false; }
int64_t bench_held_bytes(void) { return 0; }
void bench_watch_heap(void) {}
int64_t bench_stop_watching_heap(void) { return 0; }

#endif

// MARK: libcrypto's share

// What CRYPTO_malloc and its kin do by themselves, and counted.
static void *library_malloc(size_t size, const char *file, int line) {
    (void)file, (void)line;
    if (size == 0) return NULL;
    library_allocations++;
    return malloc(size);
}

static void library_free(void *block, const char *file, int line) {
    (void)file, (void)line;
    free(block);
}

static void *library_realloc(void *old, size_t size, const char *file, int line) {
    if (size == 0) {
        library_free(old, file, line);
        return NULL;
    }
    library_allocations++;
    return realloc(old, size);
}

bool bench_count_libcrypto(void) {
    return CRYPTO_set_mem_functions(library_malloc, library_realloc, library_free) == 1;
}

// MARK: Reading

static uint64_t read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t bench_wall_clock(void) { return read_clock(CLOCK_MONOTONIC); }

struct bench_reading bench_read_meters(void) {
    return (struct bench_reading){
        .nanoseconds = read_clock(CLOCK_THREAD_CPUTIME_ID),
        .allocations = allocations,
        .own_allocations = allocations - library_allocations,
        .allocated_bytes = allocated_bytes,
    };
}

void bench_start_counting(void) {
#ifdef CALLGRIND_START_INSTRUMENTATION
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
#endif
}

void bench_stop_counting(const uint8_t *name, size_t count) {
    char text[64] = {0};
    memcpy(text, name, count < sizeof text ? count : sizeof text - 1);
#ifdef CALLGRIND_STOP_INSTRUMENTATION
    CALLGRIND_DUMP_STATS_AT(text);
    CALLGRIND_STOP_INSTRUMENTATION;
#endif
}

// MARK: Bytes that wait

static const size_t stored_capacity = 2 << 20;

static uint8_t *stored(size_t offset, size_t count) {
    static _Thread_local uint8_t *bytes;
    if (bytes == NULL) bytes = malloc(stored_capacity);
    return bytes != NULL && offset <= stored_capacity && count <= stored_capacity - offset ? bytes + offset : NULL;
}

bool bench_store(size_t offset, const uint8_t *bytes, size_t count) {
    uint8_t *place = stored(offset, count);
    if (place != NULL) memcpy(place, bytes, count);
    return place != NULL;
}

bool bench_load(size_t offset, uint8_t *bytes, size_t count) {
    const uint8_t *place = stored(offset, count);
    if (place != NULL) memcpy(bytes, place, count);
    return place != NULL;
}

// MARK: Threads

enum { most_threads = 64 };

struct task {
    void (*body)(int);
    int number;
};

static void *run(void *argument) {
    const struct task *task = argument;
    task->body(task->number);
    return NULL;
}

bool bench_on_threads(int count, void (*body)(int number)) {
    pthread_t threads[most_threads];
    struct task tasks[most_threads];
    int started = 0;
    for (; started < count && started < most_threads; started++) {
        tasks[started] = (struct task){.body = body, .number = started};
        if (pthread_create(&threads[started], NULL, run, &tasks[started]) != 0) break;
    }
    for (int index = 0; index < started; index++) pthread_join(threads[index], NULL);
    return started == count;
}
