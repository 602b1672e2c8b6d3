// SPDX-License-Identifier: Apache-2.0
// Passphrases of keys: asked for once, when httpd starts, and known to its parent process from then on, as a restart has no
// terminal. The library is never unloaded, so what stands here outlives the configuration. Processes that are forked from
// it find only zeros.

#include "CHTTPD.h"

#include <apr_lib.h>
#include <apr_signal.h>
#include <apr_thread_proc.h>
#include <sys/mman.h>

struct passphrase {
    struct passphrase *next;
    char *file;
    /// Pages of its own.
    char *text;
    size_t size;
};

static struct passphrase *first;

const char *tlsd_known_passphrase(const char *file) {
    for (struct passphrase *item = first; item != NULL; item = item->next) {
        if (strcmp(item->file, file) == 0) {
            return item->text;
        }
    }
    return NULL;
}

void tlsd_keep_passphrase(const char *file, const char *text) {
    struct passphrase *item = malloc(sizeof *item);
    if (item == NULL) {
        return;
    }
    item->size = strlen(text) + 1;
    item->file = strdup(file);
    item->text = mmap(NULL, item->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (item->file == NULL || item->text == MAP_FAILED) {
        free(item->file);
        free(item);
        return;
    }
    memcpy(item->text, text, item->size);
    item->next = first;
    first = item;
}

void tlsd_hide_passphrases(void) {
    // httpd reads its configuration once before it leaves the terminal, by a fork.
    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_CONFIG) {
        return;
    }
    for (struct passphrase *item = first; item != NULL; item = item->next) {
        madvise(item->text, item->size, MADV_WIPEONFORK);
    }
}

void tlsd_forget_passphrases(void) {
    while (first != NULL) {
        struct passphrase *item = first;
        first = item->next;
        explicit_bzero(item->text, item->size);
        munmap(item->text, item->size);
        free(item->file);
        free(item);
    }
}

static bool ask_terminal(apr_pool_t *pool, const char *server, const char *algorithm, char *buffer, size_t capacity) {
    apr_size_t size = capacity;
    const char *prompt = apr_psprintf(pool, "Passphrase of the %s key of %s: ", algorithm, server);
    return apr_password_get(prompt, buffer, &size) == APR_SUCCESS;
}

static bool ask_program(
    apr_pool_t *pool, const char *program, const char *server, const char *algorithm, char *buffer, size_t capacity
) {
    apr_procattr_t *attributes;
    apr_proc_t process;
    const char *arguments[] = {program, server, algorithm, NULL};
    if (apr_procattr_create(&attributes, pool) != APR_SUCCESS
        || apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE) != APR_SUCCESS
        || apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV) != APR_SUCCESS
        || apr_proc_create(&process, program, arguments, NULL, attributes, pool) != APR_SUCCESS) {
        return false;
    }
    bool is_read = apr_file_gets(buffer, (int)capacity, process.out) == APR_SUCCESS;
    apr_file_close(process.out);
    int status;
    apr_exit_why_e why;
    apr_proc_wait(&process, &status, &why, APR_WAIT);
    if (!is_read || why != APR_PROC_EXIT || status != 0) {
        return false;
    }
    buffer[strcspn(buffer, "\r\n")] = '\0';
    return true;
}

// MARK: SSLPassPhraseDialog |program

static struct {
    apr_pool_t *pool;
    apr_proc_t process;
} dialog;

static bool start_dialog(apr_pool_t *pool, const char *command) {
    apr_procattr_t *attributes;
    char **arguments;
    apr_pool_create(&dialog.pool, pool);
    if (apr_tokenize_to_argv(command, &arguments, dialog.pool) != APR_SUCCESS || arguments[0] == NULL
        || apr_procattr_create(&attributes, dialog.pool) != APR_SUCCESS
        || apr_procattr_io_set(attributes, APR_FULL_BLOCK, APR_FULL_BLOCK, APR_NO_PIPE) != APR_SUCCESS
        || apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV) != APR_SUCCESS
        || apr_proc_create(&dialog.process, arguments[0], (const char *const *)arguments, NULL, attributes, dialog.pool)
            != APR_SUCCESS) {
        apr_pool_destroy(dialog.pool);
        dialog.pool = NULL;
        return false;
    }
    apr_pool_note_subprocess(dialog.pool, &dialog.process, APR_KILL_AFTER_TIMEOUT);
    return true;
}

static void tell_dialog(const char *text) {
    // The program may have left.
    void (*usual)(int) = apr_signal(SIGPIPE, SIG_IGN);
    apr_file_puts(text, dialog.process.in);
    apr_signal(SIGPIPE, usual);
}

bool tlsd_ask_dialog(apr_pool_t *pool, const char *command, const char *prompt, char *buffer, size_t capacity) {
    buffer[0] = '\0';
    if (dialog.pool == NULL && !start_dialog(pool, command)) {
        return false;
    }
    tell_dialog(prompt);
    bool is_read = apr_file_gets(buffer, (int)capacity, dialog.process.out) == APR_SUCCESS;
    // Where the echo of what is typed would have ended the line.
    tell_dialog("\n");
    buffer[strcspn(buffer, "\r\n")] = '\0';
    return is_read;
}

void tlsd_end_dialog(const char *farewell) {
    if (dialog.pool == NULL) {
        return;
    }
    tell_dialog(farewell);
    apr_file_close(dialog.process.in);
    apr_file_close(dialog.process.out);
    // It ends with its input, or is ended with the pool.
    for (int attempt = 0; attempt < 100; attempt++) {
        if (apr_proc_wait(&dialog.process, NULL, NULL, APR_NOWAIT) != APR_CHILD_NOTDONE) {
            break;
        }
        apr_sleep(10000);
    }
    apr_pool_destroy(dialog.pool);
    dialog.pool = NULL;
}

bool tlsd_ask_passphrase(
    apr_pool_t *pool, const char *program, const char *server, const char *algorithm, char *buffer, size_t capacity
) {
    buffer[0] = '\0';
    return program == NULL ? ask_terminal(pool, server, algorithm, buffer, capacity)
                           : ask_program(pool, program, server, algorithm, buffer, capacity);
}
