// SPDX-License-Identifier: Apache-2.0

// accept4()
#define _GNU_SOURCE

#include "CSockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Codes are negated errno values; the resolver's own errors (EAI_…) lie beyond them.
static const long resolver_codes = 100000;

const long cs_would_block = -EAGAIN;
const long cs_aborted = -ECONNABORTED;
const long cs_timed_out = -ETIMEDOUT;

static long resolver_failure(int error) {
    return error == EAI_SYSTEM ? -errno : -resolver_codes - (error < 0 ? -error : error);
}

static long failure(void) { return errno == EWOULDBLOCK ? -EAGAIN : -errno; }

size_t cs_reason(long code, uint8_t *text, size_t capacity) {
    // The resolver's codes are negative on some systems and positive on others.
    int resolver_code = (int)(-code - resolver_codes) * (EAI_NONAME < 0 ? -1 : 1);
    const char *words = code < -resolver_codes ? gai_strerror(resolver_code) : strerror((int)-code);
    size_t length = strlen(words);
    if (length > capacity) length = capacity;
    memcpy(text, words, length);
    return length;
}

static long resolve(const uint8_t *host, size_t length, uint16_t port, int flags, struct addrinfo **result) {
    char name[256], service[8];
    if (length >= sizeof name) return -ENAMETOOLONG;
    memcpy(name, host, length);
    name[length] = 0;
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    int code = getaddrinfo(length > 0 ? name : NULL, service, &hints, result);
    return code == 0 ? 0 : resolver_failure(code);
}

// A socket that programs which this one starts do not get.
static int new_socket(int family, int type, int protocol) {
#ifdef SOCK_CLOEXEC
    return socket(family, type | SOCK_CLOEXEC, protocol);
#else
    int handle = socket(family, type, protocol);
    if (handle >= 0) fcntl(handle, F_SETFD, FD_CLOEXEC);
    return handle;
#endif
}

int cs_set_blocking(int descriptor, bool blocks) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return (int)failure();
    flags = blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    return fcntl(descriptor, F_SETFL, flags) < 0 ? (int)failure() : 0;
}

static int open_socket(const struct addrinfo *address) {
    int handle = new_socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (handle < 0) return (int)failure();
    int one = 1;
    setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
#ifdef SO_NOSIGPIPE
    setsockopt(handle, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
    int code = cs_set_blocking(handle, false);
    if (code == 0) return handle;
    close(handle);
    return code;
}

static int finish_connect(int handle, const struct addrinfo *address, int timeout) {
    if (connect(handle, address->ai_addr, address->ai_addrlen) == 0) return 0;
    // A signal ends neither the attempt nor the wait for it.
    if (errno != EINPROGRESS && errno != EINTR) return (int)failure();
    struct pollfd interest = {.fd = handle, .events = POLLOUT};
    uint64_t end = cs_milliseconds() + (uint64_t)(timeout > 0 ? timeout : 0);
    int ready;
    while ((ready = poll(&interest, 1, timeout)) < 0 && errno == EINTR) {
        uint64_t now = cs_milliseconds();
        if (timeout >= 0) timeout = now < end ? (int)(end - now) : 0;
    }
    if (ready < 0) return (int)failure();
    if (ready == 0) return -ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &size);
    return -error;
}

int cs_connect(const uint8_t *host, size_t length, uint16_t port, int timeout) {
    struct addrinfo *addresses = NULL;
    long code = resolve(host, length, port, 0, &addresses);
    if (code != 0) return (int)code;
    int result = -EADDRNOTAVAIL;
    for (struct addrinfo *address = addresses; address != NULL && result < 0; address = address->ai_next) {
        int handle = open_socket(address);
        if (handle < 0) {
            result = handle;
            continue;
        }
        result = finish_connect(handle, address, timeout);
        if (result == 0) result = cs_set_blocking(handle, true);
        if (result < 0)
            close(handle);
        else
            result = handle;
    }
    freeaddrinfo(addresses);
    return result;
}

int cs_listen(const uint8_t *host, size_t length, uint16_t port) {
    struct addrinfo *addresses = NULL;
    long code = resolve(host, length, port, AI_PASSIVE, &addresses);
    if (code != 0) return (int)code;
    int handle = open_socket(addresses);
    if (handle >= 0) {
        int one = 1;
        setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(handle, addresses->ai_addr, addresses->ai_addrlen) < 0 || listen(handle, 128) < 0) {
            int error = (int)failure();
            close(handle);
            handle = error;
        }
    }
    freeaddrinfo(addresses);
    return handle;
}

static int open_path(const uint8_t *path, size_t length, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    memcpy(address->sun_path, path, length);
    // A path that begins with a zero, or has one within, would be another than it seems.
    if (length == 0 || memchr(path, 0, length) != NULL) return -EINVAL;
    int handle = new_socket(AF_UNIX, SOCK_STREAM, 0);
    return handle < 0 ? (int)failure() : handle;
}

int cs_set_timeout(int socket, int timeout) {
    // None at all would be 0.
    if (timeout < 1) timeout = 1;
    struct timeval limit = {.tv_sec = timeout / 1000, .tv_usec = timeout % 1000 * 1000};
    if (setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0) return (int)failure();
    return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ? (int)failure() : 0;
}

static int connect_to(int handle, const struct sockaddr_un *address) {
    int code;
    do {
        code = connect(handle, (const struct sockaddr *)address, sizeof *address);
    } while (code < 0 && errno == EINTR);
    return code < 0 ? (int)failure() : 0;
}

int cs_connect_path(const uint8_t *path, size_t length, int timeout) {
    struct sockaddr_un address;
    int handle = open_path(path, length, &address);
    if (handle < 0) return handle;
    // As long as so many wait already that there is room for no more.
    int code = cs_set_timeout(handle, timeout);
    if (code == 0) code = connect_to(handle, &address);
    if (code == 0) return handle;
    close(handle);
    return code == -EAGAIN ? -ETIMEDOUT : code;
}

// Removes a socket that nobody listens on. Of one that has no room for a connection at the moment somebody does.
static void remove_stale(const uint8_t *path, size_t length) {
    struct sockaddr_un address;
    int probe = open_path(path, length, &address);
    if (probe < 0) return;
    struct stat status;
    if (cs_set_blocking(probe, false) == 0 && lstat(address.sun_path, &status) == 0 && S_ISSOCK(status.st_mode)
        && connect_to(probe, &address) == -ECONNREFUSED)
        unlink(address.sun_path);
    close(probe);
}

// Lets only this user connect to what is bound later: it never is open to others.
static int restrict_to_user(int handle) {
#ifdef __linux__
    return fchmod(handle, S_IRUSR | S_IWUSR) < 0 ? (int)failure() : 0;
#else
    (void)handle;
    return 0;
#endif
}

// The same for systems where a socket has no mode before it has a name.
static int restrict_path_to_user(const char *path) {
#ifdef __linux__
    (void)path;
    return 0;
#else
    return chmod(path, S_IRUSR | S_IWUSR);
#endif
}

int cs_listen_path(const uint8_t *path, size_t length) {
    struct sockaddr_un address;
    int handle = open_path(path, length, &address);
    if (handle < 0) return handle;
    remove_stale(path, length);
    int code = restrict_to_user(handle);
    if (code == 0) code = cs_set_blocking(handle, false);
    if (code == 0
        && (bind(handle, (struct sockaddr *)&address, sizeof address) < 0
            || restrict_path_to_user(address.sun_path) < 0 || listen(handle, 128) < 0))
        code = (int)failure();
    if (code == 0) return handle;
    close(handle);
    return code;
}

// Why there is no connection. Errors of one that was taken from the queue are its own, whatever they are (accept(2)).
static long accept_failure(void) {
    switch (errno) {
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
#ifdef ENONET
    case ENONET:
#endif
        return -ECONNABORTED;
    default:
        return failure();
    }
}

bool cs_is_exhausted(long code) {
    return code == -EMFILE || code == -ENFILE || code == -ENOBUFS || code == -ENOMEM;
}

int cs_accept(int listener) {
#ifdef __linux__
    int handle = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
#else
    int handle = accept(listener, NULL, NULL);
    if (handle >= 0) fcntl(handle, F_SETFD, FD_CLOEXEC);
#endif
    if (handle < 0) return (int)accept_failure();
    int one = 1;
    setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
#ifdef SO_NOSIGPIPE
    setsockopt(handle, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
    int code = cs_set_blocking(handle, false);
    if (code == 0) return handle;
    close(handle);
    return code;
}

long cs_name(int socket, bool of_peer, uint8_t *text, size_t capacity) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    struct sockaddr *generic = (struct sockaddr *)&address;
    if ((of_peer ? getpeername(socket, generic, &size) : getsockname(socket, generic, &size)) < 0) return failure();
    char host[128], service[8], name[144];
    int code = getnameinfo(generic, size, host, sizeof host, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV);
    if (code != 0) return resolver_failure(code);
    int length = snprintf(name, sizeof name, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, service);
    if (length < 0 || (size_t)length > capacity) return -ENOBUFS;
    memcpy(text, name, (size_t)length);
    return length;
}

long cs_read(int descriptor, uint8_t *bytes, size_t capacity) {
    ssize_t count;
    do {
        count = read(descriptor, bytes, capacity);
    } while (count < 0 && errno == EINTR);
    return count < 0 ? failure() : count;
}

long cs_write(int descriptor, const uint8_t *bytes, size_t count) {
    ssize_t written;
    do {
        written = write(descriptor, bytes, count);
    } while (written < 0 && errno == EINTR);
    return written < 0 ? failure() : written;
}

long cs_send(int socket, const uint8_t *bytes, size_t count) {
#ifdef MSG_NOSIGNAL
    int flags = MSG_NOSIGNAL;
#else
    int flags = 0;
#endif
    ssize_t written;
    do {
        written = send(socket, bytes, count, flags);
    } while (written < 0 && errno == EINTR);
    return written < 0 ? failure() : written;
}

void cs_shutdown_write(int socket) { shutdown(socket, SHUT_WR); }

void cs_close(int descriptor) { close(descriptor); }

long cs_poll(struct cs_interest *interests, size_t count, int timeout) {
    struct pollfd descriptors[1024];
    if (count > sizeof descriptors / sizeof descriptors[0]) return -EINVAL;
    for (size_t index = 0; index < count; index++) {
        const struct cs_interest *interest = &interests[index];
        bool waits = interest->wants_read || interest->wants_write;
        // poll() passes over negative descriptors; otherwise a hang-up nobody asked about would spin.
        descriptors[index] = (struct pollfd){
            .fd = waits ? interest->descriptor : -1,
            .events = (short)((interest->wants_read ? POLLIN : 0) | (interest->wants_write ? POLLOUT : 0)),
        };
    }
    int ready = poll(descriptors, (nfds_t)count, timeout);
    if (ready < 0 && errno != EINTR) return failure();
    for (size_t index = 0; index < count; index++) {
        short events = ready > 0 ? descriptors[index].revents : 0;
        bool failed = (events & (POLLHUP | POLLERR | POLLNVAL)) != 0;
        interests[index].can_read = interests[index].wants_read && ((events & POLLIN) != 0 || failed);
        interests[index].can_write = interests[index].wants_write && ((events & POLLOUT) != 0 || failed);
    }
    return ready < 0 ? 0 : ready;
}

uint64_t cs_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void cs_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }
