// SPDX-License-Identifier: Apache-2.0
// Memory in which processes leave OCSP responses for those that come after a restart, whose caches are new. The parent keeps
// it alive and never looks into it: a process that was taken over can write there what it likes. It takes no lock either.
// The library is never unloaded, so this outlives the configuration.

#include "CHTTPD.h"

#include <sys/mman.h>

static struct {
    uint8_t *memory;
    size_t size;
} carried;

bool tlsd_carried_reserve(size_t size) {
    if (size <= carried.size) {
        return true;
    }
    // Pages that nobody writes to cost nothing.
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    if (carried.memory != NULL) {
        munmap(carried.memory, carried.size);
    }
    carried.memory = memory;
    carried.size = size;
    return true;
}

size_t tlsd_carried_size(void) {
    return carried.size;
}

void tlsd_carried_read(size_t offset, uint8_t *bytes, size_t count) {
    memcpy(bytes, carried.memory + offset, count);
}

void tlsd_carried_write(size_t offset, const uint8_t *bytes, size_t count) {
    memcpy(carried.memory + offset, bytes, count);
}
