// SPDX-License-Identifier: Apache-2.0

#include "CBenchmarkPeer.h"

#include <openssl/crypto.h>

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

bool bench_write(int descriptor, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, count);
        if (written <= 0) return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

int bench_create(const uint8_t *path, size_t count) {
    char text[PATH_MAX] = {0};
    if (count >= sizeof text) return -1;
    memcpy(text, path, count);
    return open(text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

long bench_processors(uint8_t *text, size_t capacity) {
    int file = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    size_t length = 0;
    while (length < capacity) {
        ssize_t got = read(file, text + length, capacity - length);
        if (got <= 0) break;
        length += (size_t)got;
    }
    close(file);
    return (long)length;
}

long bench_libcrypto_version(uint8_t *text, size_t capacity) {
    const char *version = OpenSSL_version(OPENSSL_VERSION_STRING);
    size_t length = strlen(version);
    if (length > capacity) return 0;
    memcpy(text, version, length);
    return (long)length;
}

int bench_processor_count(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}
