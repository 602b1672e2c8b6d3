// SPDX-License-Identifier: Apache-2.0
// A child of httpd that was taken over, for tests: asked by a client, it does what code in the hands of an attacker would do
// with what it shares with others. /hostile?what=random|ones|moved&spare=SIZE,SIZE&then=stop|stay|go
//
// It writes over all memory that is shared and can be written, but for httpd's own scoreboard and for mappings of the sizes
// to be spared; tries to write where it can only read; takes the locks of the TLS module; and then stops, stays as it is, or
// goes on as if nothing were. The answer says who it is and what came of it.

#include <httpd.h>

#include <apr_strings.h>
#include <dirent.h>
#include <fcntl.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <scoreboard.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t next_random(void) {
    static uint64_t state = 0x9E3779B97F4A7C15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void overwrite(uint8_t *memory, size_t size, const char *what) {
    if (strcmp(what, "random") == 0) {
        for (size_t offset = 0; offset + 8 <= size; offset += 8) {
            uint64_t word = next_random();
            memcpy(memory + offset, &word, 8);
        }
    } else if (strcmp(what, "ones") == 0) {
        // The largest lengths, and numbers below 0.
        memset(memory, 0xFF, size);
    } else {
        // What was good, in other places: records of others, with heads of others.
        for (size_t offset = 0; offset < size / 2; offset++) {
            uint8_t byte = memory[offset];
            memory[offset] = memory[size / 2 + offset];
            memory[size / 2 + offset] = byte;
        }
        for (size_t offset = 0; offset + 64 <= size; offset += 64) {
            memory[offset + 7] += 1;
        }
    }
}

/// Whether memory can be written after all; then it is.
static bool breaks_into(uint8_t *memory, size_t size, int own_memory) {
    if (mprotect(memory, size, PROT_READ | PROT_WRITE) == 0) {
        memset(memory, 0xAA, size);
        return true;
    }
    uint8_t byte = 0xAA;
    if (pwrite(own_memory, &byte, 1, (off_t)(uintptr_t)memory) == 1) {
        return true;
    }
    char path[96];
    snprintf(
        path, sizeof path, "/proc/self/map_files/%lx-%lx", (unsigned long)(uintptr_t)memory,
        (unsigned long)(uintptr_t)memory + size);
    int file = open(path, O_RDWR);
    if (file < 0) {
        return false;
    }
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    bool is_written = mapped != MAP_FAILED || pwrite(file, &byte, 1, 0) == 1;
    close(file);
    return is_written;
}

static bool is_spared(const char *list, size_t size) {
    while (list != NULL && *list != '\0') {
        char *end;
        if (strtoul(list, &end, 10) == size) {
            return true;
        }
        list = *end == ',' ? end + 1 : NULL;
    }
    return false;
}

typedef struct {
    int written, kept, broken, locks, descriptors;
} outcome;

static void attack_memory(outcome *result, const char *what, const char *spared) {
    // Mappings are not to change while the list is read.
    static char text[1 << 20];
    size_t count = 0;
    int own_memory = open("/proc/self/mem", O_RDWR);
    int file = open("/proc/self/maps", O_RDONLY);
    ssize_t part;
    while ((part = read(file, text + count, sizeof text - 1 - count)) > 0) {
        count += (size_t)part;
    }
    close(file);
    text[count] = '\0';
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        unsigned long from, to;
        char rights[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || rights[3] != 's') {
            continue;
        }
        uintptr_t scoreboard = (uintptr_t)ap_scoreboard_image->global;
        if ((from <= scoreboard && scoreboard < to) || is_spared(spared, to - from)) {
            continue;
        }
        uint8_t *memory = (uint8_t *)from;
        if (rights[1] == 'w') {
            overwrite(memory, to - from, what);
            result->written++;
        } else if (breaks_into(memory, to - from, own_memory)) {
            result->broken++;
        } else if (memmem(line, (size_t)(end - line), "memfd:", 6) != NULL) {
            result->kept++;
        }
    }
    close(own_memory);
}

static void attack_files(outcome *result) {
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        char path[300], target[512];
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length <= 0) {
            continue;
        }
        target[length] = '\0';
        if (strstr(target, "/ssl-") != NULL) {
            // A lock of a file is the process's, whoever opened it.
            struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
            for (int attempt = 0; attempt < 1000; attempt++) {
                if (fcntl(atoi(entry->d_name), F_SETLK, &lock) == 0) {
                    result->locks++;
                    break;
                }
                usleep(1000);
            }
        } else if (strstr(target, "memfd:") != NULL) {
            result->descriptors++;
            int file = open(path, O_RDWR);
            if (file >= 0 && mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) != MAP_FAILED) {
                result->broken++;
            }
        }
    }
    closedir(directory);
}

static const char *argument(request_rec *request, const char *name, const char *otherwise) {
    const char *found = request->args == NULL ? NULL : strstr(request->args, apr_pstrcat(request->pool, name, "=", NULL));
    if (found == NULL) {
        return otherwise;
    }
    found += strlen(name) + 1;
    return apr_pstrmemdup(request->pool, found, strcspn(found, "&"));
}

static int handle(request_rec *request) {
    if (request->handler == NULL || strcmp(request->handler, "hostile") != 0) {
        return DECLINED;
    }
    outcome result = {0};
    const char *then = argument(request, "then", "go");
    // Locks first: the others are as they were when it holds them.
    attack_files(&result);
    attack_memory(&result, argument(request, "what", "random"), argument(request, "spare", ""));
    const char *answer = apr_psprintf(
        request->pool, "process %d user %d written %d kept %d broken %d locks %d descriptors %d\n", (int)getpid(), (int)getuid(),
        result.written, result.kept, result.broken, result.locks, result.descriptors);
    ap_set_content_type(request, "text/plain");
    ap_set_content_length(request, (apr_off_t)strlen(answer));
    request->connection->keepalive = AP_CONN_CLOSE;
    ap_rputs(answer, request);
    ap_rflush(request);
    if (strcmp(then, "stop") == 0) {
        kill(getpid(), SIGSTOP);
    } else if (strcmp(then, "stay") == 0) {
        sleep(60);
    }
    return OK;
}

static void register_hooks(apr_pool_t *pool) {
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA hostile_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks,
#if defined(AP_MODULE_FLAG_NONE)
    AP_MODULE_FLAG_NONE
#endif
};
