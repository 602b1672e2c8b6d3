// SPDX-License-Identifier: Apache-2.0
// Registration of the hooks and filters. Order is stated by file names, as httpd wants it.

#include "CHTTPD.h"

#include <ap_provider.h>
#include <mod_auth.h>
#include <mod_proxy.h>

static ap_filter_rec_t *input_filter;
static ap_filter_rec_t *output_filter;

ap_filter_rec_t *tlsd_input_filter_record(void) {
    return input_filter;
}

ap_filter_rec_t *tlsd_output_filter_record(void) {
    return output_filter;
}

// What mod_ssl offers to other modules: texts of an extension of the peer's certificate, or of the server's.
APR_DECLARE_OPTIONAL_FN(apr_array_header_t *, ssl_ext_list, (apr_pool_t *, conn_rec *, int, const char *));

static apr_array_header_t *ssl_ext_list(
    apr_pool_t *pool, conn_rec *connection, int of_peer, const char *extension
) {
    const char *text = extension == NULL ? NULL : tlsd_extension_text(pool, connection, of_peer != 0, extension);
    if (text == NULL) {
        return NULL;
    }
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof text);
    APR_ARRAY_PUSH(list, const char *) = text;
    return list;
}

/// `PeerExtList('1.2.3')` in expressions. The connection may be that of another module with such a function.
static apr_array_header_t *list_extensions(ap_expr_eval_ctx_t *context, const void *data, const char *extension) {
    APR_OPTIONAL_FN_TYPE(ssl_ext_list) *other = APR_RETRIEVE_OPTIONAL_FN(ssl_ext_list);
    if (tlsd_connection_is_tls(context->c) == OK || other == NULL) {
        return ssl_ext_list(context->p, context->c, 1, extension);
    }
    return other(context->p, context->c, 1, extension);
}

/// `%{SSL_NAME}`, `SSL('SSL_NAME')` and `PeerExtList('1.2.3')` in expressions.
static int lookup_expression(ap_expr_lookup_parms *parameters) {
    if (parameters->type == AP_EXPR_FUNC_STRING && strcasecmp(parameters->name, "SSL") == 0) {
        *parameters->func = tlsd_expression_function;
        *parameters->data = NULL;
        return OK;
    }
    if (parameters->type == AP_EXPR_FUNC_LIST && strcasecmp(parameters->name, "PeerExtList") == 0) {
        *parameters->func = list_extensions;
        *parameters->data = NULL;
        return OK;
    }
    if (parameters->type != AP_EXPR_FUNC_VAR || strncasecmp(parameters->name, "SSL_", 4) != 0) {
        return DECLINED;
    }
    *parameters->func = tlsd_expression_variable;
    *parameters->data = apr_pstrdup(parameters->pool, parameters->name);
    return OK;
}

void tlsd_register_log_handlers(apr_pool_t *pool) {
    APR_OPTIONAL_FN_TYPE(ap_register_log_handler) *enter = APR_RETRIEVE_OPTIONAL_FN(ap_register_log_handler);
    if (enter != NULL) {
        enter(pool, "x", tlsd_log_variable, 0);
        enter(pool, "c", tlsd_log_connection_variable, 0);
    }
}

static bool limits_handshakes(const ap_directive_t *directive) {
    for (; directive != NULL; directive = directive->next) {
        if (strcasecmp(directive->directive, "RequestReadTimeout") == 0) {
            const char *limit = ap_strcasestr(directive->args, "handshake=");
            if (limit != NULL && atoi(limit + strlen("handshake=")) != 0) {
                return true;
            }
        }
        if (limits_handshakes(directive->first_child)) {
            return true;
        }
    }
    return false;
}

bool tlsd_handshakes_are_limited(void) {
    return limits_handshakes(ap_conftree);
}

bool tlsd_wants_certificates(void) {
    return ap_exists_config_define("DUMP_CERTS");
}

void tlsd_print(apr_pool_t *pool, const char *line) {
    apr_file_t *output;
    if (apr_file_open_stdout(&output, pool) == APR_SUCCESS) {
        apr_file_printf(output, "%s\n", line);
    }
}

bool tlsd_share_address(const server_rec *one, const server_rec *other) {
    for (const server_addr_rec *mine = one->addrs; mine != NULL; mine = mine->next) {
        for (const server_addr_rec *theirs = other->addrs; theirs != NULL; theirs = theirs->next) {
            if (mine->host_port == theirs->host_port && mine->host_addr != NULL && theirs->host_addr != NULL
                && apr_sockaddr_equal(mine->host_addr, theirs->host_addr)) {
                return true;
            }
        }
    }
    return false;
}

// MARK: Requests whose body waits

static ap_filter_rec_t *body_filter;

/// Gives out a body that was read before.
static apr_status_t replay_body(
    ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode, apr_read_type_e block, apr_off_t count
) {
    apr_bucket_brigade *held = filter->ctx;
    apr_bucket *end;
    apr_status_t status;
    if (mode != AP_MODE_READBYTES && mode != AP_MODE_GETLINE && mode != AP_MODE_EXHAUSTIVE) {
        return APR_ENOTIMPL;
    }
    if (APR_BRIGADE_EMPTY(held)) {
        // Readers may come again, and what is below is the next request.
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(brigade->bucket_alloc));
        return APR_SUCCESS;
    }
    if (mode == AP_MODE_GETLINE) {
        return apr_brigade_split_line(brigade, held, block, HUGE_STRING_LEN);
    }
    if (mode == AP_MODE_EXHAUSTIVE) {
        APR_BRIGADE_CONCAT(brigade, held);
        return APR_SUCCESS;
    }
    status = apr_brigade_partition(held, count, &end);
    if (status != APR_SUCCESS && status != APR_INCOMPLETE) {
        return status;
    }
    while (!APR_BRIGADE_EMPTY(held) && APR_BRIGADE_FIRST(held) != end) {
        apr_bucket *bucket = APR_BRIGADE_FIRST(held);
        APR_BUCKET_REMOVE(bucket);
        APR_BRIGADE_INSERT_TAIL(brigade, bucket);
    }
    return APR_SUCCESS;
}

int tlsd_hold_body(request_rec *request, apr_off_t limit) {
    conn_rec *connection = request->connection;
    apr_bucket_brigade *held = apr_brigade_create(request->pool, connection->bucket_alloc);
    apr_bucket_brigade *part = apr_brigade_create(request->pool, connection->bucket_alloc);
    apr_off_t total = 0;
    bool is_over = false;
    while (!is_over) {
        apr_status_t status =
            ap_get_brigade(request->proto_input_filters, part, AP_MODE_READBYTES, APR_BLOCK_READ, HUGE_STRING_LEN);
        if (status != APR_SUCCESS) {
            return ap_map_http_request_error(status, HTTP_BAD_REQUEST);
        }
        while (!APR_BRIGADE_EMPTY(part)) {
            apr_bucket *bucket = APR_BRIGADE_FIRST(part);
            const char *bytes;
            apr_size_t length;
            APR_BUCKET_REMOVE(bucket);
            if (APR_BUCKET_IS_EOS(bucket)) {
                is_over = true;
            } else if (!APR_BUCKET_IS_METADATA(bucket)) {
                if (apr_bucket_read(bucket, &bytes, &length, APR_BLOCK_READ) != APR_SUCCESS) {
                    return HTTP_BAD_REQUEST;
                }
                total += length;
                if (total > limit) {
                    return HTTP_REQUEST_ENTITY_TOO_LARGE;
                }
                if (apr_bucket_setaside(bucket, request->pool) != APR_SUCCESS) {
                    return HTTP_INTERNAL_SERVER_ERROR;
                }
            }
            APR_BRIGADE_INSERT_TAIL(held, bucket);
        }
    }
    // It takes the place of those that have read the body, where an internal redirect finds it.
    while (request->proto_input_filters->frec->ftype < AP_FTYPE_CONNECTION) {
        ap_remove_input_filter(request->proto_input_filters);
    }
    ap_add_input_filter_handle(body_filter, held, request, connection);
    return OK;
}

// MARK: SSLRequire

const char *tlsd_parse_requirement(cmd_parms *command, const char *text, ap_expr_info_t **expression) {
    ap_expr_info_t *info = apr_pcalloc(command->pool, sizeof *info);
    info->filename = command->directive->filename;
    info->line_number = command->directive->line_num;
    info->module_index = tlsd_module()->module_index;
    info->flags = AP_EXPR_FLAG_SSL_EXPR_COMPAT;
    // The author of an .htaccess file does not get at files that httpd can read.
    if (ap_check_cmd_context(command, NOT_IN_HTACCESS) != NULL) {
        info->flags |= AP_EXPR_FLAG_RESTRICTED;
#ifdef AP_EXPR_FLAG_RESTRICTED_FILE_FUNC
        info->flags |= AP_EXPR_FLAG_RESTRICTED_FILE_FUNC;
#endif
    }
    *expression = info;
    return ap_expr_parse(command->pool, command->temp_pool, info, text, NULL);
}

const ap_expr_info_t *tlsd_first_unmet(request_rec *request, const apr_array_header_t *expressions) {
    for (int index = 0; index < expressions->nelts; index++) {
        const ap_expr_info_t *info = APR_ARRAY_IDX(expressions, index, const ap_expr_info_t *);
        const char *error = NULL;
        // An expression that cannot be evaluated is not true.
        if (ap_expr_exec(request, info, &error) <= 0) {
            return info;
        }
    }
    return NULL;
}

// MARK: Authorization

static authz_status require_tls(request_rec *request, const char *line, const void *parsed) {
    return tlsd_connection_is_tls(request->connection) == OK ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static authz_status require_client(request_rec *request, const char *line, const void *parsed) {
    return tlsd_client_is_verified(request) ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const char *without_arguments(cmd_parms *command, const char *line, const void **parsed) {
    return *line == '\0' ? NULL : "this requirement takes no arguments";
}

static const authz_provider tls_provider = {&require_tls, &without_arguments};
static const authz_provider client_provider = {&require_client, &without_arguments};

// MARK: mod_md

bool tlsd_certificates_are_managed(void) {
    const apr_array_header_t *hooks = ap_hook_get_ssl_add_cert_files();
    return hooks != NULL && hooks->nelts > 0;
}

void tlsd_collect_certificates(
    server_rec *server, apr_pool_t *pool, apr_array_header_t *certificates, apr_array_header_t *keys
) {
    ap_ssl_add_cert_files(server, pool, certificates, keys);
}

void tlsd_register_hooks(apr_pool_t *pool) {
    // mod_proxy's post_config asks whether anybody speaks TLS.
    static const char *const before_proxy[] = {"mod_proxy.c", NULL};
    static const char *const after_proxy[] = {"mod_proxy.c", NULL};
    // mod_log_config offers its optional function in its own pre_config. Beside mod_ssl, which may serve other ports,
    // ours has to be the handler that counts: it asks all modules, mod_ssl's only itself.
    // (A module that is to come after itself makes httpd sort for ever.)
    static const char *const after_mod_ssl[] = {"mod_log_config.c", "mod_ssl.c", NULL};
    const char *const *after_log_config = after_mod_ssl;
    static const char *const as_mod_ssl[] = {"mod_log_config.c", NULL};
    if (tlsd_is_ssl_face()) {
        after_log_config = as_mod_ssl;
    }
    // Its threads fetch OCSP responses.
    static const char *const before_watchdog[] = {"mod_watchdog.c", NULL};
    // Environment variables of SetEnvIf and BrowserMatch steer the way a connection is closed.
    static const char *const after_setenvif[] = {"mod_setenvif.c", NULL};

    // Both faces may be loaded: filters go by their names.
    const char *face = tlsd_is_ssl_face() ? "SSL" : "TLS";
    input_filter = ap_register_input_filter(
        apr_pstrcat(pool, "SafeTLS ", face, " input", NULL), tlsd_input_filter, NULL, AP_FTYPE_CONNECTION + 5);
    output_filter = ap_register_output_filter(
        apr_pstrcat(pool, "SafeTLS ", face, " output", NULL), tlsd_output_filter, NULL, AP_FTYPE_CONNECTION + 5);

    ap_hook_pre_config(tlsd_pre_config, after_log_config, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(tlsd_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(tlsd_dump_certificates, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(tlsd_post_config, NULL, before_proxy, APR_HOOK_MIDDLE);
    ap_hook_post_config(tlsd_watch_files, after_proxy, NULL, APR_HOOK_LAST);
    ap_hook_child_init(tlsd_caches_start_child, NULL, before_watchdog, APR_HOOK_MIDDLE);
    tlsd_register_status_page();
    ap_hook_monitor(tlsd_monitor, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_connection(tlsd_pre_connection, NULL, NULL, APR_HOOK_MIDDLE);
    // Before the HTTP protocols (mod_http2 asks to be last): the handshake decides which of them it is.
    ap_hook_process_connection(tlsd_process_connection, NULL, NULL, APR_HOOK_MIDDLE - 1);
    ap_hook_http_scheme(tlsd_http_scheme, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_default_port(tlsd_default_port, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_ssl_conn_is_ssl(tlsd_connection_is_tls, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_ssl_var_lookup(tlsd_variable, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(tlsd_post_read_request, after_setenvif, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(tlsd_fixups, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_expr_lookup(lookup_expression, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_ssl_bind_outgoing(tlsd_bind_outgoing, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(proxy, section_post_config, tlsd_prepare_proxy_section, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_access(tlsd_check_access, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    if (!tlsd_is_ssl_face()) {
        return;
    }
    APR_REGISTER_OPTIONAL_FN(ssl_ext_list);
    // What directories ask of connections, by mod_ssl's directives.
    body_filter = ap_register_input_filter("SafeTLS body", replay_body, NULL, AP_FTYPE_PROTOCOL);
    ap_hook_check_authn(tlsd_check_authentication, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authz(tlsd_check_authorization, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(
        pool, AUTHZ_PROVIDER_GROUP, "ssl", AUTHZ_PROVIDER_VERSION, &tls_provider, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(
        pool, AUTHZ_PROVIDER_GROUP, "ssl-verify-client", AUTHZ_PROVIDER_VERSION, &client_provider,
        AP_AUTH_INTERNAL_PER_CONF);
}
