// SPDX-License-Identifier: Apache-2.0
// Memory in which the processes remember whose 0-RTT data they have taken.

#include "CHTTPD.h"

#include <apr_shm.h>

/// One for each reading of the configuration, as ticket keys are. Processes of the last one keep theirs.
static struct {
    uint64_t *words;
    size_t count;
} replay;

void tlsd_replay_reset(void) {
    replay.words = NULL;
    replay.count = 0;
}

bool tlsd_replay_create(apr_pool_t *pool, size_t count) {
    apr_shm_t *shared;
    if (apr_shm_create(&shared, count * sizeof *replay.words, NULL, pool) != APR_SUCCESS) {
        return false;
    }
    replay.words = apr_shm_baseaddr_get(shared);
    replay.count = count;
    memset(replay.words, 0, count * sizeof *replay.words);
    return true;
}

size_t tlsd_replay_count(void) {
    return replay.count;
}

uint64_t tlsd_replay_load(size_t index) {
    return __atomic_load_n(&replay.words[index], __ATOMIC_SEQ_CST);
}

bool tlsd_replay_exchange(size_t index, uint64_t old, uint64_t word) {
    return __atomic_compare_exchange_n(&replay.words[index], &old, word, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
