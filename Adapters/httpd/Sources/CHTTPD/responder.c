// SPDX-License-Identifier: Apache-2.0
// Conversations with OCSP responders, and the thread that has them ahead of time.

#include "CHTTPD.h"

#include <apr_optional.h>
#include <mod_watchdog.h>

// MARK: A conversation

/// Lets the next operation of a socket take what is left of the time; false when nothing is.
static bool limit(apr_socket_t *socket, apr_time_t end) {
    apr_time_t now = apr_time_now();
    return now < end && apr_socket_timeout_set(socket, end - now) == APR_SUCCESS;
}

static apr_socket_t *connect_to(apr_pool_t *pool, const char *host, uint16_t port, apr_time_t end) {
    apr_sockaddr_t *address;
    if (apr_sockaddr_info_get(&address, host, APR_UNSPEC, port, 0, pool) != APR_SUCCESS) {
        return NULL;
    }
    apr_time_t rest = 0;
    for (const apr_sockaddr_t *each = address; each != NULL; each = each->next) {
        rest++;
    }
    for (; address != NULL; address = address->next, rest--) {
        // An address that is silent leaves the others their share of the time.
        apr_time_t now = apr_time_now();
        apr_time_t share = now + (end - now) / rest;
        apr_socket_t *socket;
        if (apr_socket_create(&socket, address->family, SOCK_STREAM, APR_PROTO_TCP, pool) != APR_SUCCESS) {
            continue;
        }
        if (limit(socket, share) && apr_socket_connect(socket, address) == APR_SUCCESS) {
            return socket;
        }
        apr_socket_close(socket);
    }
    return NULL;
}

static bool send_all(apr_socket_t *socket, const uint8_t *bytes, size_t count, apr_time_t end) {
    while (count > 0) {
        apr_size_t length = count;
        apr_status_t status = limit(socket, end) ? apr_socket_send(socket, (const char *)bytes, &length) : APR_TIMEUP;
        if (status != APR_SUCCESS) {
            return false;
        }
        bytes += length;
        count -= length;
    }
    return true;
}

ssize_t tlsd_ask_responder(
    apr_pool_t *pool, const char *host, uint16_t port, const uint8_t *request, size_t length, uint8_t *reply,
    size_t capacity, apr_interval_time_t most, tlsd_reply_check check, void *context, const char **sentence
) {
    apr_time_t end = apr_time_now() + most;
    size_t count = 0;
    apr_socket_t *socket = connect_to(pool, host, port, end);
    *sentence = NULL;
    if (socket == NULL) {
        *sentence = "it cannot be reached";
        return -1;
    }
    if (!send_all(socket, request, length, end)) {
        *sentence = "it does not take the request";
    }
    while (*sentence == NULL) {
        apr_size_t part = capacity - count;
        if (part == 0) {
            *sentence = "its reply is too long";
            break;
        }
        apr_status_t status = limit(socket, end) ? apr_socket_recv(socket, (char *)reply + count, &part) : APR_TIMEUP;
        if (APR_STATUS_IS_EOF(status)) {
            break;
        }
        if (status != APR_SUCCESS) {
            *sentence = APR_STATUS_IS_TIMEUP(status) ? "it takes too long" : "it breaks the connection off";
            break;
        }
        count += part;
        if (check(context, reply, count)) {
            break;
        }
    }
    apr_socket_close(socket);
    return *sentence == NULL ? (ssize_t)count : -1;
}

// MARK: Ahead of time

static apr_status_t step(int state, void *data, apr_pool_t *pool) {
    if (state == AP_WATCHDOG_STATE_RUNNING) {
        tlsd_fetch_staples(data, pool);
    }
    return APR_SUCCESS;
}

bool tlsd_fetch_regularly(server_rec *server, apr_pool_t *pool) {
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *enter = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    return get != NULL && enter != NULL
        && get(&watchdog, "_safetls_stapling_", /* in the parent */ 0, /* in one process */ 1, pool) == APR_SUCCESS
        && enter(watchdog, AP_WD_TM_INTERVAL, server, step) == APR_SUCCESS;
}
