// SPDX-License-Identifier: Apache-2.0

#include "CBenchmarkPeer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t allocations;

#if defined(__GLIBC__)
#include <errno.h>
#include <malloc.h>

// glibc lets a program define the allocation functions; ours count and call on. The benchmark has one thread, so plain
// counters are exact.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// What is handed out while somebody watches, and the most of it. Never below zero: older blocks are freed, too.
static bool is_watched;
static int64_t held;
static int64_t most_held;

static void *given(void *block) {
    allocations++;
    if (is_watched && block != NULL) {
        held += (int64_t)malloc_usable_size(block);
        if (held > most_held) most_held = held;
    }
    return block;
}

static void taken(void *block) {
    if (is_watched && block != NULL) held -= (int64_t)malloc_usable_size(block);
}

void *malloc(size_t size) { return given(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return given(__libc_calloc(count, size)); }

void *realloc(void *old, size_t size) {
    taken(old);
    return given(__libc_realloc(old, size));
}

void *aligned_alloc(size_t alignment, size_t size) { return given(__libc_memalign(alignment, size)); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    *result = given(__libc_memalign(alignment, size));
    return *result != NULL ? 0 : ENOMEM;
}

void free(void *block) {
    taken(block);
    __libc_free(block);
}

void bench_watch_heap(void) {
    held = 0;
    most_held = 0;
    is_watched = true;
}

int64_t bench_stop_watching_heap(void) {
    is_watched = false;
    return most_held;
}

bool bench_counts_allocations(void) { return true; }

uint64_t bench_heap_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

#else

bool bench_counts_allocations(void) { return false; }
uint64_t bench_heap_bytes(void) { return 0; }
void bench_watch_heap(void) {}
int64_t bench_stop_watching_heap(void) { return 0; }

#endif

struct bench_reading bench_read_meters(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (struct bench_reading){
        .nanoseconds = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
        .allocations = allocations,
    };
}

static uint8_t stored[1 << 20];

bool bench_store(size_t offset, const uint8_t *bytes, size_t count) {
    if (offset > sizeof stored || count > sizeof stored - offset) return false;
    memcpy(stored + offset, bytes, count);
    return true;
}

bool bench_load(size_t offset, uint8_t *bytes, size_t count) {
    if (offset > sizeof stored || count > sizeof stored - offset) return false;
    memcpy(bytes, stored + offset, count);
    return true;
}

bool bench_write(int descriptor, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, count);
        if (written <= 0) return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}
