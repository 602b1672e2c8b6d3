// SPDX-License-Identifier: Apache-2.0
// Memory in which the parent hands new certificates and keys to the processes it has forked: they may not read the files
// of the keys themselves. It is nobody else's, and goes with the configuration.

#include "CHTTPD.h"

#include <apr_shm.h>
#include <fcntl.h>
#include <sys/stat.h>

/// Two halves that are written by turns, behind a number that says which one counts: its last bit.
static struct {
    uint8_t *memory;
    size_t half;
} area;

enum { header = 64 };

void tlsd_reload_reset(void) {
    area.memory = NULL;
}

bool tlsd_reload_create(apr_pool_t *pool, size_t half) {
    apr_shm_t *shared;
    if (apr_shm_create(&shared, header + 2 * half, NULL, pool) != APR_SUCCESS) {
        return false;
    }
    area.memory = apr_shm_baseaddr_get(shared);
    area.half = half;
    memset(area.memory, 0, header);
    return true;
}

uint32_t tlsd_reload_generation(void) {
    return area.memory == NULL ? 0 : __atomic_load_n((uint32_t *)area.memory, __ATOMIC_ACQUIRE);
}

void tlsd_reload_publish(uint32_t generation) {
    __atomic_store_n((uint32_t *)area.memory, generation, __ATOMIC_RELEASE);
}

uint8_t *tlsd_reload_half(uint32_t generation) {
    return area.memory + header + (generation & 1) * area.half;
}

ssize_t tlsd_read_file(const char *path, uint8_t *bytes, size_t capacity) {
    size_t total = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -1;
    }
    while (total < capacity) {
        ssize_t count = read(file, bytes + total, capacity - total);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            close(file);
            return count < 0 ? -1 : (ssize_t)total;
        }
        total += (size_t)count;
    }
    // There may be more.
    close(file);
    errno = EFBIG;
    return -1;
}

bool tlsd_file_stamp(const char *path, tlsd_stamp *stamp) {
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    stamp->inode = status.st_ino;
    stamp->size = status.st_size;
    stamp->seconds = status.st_mtim.tv_sec;
    stamp->nanoseconds = status.st_mtim.tv_nsec;
    return true;
}
