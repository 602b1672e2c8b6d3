// SPDX-License-Identifier: Apache-2.0

// accept4()
#define _GNU_SOURCE

#include "CSockets.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

const long cs_would_block = -EAGAIN;
const long cs_aborted = -ECONNABORTED;
const long cs_timed_out = -ETIMEDOUT;
const long cs_cancelled = -ECANCELED;
const long cs_broken_pipe = -EPIPE;
const long cs_too_long = -ENOBUFS;

size_t cs_reason(long code, uint8_t *text, size_t capacity) {
    // The resolver's codes are negative on some systems and positive on others.
    int resolver_code = (int)(-code - resolver_codes) * (EAI_NONAME < 0 ? -1 : 1);
    const char *words = code < -resolver_codes ? gai_strerror(resolver_code) : strerror((int)-code);
    size_t length = strlen(words);
    if (length > capacity) length = capacity;
    memcpy(text, words, length);
    return length;
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
    int code = cs_wait_until(handle, POLLOUT, cs_milliseconds() + (uint64_t)(timeout > 0 ? timeout : 0));
    if (code != 0) return code;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &size);
    return -error;
}

int cs_connect(const uint8_t *host, size_t length, uint16_t port, int family, int timeout) {
    struct addrinfo *addresses = NULL;
    family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
    uint64_t end = cs_milliseconds() + (uint64_t)(timeout > 0 ? timeout : 0);
    long code = cs_resolve(host, length, port, family, 0, end, &addresses);
    if (code != 0) return (int)code;
    int left = 0;
    for (struct addrinfo *address = addresses; address != NULL; address = address->ai_next) left++;
    int result = -EADDRNOTAVAIL;
    for (struct addrinfo *address = addresses; address != NULL && result < 0; address = address->ai_next, left--) {
        int handle = open_socket(address);
        if (handle < 0) {
            result = handle;
            continue;
        }
        // One that does not answer leaves the others their part.
        uint64_t now = cs_milliseconds();
        result = finish_connect(handle, address, now < end ? (int)((end - now) / (uint64_t)left) : 0);
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
    long code = cs_resolve(host, length, port, AF_UNSPEC, AI_PASSIVE, 0, &addresses);
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
        bool waits = interest->wants_read || interest->wants_write || interest->wants_failure;
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
        interests[index].has_failed = interests[index].wants_failure && failed;
    }
    return ready < 0 ? 0 : ready;
}

uint64_t cs_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int cs_open_standard_streams(void) {
    int closed = 0;
    for (int descriptor = 0; descriptor <= 2; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
        // The lowest that is free, which is this one.
        int opened = open("/dev/null", O_RDWR | O_NOCTTY);
        if (opened < 0) return (int)failure();
        if (opened != descriptor) {
            close(opened);
            return -EBADF;
        }
        closed |= 1 << descriptor;
    }
    return closed;
}

void cs_ignore_broken_pipes(void) { signal(SIGPIPE, SIG_IGN); }

long cs_environment(const uint8_t *name, size_t length, uint8_t *value, size_t capacity) {
    char text[256];
    if (length >= sizeof text || memchr(name, 0, length) != NULL) return -1;
    memcpy(text, name, length);
    text[length] = 0;
    const char *found = getenv(text);
    if (found == NULL) return -1;
    size_t count = strlen(found);
    memcpy(value, found, count < capacity ? count : capacity);
    return (long)count;
}

// The signal that came while somebody was asked.
static volatile sig_atomic_t arrived_signal;

static void note_signal(int number) { arrived_signal = number; }

// Signals that end or stop a process unless it says otherwise, and that others send.
static const int ending_signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGTSTP};
enum { ending_signal_count = sizeof ending_signals / sizeof ending_signals[0] };

// Waits for a key with signals let through, which are blocked at all other times: none comes unnoticed between a look and the wait.
static long wait_for_key(int terminal, const sigset_t *mask) {
    if (terminal >= FD_SETSIZE) return -EMFILE;
    while (arrived_signal == 0) {
        fd_set descriptors;
        FD_ZERO(&descriptors);
        FD_SET(terminal, &descriptors);
        if (pselect(terminal + 1, &descriptors, NULL, NULL, NULL, mask) > 0) return 0;
        if (errno != EINTR) return failure();
    }
    return -ECANCELED;
}

// Reads a line from a terminal that shows nothing and sends no signals: each byte comes alone, and Ctrl-C is one.
static long read_hidden(int terminal, const sigset_t *mask, uint8_t *answer, size_t capacity) {
    size_t count = 0;
    while (true) {
        uint8_t byte;
        long code = wait_for_key(terminal, mask);
        if (code < 0) return code;
        long read = cs_read(terminal, &byte, 1);
        if (read < 0) return read;
        if (read == 0 || byte == 3 || (byte == 4 && count == 0)) return -ECANCELED;
        if (byte == '\n' || byte == '\r') return (long)count;
        if (byte == 8 || byte == 127) {
            // As far back as a character of UTF-8 begins.
            while (count > 0 && (answer[--count] & 0xC0) == 0x80) {}
        } else if (byte == 21) {
            count = 0;
        } else if (count < capacity) {
            answer[count++] = byte;
        } else {
            return -ENOBUFS;
        }
    }
}

long cs_ask(const uint8_t *prompt, size_t length, uint8_t *answer, size_t capacity) {
    int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) return failure();
    struct termios shown, hidden;
    if (tcgetattr(terminal, &shown) < 0) {
        long code = failure();
        close(terminal);
        return code;
    }
    // Signals from elsewhere wait until the terminal shows what is typed again: those that end the process end the question, and act then.
    sigset_t all, before, waiting;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    waiting = all;
    arrived_signal = 0;
    struct sigaction actions[ending_signal_count];
    for (int index = 0; index < ending_signal_count; index++) {
        int number = ending_signals[index];
        // What is ignored, as nohup has it, stays so.
        if (sigaction(number, NULL, &actions[index]) < 0 || actions[index].sa_handler == SIG_IGN) continue;
        struct sigaction action = {.sa_handler = note_signal};
        sigfillset(&action.sa_mask);
        sigaction(number, &action, NULL);
        if (!sigismember(&before, number)) sigdelset(&waiting, number);
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG | ICANON);
    hidden.c_cc[VMIN] = 1;
    hidden.c_cc[VTIME] = 0;
    // Whoever sees the prompt may type.
    long result = tcsetattr(terminal, TCSAFLUSH, &hidden) < 0 ? failure() : cs_write(terminal, prompt, length);
    if (result >= 0) result = read_hidden(terminal, &waiting, answer, capacity);
    tcsetattr(terminal, TCSAFLUSH, &shown);
    cs_write(terminal, (const uint8_t *)"\n", 1);
    for (int index = 0; index < ending_signal_count; index++) sigaction(ending_signals[index], &actions[index], NULL);
    if (arrived_signal != 0) raise(arrived_signal);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(terminal);
    return result;
}
