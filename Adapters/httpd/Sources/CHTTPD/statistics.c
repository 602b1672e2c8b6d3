// SPDX-License-Identifier: Apache-2.0
// What the processes have done, for the page of mod_status.

#include "CHTTPD.h"

#include <apr_shm.h>
#include <http_main.h>
#include <mod_status.h>

/// Counters that all processes share, since the last restart.
typedef struct {
    uint64_t full;
    uint64_t resumed;
    uint64_t failed;
} counters;

static counters *shared;

void tlsd_statistics_reset(void) {
    shared = NULL;
}

void tlsd_statistics_start(apr_pool_t *pool) {
    apr_shm_t *memory;
    if (apr_shm_create(&memory, sizeof *shared, NULL, pool) == APR_SUCCESS) {
        shared = apr_shm_baseaddr_get(memory);
        memset(shared, 0, sizeof *shared);
    }
}

void tlsd_count_handshake(tlsd_handshake outcome) {
    if (shared == NULL) {
        return;
    }
    uint64_t *counter = outcome == tlsd_handshake_full      ? &shared->full
                        : outcome == tlsd_handshake_resumed ? &shared->resumed
                                                            : &shared->failed;
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static int show(request_rec *request, int flags) {
    if (shared == NULL) {
        return DECLINED;
    }
    uint64_t full = __atomic_load_n(&shared->full, __ATOMIC_RELAXED);
    uint64_t resumed = __atomic_load_n(&shared->resumed, __ATOMIC_RELAXED);
    uint64_t failed = __atomic_load_n(&shared->failed, __ATOMIC_RELAXED);
    uint64_t done = full + resumed;
    double rate = done == 0 ? 0 : 100.0 * (double)resumed / (double)done;
    const char *format = flags & AP_STATUS_SHORT
        ? "TLSHandshakes: %" APR_UINT64_T_FMT "\nTLSResumed: %" APR_UINT64_T_FMT "\nTLSFailed: %" APR_UINT64_T_FMT
          "\nTLSResumptionRate: %.1f\n"
        : "<hr />\n<h2>SafeTLS</h2>\n<p>Handshakes: %" APR_UINT64_T_FMT ", of which resumed: %" APR_UINT64_T_FMT
          ", failed: %" APR_UINT64_T_FMT ", resumption rate: %.1f %%</p>\n";
    ap_rprintf(request, format, done, resumed, failed, rate);
    if (ap_server_conf != NULL) {
        tlsd_certificates_show(request, ap_server_conf, (flags & AP_STATUS_SHORT) != 0);
    }
    tlsd_caches_show(request, flags);
    return OK;
}

void tlsd_register_status_page(void) {
    APR_OPTIONAL_HOOK(ap, status_hook, show, NULL, NULL, APR_HOOK_MIDDLE);
}
