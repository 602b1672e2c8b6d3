// SPDX-License-Identifier: Apache-2.0
// Sessions in a cache that all of httpd's processes share: any of its ap_socache providers.

#include "CHTTPD.h"

#include <ap_provider.h>
#include <ap_socache.h>
#include <apr_global_mutex.h>
#include <util_mutex.h>

static const char mutex_type[] = "ssl-cache";

/// One for each reading of the configuration, in its pool.
static struct {
    ap_socache_provider_t *provider;
    ap_socache_instance_t *instance;
    apr_global_mutex_t *mutex;
    server_rec *server;
    apr_pool_t *pool;
} cache;

void tlsd_cache_reset(apr_pool_t *pool) {
    memset(&cache, 0, sizeof cache);
    cache.pool = pool;
    ap_mutex_register(pool, mutex_type, NULL, APR_LOCK_DEFAULT, 0);
    if (tlsd_is_ssl_face()) {
        // Directives `Mutex` name these, too.
        ap_mutex_register(pool, "ssl-stapling", NULL, APR_LOCK_DEFAULT, 0);
        ap_mutex_register(pool, "ssl-stapling-refresh", NULL, APR_LOCK_DEFAULT, 0);
    }
}

const char *tlsd_cache_configure(cmd_parms *command, const char *text) {
    const char *colon = strchr(text, ':');
    const char *name = colon == NULL ? text : apr_pstrmemdup(command->pool, text, (apr_size_t)(colon - text));
    if (strcasecmp(name, "none") == 0 || strcasecmp(name, "nonenotnull") == 0 || strcasecmp(name, "default") == 0) {
        cache.provider = NULL;
        return NULL;
    }
    cache.provider = ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, name, AP_SOCACHE_PROVIDER_VERSION);
    if (cache.provider == NULL) {
        return apr_psprintf(
            command->pool, "there is no cache provider '%s': is mod_socache_%s loaded?", name, name);
    }
    return cache.provider->create(&cache.instance, colon == NULL ? NULL : colon + 1, command->temp_pool, command->pool);
}

bool tlsd_cache_is_configured(void) {
    return cache.provider != NULL;
}

int tlsd_cache_start(server_rec *server, apr_pool_t *pool) {
    static const struct ap_socache_hints hints = {.avg_obj_size = 512, .avg_id_len = 32, .expiry_interval = 60000000};
    if (cache.provider == NULL) {
        return OK;
    }
    cache.server = server;
    cache.pool = pool;
    if (cache.provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE) {
        if (ap_global_mutex_create(&cache.mutex, NULL, mutex_type, NULL, server, pool, 0) != APR_SUCCESS) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return cache.provider->init(cache.instance, "safetls-session", &hints, server, pool) == APR_SUCCESS
        ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

void tlsd_cache_start_child(apr_pool_t *pool, server_rec *server) {
    tlsd_forget_passphrases();
    if (cache.mutex != NULL) {
        const char *lock_file = apr_global_mutex_lockfile(cache.mutex);
        if (apr_global_mutex_child_init(&cache.mutex, lock_file, pool) != APR_SUCCESS) {
            cache.provider = NULL;
        }
    }
}

static bool lock(void) {
    return cache.provider != NULL && (cache.mutex == NULL || apr_global_mutex_lock(cache.mutex) == APR_SUCCESS);
}

static void unlock(void) {
    if (cache.mutex != NULL) {
        apr_global_mutex_unlock(cache.mutex);
    }
}

void tlsd_cache_store(
    const uint8_t *identifier, unsigned identifier_length, const uint8_t *session, unsigned length, int64_t expiry
) {
    apr_pool_t *pool;
    if (!lock()) {
        return;
    }
    if (apr_pool_create(&pool, NULL) == APR_SUCCESS) {
        cache.provider->store(
            cache.instance, cache.server, identifier, identifier_length, apr_time_from_sec(expiry),
            (unsigned char *)session, length, pool);
        apr_pool_destroy(pool);
    }
    unlock();
}

unsigned tlsd_cache_find(
    const uint8_t *identifier, unsigned identifier_length, uint8_t *session, unsigned capacity
) {
    apr_pool_t *pool;
    unsigned length = capacity;
    if (!lock()) {
        return 0;
    }
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS
        || cache.provider->retrieve(
               cache.instance, cache.server, identifier, identifier_length, session, &length, pool) != APR_SUCCESS) {
        length = 0;
    }
    if (pool != NULL) {
        apr_pool_destroy(pool);
    }
    unlock();
    return length <= capacity ? length : 0;
}

bool tlsd_cache_remove(const uint8_t *identifier, unsigned identifier_length) {
    apr_pool_t *pool;
    uint8_t session[8192];
    unsigned length = sizeof session;
    bool was_there = false;
    if (!lock()) {
        return false;
    }
    // Providers do not say whether they had anything: looking and removing are one step under the lock.
    if (apr_pool_create(&pool, NULL) == APR_SUCCESS) {
        was_there = cache.provider->retrieve(
                        cache.instance, cache.server, identifier, identifier_length, session, &length, pool)
            == APR_SUCCESS;
        cache.provider->remove(cache.instance, cache.server, identifier, identifier_length, pool);
        apr_pool_destroy(pool);
    }
    unlock();
    return was_there;
}

void tlsd_cache_show(request_rec *request, int flags) {
    if (lock()) {
        if (cache.provider->status != NULL) {
            cache.provider->status(cache.instance, request, flags);
        }
        unlock();
    }
}
