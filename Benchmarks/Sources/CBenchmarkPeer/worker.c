// SPDX-License-Identifier: Apache-2.0
//
// The same program with another libssl and libcrypto. Those that others bundle have names of their own, so a directory is
// made where they have the usual ones, and the dynamic linker looks there first. Once the worker has answered it is removed.

#define _GNU_SOURCE
#include "CBenchmarkPeer.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { most_workers = 8, most_links = 4 };

struct worker {
    FILE *requests, *answers;
    char directory[64];
    char links[most_links][96];
    int link_count;
};

static struct worker workers[most_workers];
static int worker_count;

static void remove_directory(struct worker *worker) {
    for (; worker->link_count > 0; worker->link_count--) unlink(worker->links[worker->link_count - 1]);
    if (worker->directory[0] != 0) rmdir(worker->directory);
    worker->directory[0] = 0;
}

static bool add_link(struct worker *worker, const char *target, const char *name) {
    if (worker->link_count == most_links) return false;
    char *link = worker->links[worker->link_count];
    if ((size_t)snprintf(link, sizeof worker->links[0], "%s/%s", worker->directory, name) >= sizeof worker->links[0]) return false;
    if (symlink(target, link) != 0) return false;
    worker->link_count++;
    return true;
}

/// The only file of a directory whose name begins so and has ".so" in it: its whole path.
static bool find_library(const char *directory, const char *prefix, char path[static PATH_MAX]) {
    DIR *entries = opendir(directory);
    if (entries == NULL) return false;
    bool found = false;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        const char *suffix = strstr(entry->d_name, ".so");
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || suffix == NULL) continue;
        // "libssl.so" may be a linker script or a link, and what ends in a number is as good.
        if (found && suffix[3] == 0) continue;
        found = (size_t)snprintf(path, PATH_MAX, "%s/%s", directory, entry->d_name) < PATH_MAX;
    }
    closedir(entries);
    return found;
}

/// Puts both libraries under their usual names into a new directory. A bundled libssl asks for its libcrypto by the name
/// that it was given, so that one is there, too.
static bool link_libraries(struct worker *worker, const char *path) {
    char directory[PATH_MAX], libssl[PATH_MAX], libcrypto[PATH_MAX];
    struct stat status;
    if (realpath(path, directory) == NULL || stat(directory, &status) != 0) return false;
    if (S_ISDIR(status.st_mode)) {
        if (!find_library(directory, "libssl", libssl)) return false;
    } else {
        memcpy(libssl, directory, sizeof libssl);
        *strrchr(directory, '/') = 0;
    }
    if (!find_library(directory, "libcrypto", libcrypto)) return false;
    strcpy(worker->directory, "/tmp/tls-benchmark.XXXXXX");
    if (mkdtemp(worker->directory) == NULL) {
        worker->directory[0] = 0;
        return false;
    }
    const char *own_name = strrchr(libcrypto, '/') + 1;
    return add_link(worker, libssl, "libssl.so.3") && add_link(worker, libcrypto, "libcrypto.so.3")
        && (strcmp(own_name, "libcrypto.so.3") == 0 || add_link(worker, libcrypto, own_name));
}

static void become_worker(const struct worker *worker, int input, int output) {
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0) _exit(127);
    setenv("LD_LIBRARY_PATH", worker->directory, 1);
    execl("/proc/self/exe", "tls-benchmark", "--worker", (char *)NULL);
    _exit(127);
}

static int start(struct worker *worker) {
    int requests[2], answers[2];
    // A worker that has gone is found by its answer that does not come.
    signal(SIGPIPE, SIG_IGN);
    if (pipe2(requests, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0) return -1;
    pid_t child = fork();
    if (child == 0) become_worker(worker, requests[0], answers[1]);
    close(requests[0]);
    close(answers[1]);
    worker->requests = fdopen(requests[1], "w");
    worker->answers = fdopen(answers[0], "r");
    return child < 0 || worker->requests == NULL || worker->answers == NULL ? -1 : worker_count++;
}

int bench_start_worker(const uint8_t *path, size_t count) {
    char text[PATH_MAX] = {0};
    if (count >= sizeof text || worker_count == most_workers) return -1;
    memcpy(text, path, count);
    struct worker *worker = &workers[worker_count];
    int number = link_libraries(worker, text) ? start(worker) : -1;
    if (number < 0) remove_directory(worker);
    return number;
}

bool bench_ask(int worker, const uint8_t *line, size_t count) {
    FILE *requests = workers[worker].requests;
    return fwrite(line, 1, count, requests) == count && fputc('\n', requests) == '\n' && fflush(requests) == 0;
}

long bench_answer(int worker, uint8_t *line, size_t capacity) {
    size_t length = 0;
    int byte;
    while ((byte = fgetc(workers[worker].answers)) != EOF && byte != '\n') {
        if (length == capacity) return -1;
        line[length++] = (uint8_t)byte;
    }
    remove_directory(&workers[worker]);
    return byte == EOF ? -1 : (long)length;
}
