// SPDX-License-Identifier: Apache-2.0
// What all of httpd's processes share: caches by any of its ap_socache providers, one for sessions and one for OCSP
// responses.

#include "CHTTPD.h"

#include <ap_provider.h>
#include <ap_socache.h>
#include <apr_global_mutex.h>
#include <mod_status.h>
#include <util_mutex.h>

/// Made anew for each reading of the configuration, in its pool.
static struct cache {
    const ap_socache_provider_t *provider;
    ap_socache_instance_t *instance;
    apr_global_mutex_t *mutex;
    server_rec *server;
    /// Until when nobody waits for the lock, in this process.
    apr_time_t unavailable;
} caches[2];

/// Whether this process speaks with clients. The parent, which is root, neither reads what such processes have written nor
/// waits for a lock that one of them holds: one that was taken over would have it at its mercy.
static bool is_child;

/// How the mutexes are called that directives `Mutex` name, and the caches.
static const char *const mutex_types[] = {[tlsd_sessions] = "ssl-cache", [tlsd_staples] = "ssl-stapling"};
static const char *const names[] = {[tlsd_sessions] = "safetls-session", [tlsd_staples] = "safetls-staple"};

void tlsd_cache_reset(apr_pool_t *pool) {
    memset(caches, 0, sizeof caches);
    ap_mutex_register(pool, mutex_types[tlsd_sessions], NULL, APR_LOCK_DEFAULT, 0);
    if (tlsd_is_ssl_face()) {
        ap_mutex_register(pool, mutex_types[tlsd_staples], NULL, APR_LOCK_DEFAULT, 0);
        // Directives `Mutex` name this, too.
        ap_mutex_register(pool, "ssl-stapling-refresh", NULL, APR_LOCK_DEFAULT, 0);
    }
}

const char *tlsd_cache_configure(tlsd_cache which, cmd_parms *command, const char *text) {
    struct cache *cache = &caches[which];
    const char *colon = strchr(text, ':');
    const char *name = colon == NULL ? text : apr_pstrmemdup(command->pool, text, (apr_size_t)(colon - text));
    if (strcasecmp(name, "none") == 0 || strcasecmp(name, "nonenotnull") == 0 || strcasecmp(name, "default") == 0) {
        cache->provider = NULL;
        return NULL;
    }
    cache->provider = ap_lookup_provider(AP_SOCACHE_PROVIDER_GROUP, name, AP_SOCACHE_PROVIDER_VERSION);
    if (cache->provider == NULL) {
        return apr_psprintf(
            command->pool, "there is no cache provider '%s': is mod_socache_%s loaded?", name, name);
    }
    if (strcasecmp(name, "dbm") == 0) {
        tlsd_warn_of_cache(text);
    }
    return cache->provider->create(
        &cache->instance, colon == NULL ? NULL : colon + 1, command->temp_pool, command->pool);
}

bool tlsd_cache_is_configured(tlsd_cache which) {
    return caches[which].provider != NULL;
}

static int start(tlsd_cache which, server_rec *server, apr_pool_t *pool) {
    // OCSP responses have some 2 KiB with the certificate of their responder.
    static const struct ap_socache_hints hints[] = {
        [tlsd_sessions] = {.avg_obj_size = 512, .avg_id_len = 32, .expiry_interval = 60000000},
        [tlsd_staples] = {.avg_obj_size = 2048, .avg_id_len = 32, .expiry_interval = 60000000},
    };
    struct cache *cache = &caches[which];
    if (cache->provider == NULL) {
        return OK;
    }
    cache->server = server;
    if (cache->provider->flags & AP_SOCACHE_FLAG_NOTMPSAFE) {
        if (ap_global_mutex_create(&cache->mutex, NULL, mutex_types[which], NULL, server, pool, 0) != APR_SUCCESS) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return cache->provider->init(cache->instance, names[which], &hints[which], server, pool) == APR_SUCCESS
        ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

int tlsd_caches_start(server_rec *server, apr_pool_t *pool) {
    int status = start(tlsd_sessions, server, pool);
    return status == OK ? start(tlsd_staples, server, pool) : status;
}

void tlsd_caches_start_child(apr_pool_t *pool, server_rec *server) {
    tlsd_forget_passphrases();
    is_child = true;
    for (size_t which = 0; which < sizeof caches / sizeof caches[0]; which++) {
        struct cache *cache = &caches[which];
        if (cache->mutex != NULL) {
            const char *lock_file = apr_global_mutex_lockfile(cache->mutex);
            if (apr_global_mutex_child_init(&cache->mutex, lock_file, pool) != APR_SUCCESS) {
                cache->provider = NULL;
            }
        }
    }
}

/// How long a lock is waited for, and for how long it is not waited for after that, in microseconds: who holds it may have
/// been stopped. Whoever has it needs it for some microseconds. All processes may have been stopped, and the one that waits is the
/// first that goes on: it has to try often, too.
enum { patience = 200000, tries = 150, resignation = 10000000 };

static bool lock(struct cache *cache) {
    if (!is_child || cache->provider == NULL) {
        return false;
    }
    if (cache->mutex == NULL) {
        return true;
    }
    apr_time_t end = 0;
    unsigned tried = 0;
    for (apr_interval_time_t pause = 50;; pause = pause < 1000 ? 2 * pause : pause, tried++) {
        apr_status_t status = apr_global_mutex_trylock(cache->mutex);
        if (APR_STATUS_IS_ENOTIMPL(status)) {
            return apr_global_mutex_lock(cache->mutex) == APR_SUCCESS;
        }
        if (!APR_STATUS_IS_EBUSY(status)) {
            return status == APR_SUCCESS;
        }
        apr_time_t now = apr_time_now();
        apr_time_t unavailable = __atomic_load_n(&cache->unavailable, __ATOMIC_RELAXED);
        if (now < unavailable && unavailable <= now + resignation) {
            return false;
        }
        if (end == 0) {
            end = now + patience;
        }
        if (now >= end && tried >= tries) {
            __atomic_store_n(&cache->unavailable, now + resignation, __ATOMIC_RELAXED);
            tlsd_report_locked_cache(cache->server, mutex_types[cache - caches]);
            return false;
        }
        apr_sleep(pause);
    }
}

static void unlock(struct cache *cache) {
    if (cache->mutex != NULL) {
        apr_global_mutex_unlock(cache->mutex);
    }
}

void tlsd_cache_store(
    tlsd_cache which, const uint8_t *identifier, unsigned identifier_length, const uint8_t *value, unsigned length,
    int64_t expiry
) {
    struct cache *cache = &caches[which];
    apr_pool_t *pool;
    if (!lock(cache)) {
        return;
    }
    if (apr_pool_create(&pool, NULL) == APR_SUCCESS) {
        cache->provider->store(
            cache->instance, cache->server, identifier, identifier_length, apr_time_from_sec(expiry),
            (unsigned char *)value, length, pool);
        apr_pool_destroy(pool);
    }
    unlock(cache);
}

unsigned tlsd_cache_find(
    tlsd_cache which, const uint8_t *identifier, unsigned identifier_length, uint8_t *value, unsigned capacity
) {
    struct cache *cache = &caches[which];
    apr_pool_t *pool;
    unsigned length = capacity;
    if (!lock(cache)) {
        return 0;
    }
    if (apr_pool_create(&pool, NULL) != APR_SUCCESS
        || cache->provider->retrieve(
               cache->instance, cache->server, identifier, identifier_length, value, &length, pool) != APR_SUCCESS) {
        length = 0;
    }
    if (pool != NULL) {
        apr_pool_destroy(pool);
    }
    unlock(cache);
    return length <= capacity ? length : 0;
}

bool tlsd_cache_remove(tlsd_cache which, const uint8_t *identifier, unsigned identifier_length) {
    struct cache *cache = &caches[which];
    apr_pool_t *pool;
    uint8_t value[8192];
    unsigned length = sizeof value;
    bool was_there = false;
    if (!lock(cache)) {
        return false;
    }
    // Providers do not say whether they had anything: looking and removing are one step under the lock.
    if (apr_pool_create(&pool, NULL) == APR_SUCCESS) {
        was_there = cache->provider->retrieve(
                        cache->instance, cache->server, identifier, identifier_length, value, &length, pool)
            == APR_SUCCESS;
        cache->provider->remove(cache->instance, cache->server, identifier, identifier_length, pool);
        apr_pool_destroy(pool);
    }
    unlock(cache);
    return was_there;
}

void tlsd_caches_show(request_rec *request, int flags) {
    static const char *const titles[] = {[tlsd_sessions] = "Sessions", [tlsd_staples] = "OCSP responses"};
    bool is_short = flags & AP_STATUS_SHORT;
    for (size_t which = 0; which < sizeof caches / sizeof caches[0]; which++) {
        struct cache *cache = &caches[which];
        // Providers give the same names to what they say of either cache: programs read the first, as with mod_ssl.
        if ((is_short && which != tlsd_sessions) || !lock(cache)) {
            continue;
        }
        if (cache->provider->status != NULL) {
            if (is_short) {
                ap_rputs("TLSSessionCacheStatus\n", request);
            } else {
                ap_rprintf(request, "<h3>%s</h3>\n", titles[which]);
            }
            cache->provider->status(cache->instance, request, flags);
        }
        unlock(cache);
    }
}
