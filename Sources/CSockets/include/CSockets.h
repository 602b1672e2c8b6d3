// SPDX-License-Identifier: Apache-2.0
//
// The few socket calls of the library `SafeTLSSockets` and of the command line, with bounds that Swift can see. Calls that fail return a negative code,
// which `cs_reason` turns into words.

#ifndef CSOCKETS_H
#define CSOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lifetimebound.h>
#include <ptrcheck.h>

/// The code of a call that would have had to wait.
extern const long cs_would_block;

/// The code of a connection that was gone before it was accepted.
extern const long cs_aborted;

/// The code of a connection that was not made in time.
extern const long cs_timed_out;

/// Whether a code says that the system or the process has no more sockets at the moment.
bool cs_is_exhausted(long code);

/// Writes the words for a code; returns their length.
size_t cs_reason(long code, uint8_t *__counted_by(capacity) text __noescape, size_t capacity);

/// Connects to a host (name or address, UTF-8) and returns a blocking socket. Each of the host's addresses gets
/// `timeout` milliseconds.
int cs_connect(const uint8_t *__counted_by(length) host __noescape, size_t length, uint16_t port, int timeout);

/// Returns a non-blocking listening socket; port 0 lets the system choose.
int cs_listen(const uint8_t *__counted_by(length) host __noescape, size_t length, uint16_t port);

/// Connects to a socket in the file system and returns a blocking socket, with a timeout as by `cs_set_timeout`, which connecting has, too.
int cs_connect_path(const uint8_t *__counted_by(length) path __noescape, size_t length, int timeout);

/// How many milliseconds a read or a write of a blocking socket waits, at least 1: then it would have had to wait longer.
int cs_set_timeout(int socket, int timeout);

/// Returns a non-blocking listening socket in the file system, for this user alone. A socket there that nobody listens on is
/// replaced.
int cs_listen_path(const uint8_t *__counted_by(length) path __noescape, size_t length);

/// Returns a non-blocking connected socket.
int cs_accept(int listener);

/// Writes `address:port` of a socket's own or the peer's end; returns its length or a code.
long cs_name(int socket, bool of_peer, uint8_t *__counted_by(capacity) text __noescape, size_t capacity);

int cs_set_blocking(int descriptor, bool blocks);

/// Returns the count of bytes, 0 at the end of input, or a code.
long cs_read(int descriptor, uint8_t *__counted_by(capacity) bytes __noescape, size_t capacity);

/// Returns the count of bytes written or a code.
long cs_write(int descriptor, const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// The same for a socket, where a peer that is gone does not end the process.
long cs_send(int socket, const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Tells the peer that nothing more will be written.
void cs_shutdown_write(int socket);

void cs_close(int descriptor);

/// What to wait for on a descriptor, and what came of it. An error or hang-up counts as readable.
struct cs_interest {
    int descriptor;
    bool wants_read;
    bool wants_write;
    bool can_read;
    bool can_write;
};

/// Waits until something can happen or `timeout` milliseconds have passed (-1: no limit).
long cs_poll(struct cs_interest *__counted_by(count) interests __noescape, size_t count, int timeout);

/// Milliseconds of a clock that only goes forward.
uint64_t cs_milliseconds(void);

/// Lets writes to a closed peer fail with a code instead of ending the process.
void cs_ignore_broken_pipes(void);

#endif
