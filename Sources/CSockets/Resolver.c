// SPDX-License-Identifier: Apache-2.0
//
// Addresses of hosts, by a time: the system's resolver knows none.

// pipe2()
#define _GNU_SOURCE

#include "CSockets.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// A question to the system's resolver.
struct question {
    char name[256], service[8];
    struct addrinfo hints;
    // What came of it.
    struct addrinfo *addresses;
    long code;
    // Set by whoever is through with it first, the one who asked or the one who was asked: the other one frees it.
    atomic_bool is_left;
    // Closed when it is answered.
    int end;
};

static void ask(struct question *question) {
    int code = getaddrinfo(question->name[0] != 0 ? question->name : NULL, question->service, &question->hints,
                           &question->addresses);
    question->code = code == 0 ? 0 : resolver_failure(code);
}

static void free_question(struct question *question) {
    if (question->code == 0) freeaddrinfo(question->addresses);
    free(question);
}

// How many threads look something up that nobody waits for any more, and how many there may be: a resolver that does not answer would
// get one for each attempt.
static atomic_int left_behind;
enum { most_left_behind = 64 };

static void *ask_on_thread(void *argument) {
    struct question *question = argument;
    int end = question->end;
    ask(question);
    // Nobody waits for it any more.
    if (atomic_exchange(&question->is_left, true)) {
        free_question(question);
        atomic_fetch_sub(&left_behind, 1);
    }
    close(end);
    return NULL;
}

// Starts a thread that answers, and that gets none of the process's signals.
static int start_thread(struct question *question) {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, &attributes, ask_on_thread, question);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

// A pipe that programs which this one starts do not get.
static int new_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC) < 0 ? (int)failure() : 0;
#else
    if (pipe(ends) < 0) return (int)failure();
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

int cs_wait_until(int descriptor, short events, uint64_t end) {
    struct pollfd interest = {.fd = descriptor, .events = events};
    int ready;
    do {
        uint64_t now = cs_milliseconds();
        ready = poll(&interest, 1, now >= end ? 0 : end - now > INT_MAX ? INT_MAX : (int)(end - now));
    } while (ready < 0 && errno == EINTR);
    return ready < 0 ? (int)failure() : ready == 0 ? -ETIMEDOUT : 0;
}

// Has a thread answer, which cannot be ended: one that does not answer in time is left to itself, with the question. Returns whether the
// question is the caller's again.
static bool ask_until(struct question *question, uint64_t end) {
    int ends[2];
    int code = atomic_load(&left_behind) >= most_left_behind ? -EAGAIN : new_pipe(ends);
    if (code != 0) {
        question->code = code;
        return true;
    }
    question->end = ends[1];
    int error = start_thread(question);
    if (error != 0) {
        close(ends[0]);
        close(ends[1]);
        // Who may not have another thread asks without one, for as long as it takes.
        ask(question);
        return true;
    }
    cs_wait_until(ends[0], POLLIN, end);
    close(ends[0]);
    // Answered after all, or answered by then.
    if (atomic_exchange(&question->is_left, true)) return true;
    atomic_fetch_add(&left_behind, 1);
    return false;
}

long cs_resolve(const uint8_t *host, size_t length, uint16_t port, int family, int flags, uint64_t end,
                struct addrinfo **result) {
    if (length >= sizeof ((struct question *)0)->name) return -ENAMETOOLONG;
    // What is behind a zero would not be looked at.
    if (length > 0 && memchr(host, 0, length) != NULL) return -EINVAL;
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL) return -ENOMEM;
    memcpy(question->name, host, length);
    snprintf(question->service, sizeof question->service, "%u", port);
    question->hints = (struct addrinfo){
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV | AI_NUMERICHOST};
    // An address needs nobody who knows it.
    ask(question);
    if (question->code != 0) {
        question->hints.ai_flags &= ~AI_NUMERICHOST;
        if (end == 0)
            ask(question);
        else if (!ask_until(question, end))
            return -ETIMEDOUT;
    }
    long code = question->code;
    if (code == 0) *result = question->addresses;
    free(question);
    return code;
}
