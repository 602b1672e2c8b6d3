// SPDX-License-Identifier: Apache-2.0
// Memory in which the parent hands new certificates and keys to the processes it has forked: they may not read the files
// of the keys themselves. It goes with the configuration. Only the parent can write there: a process that was taken over
// would otherwise choose the certificates of all.

#include "CHTTPD.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

/// Two halves that are written by turns, behind a number that says which one counts: its last bit. There is also when the
/// parent has last looked at its files.
static struct {
    /// As every process sees it. What made it can no longer be opened, and not even `mprotect` lets it be written.
    const uint8_t *memory;
    /// As the parent alone sees it: in processes that are forked there may be something else at that address.
    uint8_t *writable;
    pid_t parent;
    size_t size;
    size_t half;
} area;

enum { header = 64, look = 8 };

void tlsd_reload_reset(void) {
    memset(&area, 0, sizeof area);
}

static apr_status_t unmap(void *unused) {
    (void)unused;
    if (area.writable != NULL && area.parent == getpid()) {
        explicit_bzero(area.writable, area.size);
        munmap(area.writable, area.size);
    }
    if (area.memory != NULL) {
        munmap((void *)area.memory, area.size);
    }
    tlsd_reload_reset();
    return APR_SUCCESS;
}

/// A file that is in memory and has no name.
static int make_file(void) {
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
#ifdef MFD_NOEXEC_SEAL
    int file = memfd_create("safetls-reload", flags | MFD_NOEXEC_SEAL);
    if (file >= 0 || errno != EINVAL) {
        return file;
    }
#endif
    return memfd_create("safetls-reload", flags);
}

/// Maps it, first to be written, then, when that has been forbidden for good, to be read.
static bool map(int file) {
    void *writable;
    void *memory;
    if (ftruncate(file, (off_t)area.size) != 0) {
        return false;
    }
    writable = mmap(NULL, area.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (writable == MAP_FAILED) {
        return false;
    }
    area.writable = writable;
    if (fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0
        || madvise(writable, area.size, MADV_DONTFORK) != 0) {
        return false;
    }
    memory = mmap(NULL, area.size, PROT_READ, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    area.memory = memory;
    // Keys are nothing for core dumps.
    madvise(writable, area.size, MADV_DONTDUMP);
    madvise(memory, area.size, MADV_DONTDUMP);
    return true;
}

bool tlsd_reload_create(apr_pool_t *pool, size_t half) {
    area.parent = getpid();
    area.half = half;
    area.size = header + 2 * half;
    int file = make_file();
    if (file < 0) {
        return false;
    }
    bool is_mapped = map(file);
    int error = errno;
    close(file);
    if (!is_mapped) {
        unmap(NULL);
        errno = error;
        return false;
    }
    apr_pool_cleanup_register(pool, NULL, unmap, apr_pool_cleanup_null);
    return true;
}

uint32_t tlsd_reload_generation(void) {
    return area.memory == NULL ? 0 : __atomic_load_n((const uint32_t *)area.memory, __ATOMIC_ACQUIRE);
}

void tlsd_reload_publish(uint32_t generation) {
    __atomic_store_n((uint32_t *)area.writable, generation, __ATOMIC_RELEASE);
}

void tlsd_reload_note_look(int64_t time) {
    __atomic_store_n((int64_t *)(area.writable + look), time, __ATOMIC_RELAXED);
}

int64_t tlsd_reload_last_look(void) {
    return area.memory == NULL ? 0 : __atomic_load_n((const int64_t *)(area.memory + look), __ATOMIC_RELAXED);
}

const uint8_t *tlsd_reload_half(uint32_t generation) {
    return area.memory + header + (generation & 1) * area.half;
}

uint8_t *tlsd_reload_writable_half(uint32_t generation) {
    return area.writable + header + (generation & 1) * area.half;
}

static ssize_t read_file(const char *path, uint8_t *bytes, size_t capacity, bool is_own) {
    size_t total = 0;
    struct stat status = {0};
    // A pipe or a device could keep the parent waiting for somebody who never comes.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (is_own ? O_NOFOLLOW : 0));
    if (file < 0) {
        return -1;
    }
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file);
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    if (is_own && (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)) {
        close(file);
        errno = EPERM;
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

ssize_t tlsd_read_file(const char *path, uint8_t *bytes, size_t capacity) {
    return read_file(path, bytes, capacity, false);
}

ssize_t tlsd_read_own_file(const char *path, uint8_t *bytes, size_t capacity) {
    return read_file(path, bytes, capacity, true);
}

static void fill(tlsd_stamp *stamp, const struct stat *status) {
    stamp->inode = status->st_ino;
    stamp->size = status->st_size;
    stamp->seconds = status->st_mtim.tv_sec;
    stamp->nanoseconds = status->st_mtim.tv_nsec;
    stamp->is_directory = S_ISDIR(status->st_mode);
}

bool tlsd_file_stamp(const char *path, tlsd_stamp *stamp) {
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    fill(stamp, &status);
    return true;
}
