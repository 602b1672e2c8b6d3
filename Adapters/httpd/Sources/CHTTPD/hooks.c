// SPDX-License-Identifier: Apache-2.0
// Registration of the hooks and filters. Order is stated by file names, as httpd wants it.

#include "CHTTPD.h"

static ap_filter_rec_t *input_filter;
static ap_filter_rec_t *output_filter;

ap_filter_rec_t *tlsd_input_filter_record(void) {
    return input_filter;
}

ap_filter_rec_t *tlsd_output_filter_record(void) {
    return output_filter;
}

/// `%{SSL_NAME}` in expressions.
static int lookup_expression(ap_expr_lookup_parms *parameters) {
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

void tlsd_register_hooks(apr_pool_t *pool) {
    // mod_proxy's post_config asks whether anybody speaks TLS.
    static const char *const before_proxy[] = {"mod_proxy.c", NULL};
    // mod_log_config offers its optional function in its own pre_config. Beside mod_ssl, which may serve other ports,
    // ours has to be the handler that counts: it asks all modules, mod_ssl's only itself.
    static const char *const after_log_config[] = {"mod_log_config.c", "mod_ssl.c", NULL};
    // Environment variables of SetEnvIf and BrowserMatch steer the way a connection is closed.
    static const char *const after_setenvif[] = {"mod_setenvif.c", NULL};

    input_filter = ap_register_input_filter("SafeTLS input", tlsd_input_filter, NULL, AP_FTYPE_CONNECTION + 5);
    output_filter = ap_register_output_filter("SafeTLS output", tlsd_output_filter, NULL, AP_FTYPE_CONNECTION + 5);

    ap_hook_pre_config(tlsd_pre_config, after_log_config, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(tlsd_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(tlsd_post_config, NULL, before_proxy, APR_HOOK_MIDDLE);
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
}
