// SPDX-License-Identifier: Apache-2.0
//
// The few socket calls of the library `SafeTLSSockets` and of the command line, and what else this needs of the system, with bounds
// that Swift can see. Calls that fail return a negative code, which `cs_reason` turns into words.

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

/// The code of a question that somebody does not want to answer.
extern const long cs_cancelled;

/// The code of a write that nobody will read.
extern const long cs_broken_pipe;

/// The code of an answer that there is no room for.
extern const long cs_too_long;

/// Whether a code says that the system or the process has no more sockets at the moment.
bool cs_is_exhausted(long code);

/// Writes the words for a code; returns their length.
size_t cs_reason(long code, uint8_t *__counted_by(capacity) text __noescape, size_t capacity);

/// Connects to a host (name or address, UTF-8) and returns a blocking socket. Looking a name up and all of its addresses together get
/// `timeout` milliseconds, and each address an equal part of what is left. `family` is 4, 6 or 0 for both.
int cs_connect(const uint8_t *__counted_by(length) host __noescape, size_t length, uint16_t port, int family, int timeout);

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

/// What to wait for on a descriptor, and what came of it. An error or hang-up counts as readable, and can be waited for alone: nobody
/// reads from a pipe any more.
struct cs_interest {
    int descriptor;
    bool wants_read;
    bool wants_write;
    bool wants_failure;
    bool can_read;
    bool can_write;
    bool has_failed;
};

/// Waits until something can happen or `timeout` milliseconds have passed (-1: no limit).
long cs_poll(struct cs_interest *__counted_by(count) interests __noescape, size_t count, int timeout);

/// Copies an environment variable; returns its length, which may be more than there is room for, or -1 when there is none.
long cs_environment(const uint8_t *__counted_by(length) name __noescape, size_t length,
                    uint8_t *__counted_by(capacity) value __noescape, size_t capacity);

/// Asks at the terminal for a line that is not shown; returns its length or a code. Where there is no terminal, it fails. A signal that
/// ends the process does so once the terminal shows what is typed again.
long cs_ask(const uint8_t *__counted_by(length) prompt __noescape, size_t length,
            uint8_t *__counted_by(capacity) answer __noescape, size_t capacity);

/// Opens /dev/null for standard input, output and error where they are closed: what is opened next would take their place, and what is
/// printed would go there. Returns which were closed, 1, 2 and 4 added up, or a code.
int cs_open_standard_streams(void);

/// Milliseconds of a clock that only goes forward.
uint64_t cs_milliseconds(void);

/// Lets writes to a closed peer fail with a code instead of ending the process.
void cs_ignore_broken_pipes(void);

#endif
