// SPDX-License-Identifier: Apache-2.0
// Variables that say nothing of TLS, which mod_ssl answers, too: those of its manual's list for SSLRequire.

#include "CHTTPD.h"

#include <ap_release.h>
#include <apr_time.h>

/// The variables that are a header of the request.
static const struct {
    const char *name;
    const char *header;
} headers[] = {
    {"HTTP_ACCEPT", "Accept"},
    {"HTTP_COOKIE", "Cookie"},
    {"HTTP_FORWARDED", "Forwarded"},
    {"HTTP_HOST", "Host"},
    {"HTTP_PROXY_CONNECTION", "Proxy-Connection"},
    {"HTTP_REFERER", "Referer"},
    {"HTTP_USER_AGENT", "User-Agent"},
};

static bool is(const char *name, const char *other) {
    return strcasecmp(name, other) == 0;
}

/// Nil for names of other kinds, the empty text for what a request does not have.
static const char *of_request(request_rec *request, const char *name) {
    const char *value;
    for (size_t index = 0; index < sizeof headers / sizeof headers[0]; index++) {
        if (is(name, headers[index].name)) {
            value = apr_table_get(request->headers_in, headers[index].header);
            return value == NULL ? "" : value;
        }
    }
    if (strncasecmp(name, "HTTP:", 5) == 0) {
        value = apr_table_get(request->headers_in, name + 5);
    } else if (strncasecmp(name, "ENV:", 4) == 0) {
        value = apr_table_get(request->notes, name + 4);
        if (value == NULL) {
            value = apr_table_get(request->subprocess_env, name + 4);
        }
        if (value == NULL) {
            value = getenv(name + 4);
        }
    } else if (is(name, "THE_REQUEST")) {
        value = request->the_request;
    } else if (is(name, "REQUEST_METHOD")) {
        value = request->method;
    } else if (is(name, "REQUEST_SCHEME")) {
        value = ap_http_scheme(request);
    } else if (is(name, "REQUEST_URI")) {
        value = request->uri;
    } else if (is(name, "REQUEST_FILENAME") || is(name, "SCRIPT_FILENAME")) {
        value = request->filename;
    } else if (is(name, "PATH_INFO")) {
        value = request->path_info;
    } else if (is(name, "QUERY_STRING")) {
        value = request->args;
    } else if (is(name, "DOCUMENT_ROOT")) {
        value = ap_document_root(request);
    } else if (is(name, "REMOTE_ADDR")) {
        value = request->useragent_ip;
    } else if (is(name, "REMOTE_HOST")) {
        value = ap_get_useragent_host(request, REMOTE_NAME, NULL);
    } else if (is(name, "REMOTE_IDENT")) {
        value = ap_get_remote_logname(request);
    } else if (is(name, "REMOTE_USER")) {
        value = request->user;
    } else if (is(name, "AUTH_TYPE")) {
        value = request->ap_auth_type;
    } else if (is(name, "IS_SUBREQ")) {
        value = request->main == NULL ? "false" : "true";
    } else if (is(name, "SERVER_ADMIN")) {
        value = request->server->server_admin;
    } else if (is(name, "SERVER_NAME")) {
        value = ap_get_server_name(request);
    } else if (is(name, "SERVER_PORT")) {
        value = apr_psprintf(request->pool, "%u", ap_get_server_port(request));
    } else if (is(name, "SERVER_PROTOCOL")) {
        value = request->protocol;
    } else {
        return NULL;
    }
    return value == NULL ? "" : value;
}

/// `TIME` and its parts, in local time.
static const char *of_time(apr_pool_t *pool, const char *name) {
    apr_time_exp_t now;
    if (strncasecmp(name, "TIME", 4) != 0 || apr_time_exp_lt(&now, apr_time_now()) != APR_SUCCESS) {
        return NULL;
    }
    int year = now.tm_year + 1900;
    if (is(name, "TIME")) {
        return apr_psprintf(
            pool, "%04d%02d%02d%02d%02d%02d", year, now.tm_mon + 1, now.tm_mday, now.tm_hour, now.tm_min, now.tm_sec);
    }
    if (is(name, "TIME_YEAR")) {
        return apr_psprintf(pool, "%04d", year);
    }
    if (is(name, "TIME_WDAY")) {
        return apr_psprintf(pool, "%d", now.tm_wday);
    }
    int part;
    if (is(name, "TIME_MON")) {
        part = now.tm_mon + 1;
    } else if (is(name, "TIME_DAY")) {
        part = now.tm_mday;
    } else if (is(name, "TIME_HOUR")) {
        part = now.tm_hour;
    } else if (is(name, "TIME_MIN")) {
        part = now.tm_min;
    } else if (is(name, "TIME_SEC")) {
        part = now.tm_sec;
    } else {
        return NULL;
    }
    return apr_psprintf(pool, "%02d", part);
}

const char *tlsd_request_variable(
    apr_pool_t *pool, conn_rec *connection, request_rec *request, const char *name
) {
    const char *value = request == NULL ? NULL : of_request(request, name);
    if (value != NULL) {
        return value;
    }
    if (connection != NULL && is(name, "REMOTE_ADDR")) {
        return connection->client_ip;
    }
    if (connection != NULL && is(name, "HTTPS") && ap_ssl_conn_is_ssl(connection) == 0) {
        return "off";
    }
    if (is(name, "SERVER_SOFTWARE")) {
        return ap_get_server_banner();
    }
    if (is(name, "API_VERSION")) {
        return apr_psprintf(pool, "%d", MODULE_MAGIC_NUMBER_MAJOR);
    }
    return of_time(pool, name);
}
