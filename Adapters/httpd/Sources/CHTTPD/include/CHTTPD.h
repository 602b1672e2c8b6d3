// SPDX-License-Identifier: Apache-2.0
// What the Swift side of the module sees of httpd: its headers, and inline functions for the macros that Swift
// cannot import. The functions in the second half are implemented in Swift and called from C.

#ifndef CHTTPD_H
#define CHTTPD_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ap_expr.h>
#include <ap_mpm.h>
#include <apr_buckets.h>
#include <apr_date.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <apr_support.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_ssl.h>
#include <http_vhost.h>
#include <httpd.h>
#include <mod_log_config.h>
#include <mpm_common.h>
#include <scoreboard.h>
#include <util_filter.h>

#pragma clang assume_nonnull begin

/// The module record of the face this library was built for.
module *tlsd_module(void);

/// Whether that face is the one with mod_ssl's directives.
bool tlsd_is_ssl_face(void);

// MARK: - Status codes

static const apr_status_t tlsd_end_of_file = APR_EOF;
static const apr_status_t tlsd_aborted = APR_ECONNABORTED;
static const apr_status_t tlsd_reset = APR_ECONNRESET;
static const apr_status_t tlsd_again = APR_EAGAIN;
static const apr_status_t tlsd_general = APR_EGENERAL;

static inline bool tlsd_is_again(apr_status_t status) {
    return APR_STATUS_IS_EAGAIN(status) || APR_STATUS_IS_EINTR(status);
}

static inline bool tlsd_is_end(apr_status_t status) {
    return APR_STATUS_IS_EOF(status);
}

static const int tlsd_startup_error = APLOG_STARTUP | APLOG_ERR;
static const int tlsd_startup_warning = APLOG_WARNING;
static const int tlsd_declined = DECLINED;
static const unsigned tlsd_global_only = GLOBAL_ONLY;
static const unsigned tlsd_not_in_files = NOT_IN_HTACCESS;
static const char *const _Nonnull tlsd_https = "https";

// MARK: - Buckets and brigades

static inline bool tlsd_brigade_is_empty(apr_bucket_brigade *brigade) {
    return APR_BRIGADE_EMPTY(brigade);
}

static inline apr_bucket *_Nullable tlsd_brigade_first(apr_bucket_brigade *brigade) {
    return APR_BRIGADE_EMPTY(brigade) ? NULL : APR_BRIGADE_FIRST(brigade);
}

static inline void tlsd_brigade_append(apr_bucket_brigade *brigade, apr_bucket *bucket) {
    APR_BRIGADE_INSERT_TAIL(brigade, bucket);
}

static inline void tlsd_bucket_remove(apr_bucket *bucket) {
    APR_BUCKET_REMOVE(bucket);
}

static inline void tlsd_bucket_delete(apr_bucket *bucket) {
    apr_bucket_delete(bucket);
}

static inline bool tlsd_bucket_is_metadata(apr_bucket *bucket) {
    return APR_BUCKET_IS_METADATA(bucket);
}

static inline bool tlsd_bucket_is_flush(apr_bucket *bucket) {
    return APR_BUCKET_IS_FLUSH(bucket);
}

static inline bool tlsd_bucket_is_eos(apr_bucket *bucket) {
    return APR_BUCKET_IS_EOS(bucket);
}

static inline bool tlsd_bucket_is_end_of_connection(apr_bucket *bucket) {
    return AP_BUCKET_IS_EOC(bucket);
}

static inline bool tlsd_bucket_is_file(apr_bucket *bucket) {
    return APR_BUCKET_IS_FILE(bucket);
}

static inline apr_status_t tlsd_bucket_read(
    apr_bucket *bucket, const char *_Nullable *_Nonnull bytes, apr_size_t *count, apr_read_type_e block
) {
    return apr_bucket_read(bucket, bytes, count, block);
}

static inline apr_status_t tlsd_bucket_split(apr_bucket *bucket, apr_size_t count) {
    return apr_bucket_split(bucket, count);
}

/// Copies up to `capacity` bytes of a file bucket and takes them off the bucket. The file's own position is not
/// touched: several buckets, and several threads, may share the file. Returns -1 with `errno`, 0 at the file's end.
static inline ssize_t tlsd_file_bucket_take(apr_bucket *bucket, uint8_t *bytes, size_t capacity) {
    apr_bucket_file *file = bucket->data;
    apr_os_file_t descriptor;
    size_t wanted = bucket->length < capacity ? bucket->length : capacity;
    ssize_t count;
    if (apr_os_file_get(&descriptor, file->fd) != APR_SUCCESS) {
        errno = EBADF;
        return -1;
    }
    do {
        count = pread(descriptor, bytes, wanted, (off_t)bucket->start);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        bucket->start += count;
        bucket->length -= (apr_size_t)count;
    }
    return count;
}

static inline int32_t tlsd_errno(void) {
    return errno;
}

/// Memory that a bucket may own later: it is recycled by the connection's bucket allocator.
static inline void *tlsd_bucket_memory(apr_size_t count, apr_bucket_alloc_t *allocator) {
    return apr_bucket_alloc(count, allocator);
}

static inline void tlsd_bucket_memory_free(void *memory) {
    apr_bucket_free(memory);
}

/// A bucket that owns `memory` from `tlsd_bucket_memory`.
static inline apr_bucket *tlsd_bucket_owning(void *memory, apr_size_t count, apr_bucket_alloc_t *allocator) {
    return apr_bucket_heap_create(memory, count, apr_bucket_free, allocator);
}

// MARK: - Module configuration

static inline void *_Nullable tlsd_server_config(server_rec *server) {
    return ap_get_module_config(server->module_config, tlsd_module());
}

static inline void *_Nullable tlsd_directory_config(request_rec *request) {
    return ap_get_module_config(request->per_dir_config, tlsd_module());
}

/// The directory configuration in a section of the configuration.
static inline void *_Nullable tlsd_section_config(ap_conf_vector_t *section) {
    return ap_get_module_config(section, tlsd_module());
}

/// What holds in a server outside all directories.
static inline ap_conf_vector_t *_Nullable tlsd_server_section(server_rec *server) {
    return server->lookup_defaults;
}

/// Where the module's configuration of a connection is kept.
static inline void *_Nullable *_Nonnull tlsd_connection_slot(conn_rec *connection) {
    return &((void **)connection->conn_config)[tlsd_module()->module_index];
}

static inline void *_Nullable tlsd_connection_config(conn_rec *connection) {
    void *config = __atomic_load_n(tlsd_connection_slot(connection), __ATOMIC_RELAXED);
    return config == (void *)tlsd_module() ? NULL : config;
}

/// Whether this is the first call for a connection without TLS. The requests of HTTP/2 have threads of their own, which may
/// touch nothing of their connection: where the configuration would be, the module's address is the mark.
static inline bool tlsd_is_first_complaint(conn_rec *connection) {
    void *none = NULL;
    return __atomic_compare_exchange_n(tlsd_connection_slot(connection), &none, (void *)tlsd_module(), false,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static inline void tlsd_set_connection_config(conn_rec *connection, void *_Nullable config) {
    ap_set_module_config(connection->conn_config, tlsd_module(), config);
}

/// Whether the MPM can wait for a client in the middle of a protocol without holding a thread: event from 2.4.63 on.
static inline bool tlsd_mpm_can_wait(conn_rec *connection) {
#ifdef AP_MPMQ_CAN_WAITIO
    int can_wait = 0;
    return connection->cs != NULL && ap_mpm_query(AP_MPMQ_CAN_WAITIO, &can_wait) == APR_SUCCESS && can_wait;
#else
    (void)connection;
    return false;
#endif
}

/// Has the MPM call the process_connection hooks again when the client has sent more; `tlsd_mpm_can_wait` allowing.
static inline void tlsd_wait_for_client(conn_rec *connection) {
#ifdef AP_MPMQ_CAN_WAITIO
    connection->cs->state = CONN_STATE_ASYNC_WAITIO;
    connection->cs->sense = CONN_SENSE_WANT_READ;
#else
    (void)connection;
#endif
}

/// Whether this process has been told to end; from then on the event MPM gives no thread to who has left one.
static inline bool tlsd_mpm_is_stopping(void) {
    int state = AP_MPMQ_RUNNING;
    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

/// Threads of a process that work on connections; at least 1.
static inline int tlsd_mpm_threads(void) {
    int threads = 0;
    return ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads) == APR_SUCCESS && threads > 0 ? threads : 1;
}

/// Waits until the client has sent something, for so many microseconds at most: whether it has.
static inline bool tlsd_client_sends(conn_rec *connection, apr_interval_time_t most) {
    apr_socket_t *socket = ap_get_conn_socket(connection);
    apr_interval_time_t usual = 0;
    if (socket == NULL || apr_socket_timeout_get(socket, &usual) != APR_SUCCESS) return false;
    apr_socket_timeout_set(socket, most);
    apr_status_t status = apr_wait_for_io_or_timeout(NULL, socket, /* for reading */ 1);
    apr_socket_timeout_set(socket, usual);
    return status == APR_SUCCESS;
}

/// Whether the client is to be asked for a body with the request.
static inline bool tlsd_has_body(request_rec *request) {
    return apr_table_get(request->headers_in, "Content-Length") != NULL
        || apr_table_get(request->headers_in, "Transfer-Encoding") != NULL;
}

static inline bool tlsd_speaks_http2(conn_rec *connection) {
    return strcmp(ap_get_protocol(connection), "h2") == 0;
}

static inline bool tlsd_is_name_based(conn_rec *connection) {
    return connection->vhost_lookup_data != NULL;
}

static inline bool tlsd_make_pool(apr_pool_t *_Nullable *_Nonnull pool, apr_pool_t *parent) {
    return apr_pool_create(pool, parent) == APR_SUCCESS;
}

/// The number of 425, which httpd 2.4 has neither a name nor a line for (RFC 8470 §5.2).
static const int tlsd_too_early = 425;
static const char *const _Nonnull tlsd_too_early_line = "425 Too Early";

// MARK: - Logging

static inline bool tlsd_logs_connection(conn_rec *connection, server_rec *server, int level) {
    int most = ap_get_conn_server_module_loglevel(connection, server, tlsd_module()->module_index);
    return most >= (level & APLOG_LEVELMASK);
}

/// Writes to the ErrorLog of a server, which need not be the one that the connection began with.
static inline void tlsd_log_connection(
    conn_rec *connection, server_rec *server, int level, apr_status_t status, const char *sentence
) {
    ap_log_cserror_(
        __FILE__, __LINE__, tlsd_module()->module_index, level, status, connection, server, "%s", sentence
    );
}

static inline bool tlsd_logs_request(request_rec *request, int level) {
    return ap_get_request_module_loglevel(request, tlsd_module()->module_index) >= (level & APLOG_LEVELMASK);
}

static inline void tlsd_log_request(request_rec *request, int level, apr_status_t status, const char *sentence) {
    ap_log_rerror_(__FILE__, __LINE__, tlsd_module()->module_index, level, status, request, "%s", sentence);
}

static inline void tlsd_log_server(
    server_rec *_Nullable server, int level, apr_status_t status, const char *sentence
) {
    ap_log_error_(__FILE__, __LINE__, tlsd_module()->module_index, level, status, server, "%s", sentence);
}

/// Whether httpd only looks at its configuration: `configtest`. It ends before post_config then.
static inline bool tlsd_only_tests(void) { return ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST; }

/// Whether this is the first of the two passes over the configuration at httpd's start.
static inline bool tlsd_is_first_pass(void) {
    return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
}

// MARK: - Callbacks from C into Swift

int tlsd_pre_config(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool);
int tlsd_check_config(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool, server_rec *server);
void tlsd_dump_certificates(apr_pool_t *pool, server_rec *server);
int tlsd_post_config(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool, server_rec *server);
int tlsd_watch_files(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool, server_rec *server);
int tlsd_monitor(apr_pool_t *pool, server_rec *server);
void tlsd_fetch_staples(server_rec *server, apr_pool_t *pool);
void tlsd_warn_of_cache(const char *cache);
void tlsd_report_locked_cache(server_rec *server, const char *lock);
int tlsd_pre_connection(conn_rec *connection, void *_Nullable socket);
int tlsd_process_connection(conn_rec *connection);
int tlsd_bind_outgoing(conn_rec *connection, ap_conf_vector_t *_Nullable directory, int wanted);
int tlsd_prepare_proxy_section(
    apr_pool_t *pool, apr_pool_t *temporary_pool, apr_pool_t *log_pool, server_rec *server, ap_conf_vector_t *section
);
const char *_Nullable tlsd_http_scheme(const request_rec *request);
apr_port_t tlsd_default_port(const request_rec *request);
int tlsd_connection_is_tls(conn_rec *connection);
const char *_Nullable tlsd_variable(
    apr_pool_t *pool, server_rec *_Nullable server, conn_rec *_Nullable connection, request_rec *_Nullable request,
    const char *_Nullable name
);
int tlsd_post_read_request(request_rec *request);
int tlsd_fixups(request_rec *request);
int tlsd_check_access(request_rec *request);
int tlsd_check_authorization(request_rec *request);
int tlsd_check_authentication(request_rec *request);
bool tlsd_client_is_verified(request_rec *request);
const char *_Nullable tlsd_log_variable(request_rec *request, char *_Nullable name);
const char *_Nullable tlsd_log_connection_variable(request_rec *request, char *_Nullable name);
const char *_Nullable tlsd_expression_variable(ap_expr_eval_ctx_t *context, const void *_Nullable name);
const char *_Nullable tlsd_expression_function(
    ap_expr_eval_ctx_t *context, const void *_Nullable data, const char *_Nullable name
);

const char *_Nullable tlsd_extension_text(
    apr_pool_t *pool, conn_rec *_Nullable connection, bool of_client, const char *name
);

apr_status_t tlsd_input_filter(
    ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode, apr_read_type_e block, apr_off_t count
);
apr_status_t tlsd_output_filter(ap_filter_t *filter, apr_bucket_brigade *brigade);

void *_Nullable tlsd_create_server_config(apr_pool_t *pool, server_rec *_Nullable server);
void *_Nullable tlsd_merge_server_config(apr_pool_t *pool, void *base, void *added);
void *_Nullable tlsd_create_directory_config(apr_pool_t *pool, char *_Nullable directory);
void *_Nullable tlsd_merge_directory_config(apr_pool_t *pool, void *base, void *added);

const char *_Nullable tlsd_set_engine(cmd_parms *command, void *_Nullable config, const char *address);
const char *_Nullable tlsd_set_certificate(
    cmd_parms *command, void *_Nullable config, const char *certificate, const char *_Nullable key
);
const char *_Nullable tlsd_set_protocol(cmd_parms *command, void *_Nullable config, const char *protocol);
const char *_Nullable tlsd_set_preferred_ciphers(
    cmd_parms *command, void *_Nullable config, int count, char *const _Nonnull *_Nonnull names
);
const char *_Nullable tlsd_set_suppressed_ciphers(
    cmd_parms *command, void *_Nullable config, int count, char *const _Nonnull *_Nonnull names
);
const char *_Nullable tlsd_set_honor_client_order(cmd_parms *command, void *_Nullable config, int on);
const char *_Nullable tlsd_set_session_cache(cmd_parms *command, void *_Nullable config, const char *text);
const char *_Nullable tlsd_set_reload_interval(cmd_parms *command, void *_Nullable config, const char *text);
const char *_Nullable tlsd_set_strict_sni(cmd_parms *command, void *_Nullable config, int on);
const char *_Nullable tlsd_set_options(
    cmd_parms *command, void *_Nullable config, int count, char *const _Nonnull *_Nonnull names
);

const char *_Nullable tlsd_ssl_directive(
    cmd_parms *command, void *_Nullable config, int count, char *const _Nonnull *_Nonnull arguments
);
const char *_Nullable tlsd_ssl_require_tls(cmd_parms *command, void *_Nullable config);
const char *_Nullable tlsd_ssl_require(cmd_parms *command, void *_Nullable config, const char *expression);

// MARK: - Services for the module records and for Swift, in hooks.c

/// Registers every hook and both filters.
void tlsd_register_hooks(apr_pool_t *pool);

/// The filters' registrations.
ap_filter_rec_t *_Nullable tlsd_input_filter_record(void);
ap_filter_rec_t *_Nullable tlsd_output_filter_record(void);

/// Whether the configuration that has just been read limits the time of handshakes (`RequestReadTimeout handshake=`).
/// mod_reqtimeout can do that only while a thread waits for the client.
bool tlsd_handshakes_are_limited(void);

/// Reads the body of a request, up to a number of bytes, and keeps it for those who read it later. Returns OK or the
/// status of an error page.
int tlsd_hold_body(request_rec *request, apr_off_t limit);

/// Parses an expression of `SSLRequire`; the result is a sentence, or nil and the expression.
const char *_Nullable tlsd_parse_requirement(
    cmd_parms *command, const char *text, ap_expr_info_t *_Nullable *_Nonnull expression
);

/// Whether the expressions of a directory are all true for a request; the first that is not is returned.
const ap_expr_info_t *_Nullable tlsd_first_unmet(request_rec *request, const apr_array_header_t *expressions);

/// Whether the command line says `-D DUMP_CERTS`.
bool tlsd_wants_certificates(void);

/// Writes a line to the terminal.
void tlsd_print(apr_pool_t *pool, const char *line);

/// Whether two servers have an address of a `<VirtualHost>` in common.
bool tlsd_share_address(const server_rec *one, const server_rec *other);

/// Whether there is a module that manages certificates.
bool tlsd_certificates_are_managed(void);

/// The certificate and key files of a server, after other modules (mod_md) had their say.
void tlsd_collect_certificates(
    server_rec *server, apr_pool_t *pool, apr_array_header_t *certificates, apr_array_header_t *keys
);

// The caches that all processes share, in shared_cache.c.

/// `SSLSessionCache` and `TLSSessionCache`, `SSLStaplingCache`.
typedef enum { tlsd_sessions, tlsd_staples } tlsd_cache;

/// Forgets the caches of the last configuration.
void tlsd_cache_reset(apr_pool_t *pool);

/// Takes `provider:arguments` or `none`; returns nil or a sentence.
const char *_Nullable tlsd_cache_configure(tlsd_cache which, cmd_parms *command, const char *text);
bool tlsd_cache_is_configured(tlsd_cache which);

/// Starts the caches in the parent, and in a child.
int tlsd_caches_start(server_rec *server, apr_pool_t *pool);
void tlsd_caches_start_child(apr_pool_t *pool, server_rec *server);

// The parent does not use the caches: its processes write there, and hold the locks. For it there is nothing in them.

void tlsd_cache_store(
    tlsd_cache which, const uint8_t *identifier, unsigned identifier_length, const uint8_t *value, unsigned length,
    int64_t expiry
);

/// Copies what is there; returns its length, 0 when there is nothing.
unsigned tlsd_cache_find(
    tlsd_cache which, const uint8_t *identifier, unsigned identifier_length, uint8_t *value, unsigned capacity
);

/// Removes something; returns whether it was there.
bool tlsd_cache_remove(tlsd_cache which, const uint8_t *identifier, unsigned identifier_length);

/// Writes what the providers have to say of the caches.
void tlsd_caches_show(request_rec *request, int flags);

// OCSP responders, in responder.c.

/// Whether a reply is complete, so that nothing else is to be read.
typedef bool (*tlsd_reply_check)(void *_Nullable context, const uint8_t *bytes, size_t count);

/// Sends a request to a responder, and reads its reply until that is complete or the responder ends it.
///
/// Takes so many microseconds at most, the search for the host's address apart, and reads no more than there is room for.
/// Returns the length of the reply, -1 with a sentence when there is none.
ssize_t tlsd_ask_responder(
    apr_pool_t *pool, const char *host, uint16_t port, const uint8_t *request, size_t length, uint8_t *reply,
    size_t capacity, apr_interval_time_t most, tlsd_reply_check check, void *_Nullable context,
    const char *_Nullable *_Nonnull sentence
);

/// Has one of the processes call `tlsd_fetch_staples` once a second. False when mod_watchdog is not there.
bool tlsd_fetch_regularly(server_rec *server, apr_pool_t *pool);

// Passphrases of keys, in passphrase.c.

/// What was asked for before, nil if nothing was.
const char *_Nullable tlsd_known_passphrase(const char *file);
void tlsd_keep_passphrase(const char *file, const char *text);

/// Hides what is kept from processes that are forked later, those of other modules, too.
void tlsd_hide_passphrases(void);

/// Wipes what is kept: the processes that speak with clients have no use for it.
void tlsd_forget_passphrases(void);

/// Asks a program, or who sits at the terminal when it is nil; false when there is no answer.
bool tlsd_ask_passphrase(
    apr_pool_t *pool, const char *_Nullable program, const char *server, const char *algorithm, char *buffer,
    size_t capacity
);

/// Writes a prompt to a program, which is started for the first one, and reads a line of its answer; false when there is
/// none. The command's words are its arguments.
bool tlsd_ask_dialog(apr_pool_t *pool, const char *command, const char *prompt, char *buffer, size_t capacity);

/// Ends that program, if it was started.
void tlsd_end_dialog(const char *farewell);

// What mod_status shows, in statistics.c.

typedef enum { tlsd_handshake_full, tlsd_handshake_resumed, tlsd_handshake_failed } tlsd_handshake;

/// Forgets the counters of the last configuration.
void tlsd_statistics_reset(void);
void tlsd_statistics_start(apr_pool_t *pool);
void tlsd_count_handshake(tlsd_handshake outcome);
void tlsd_register_status_page(void);

/// Writes what is to be seen of the certificates of all servers; short for programs, else in HTML.
void tlsd_certificates_show(request_rec *request, server_rec *main, bool is_short);

// What the parent hands to the processes it has forked, in reload.c.

/// What tells that a file has changed. A directory's does not tell of the files in it.
typedef struct {
    uint64_t inode;
    int64_t size;
    int64_t seconds;
    int64_t nanoseconds;
    bool is_directory;
} tlsd_stamp;

bool tlsd_file_stamp(const char *path, tlsd_stamp *stamp);

/// Reads a whole file; -1 with `errno` when that fails or there is no room for it.
ssize_t tlsd_read_file(const char *path, uint8_t *bytes, size_t capacity);

/// The same for a file that nobody else than this process's user could have written; -1 with `EPERM` for others.
ssize_t tlsd_read_own_file(const char *path, uint8_t *bytes, size_t capacity);

/// Forgets the memory of the last configuration.
void tlsd_reload_reset(void);

/// Makes memory with two halves of so many bytes, which only this process can write, and those that it forks can read. False
/// with `errno` when there is none, or none that can be kept from being written: that takes Linux 5.1.
bool tlsd_reload_create(apr_pool_t *pool, size_t half);

/// How often the parent has published something, and the half that belongs to that number.
uint32_t tlsd_reload_generation(void);
const uint8_t *tlsd_reload_half(uint32_t generation);

/// For the parent alone: a half to write to, and having a number count.
uint8_t *tlsd_reload_writable_half(uint32_t generation);
void tlsd_reload_publish(uint32_t generation);

/// When the parent has looked at its files, in UNIX seconds: for the parent to say, for all to know.
void tlsd_reload_note_look(int64_t time);
int64_t tlsd_reload_last_look(void);

// What processes leave for those that come after a restart, in carried.c.

/// Has so many bytes at least, all 0 when they are new; for the parent, which does nothing else with them.
bool tlsd_carried_reserve(size_t size);

/// For processes that speak with clients. All of them, and those of the last configuration, can write at any time.
size_t tlsd_carried_size(void);
void tlsd_carried_read(size_t offset, uint8_t *bytes, size_t count);
void tlsd_carried_write(size_t offset, const uint8_t *bytes, size_t count);

// What the processes remember of 0-RTT data, in replay.c.

/// Forgets the memory of the last configuration.
void tlsd_replay_reset(void);

/// Makes memory of so many words, all 0.
bool tlsd_replay_create(apr_pool_t *pool, size_t count);

/// How many there are; a word; and putting one in another's place, which says whether that was still there.
size_t tlsd_replay_count(void);
uint64_t tlsd_replay_load(size_t index);
bool tlsd_replay_exchange(size_t index, uint64_t old, uint64_t word);

// Variables that say nothing of TLS, in variables.c.

/// The value of a variable of mod_ssl's that a request, a connection or the server has, the empty text where it is not set;
/// nil for other names.
const char *_Nullable tlsd_request_variable(
    apr_pool_t *pool, conn_rec *_Nullable connection, request_rec *_Nullable request, const char *name
);

/// `%{NAME}x` and `%{NAME}c` of mod_log_config, if that module is loaded.
void tlsd_register_log_handlers(apr_pool_t *pool);

#pragma clang assume_nonnull end

#endif
