// SPDX-License-Identifier: Apache-2.0
//
// What the files of this module share.

#ifndef CSOCKETS_INTERNAL_H
#define CSOCKETS_INTERNAL_H

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdint.h>

// Codes are negated errno values; the resolver's own errors (EAI_…) lie beyond them.
static const long resolver_codes = 100000;

static inline long resolver_failure(int error) {
    return error == EAI_SYSTEM ? -errno : -resolver_codes - (error < 0 ? -error : error);
}

static inline long failure(void) { return errno == EWOULDBLOCK ? -EAGAIN : -errno; }

// Waits until a descriptor is ready or, by cs_milliseconds, the time is over; a signal does not end that.
__attribute__((visibility("hidden"))) int cs_wait_until(int descriptor, short events, uint64_t end);

// Looks a host's addresses up; by cs_milliseconds until `end`, or 0 for as long as it takes.
__attribute__((visibility("hidden"))) long cs_resolve(const uint8_t *host, size_t length, uint16_t port, int family, int flags,
                                                      uint64_t end, struct addrinfo **result);

#endif
