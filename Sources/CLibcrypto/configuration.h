// SPDX-License-Identifier: Apache-2.0
#ifndef SAFETLS_CLIBCRYPTO_CONFIGURATION_H
#define SAFETLS_CLIBCRYPTO_CONFIGURATION_H

#include <openssl/conf.h>
#include <stdbool.h>

// A CONF, whose insides some releases show and others do not.
typedef struct safetls_configuration safetls_configuration;

// A file of OpenSSL's configuration, with what it includes; NULL when it cannot be read.
static inline safetls_configuration *_Nullable safetls_configuration_load(const char *_Nonnull path) {
    CONF *file = NCONF_new(NULL);
    if (file != NULL && NCONF_load(file, path, NULL) != 1) {
        NCONF_free(file);
        file = NULL;
    }
    return (safetls_configuration *)file;
}

static inline void safetls_configuration_free(safetls_configuration *_Nonnull file) {
    NCONF_free((CONF *)file);
}

// One line of a section, in their order; false behind the last. The strings live as long as the file.
static inline bool safetls_configuration_line(
    const safetls_configuration *_Nonnull file, const char *_Nonnull section, int index,
    const char *_Nullable *_Nonnull name, const char *_Nullable *_Nonnull value) {
    STACK_OF(CONF_VALUE) *lines = NCONF_get_section((const CONF *)file, section);
    if (lines == NULL || index >= sk_CONF_VALUE_num(lines)) {
        return false;
    }
    const CONF_VALUE *line = sk_CONF_VALUE_value(lines, index);
    *name = line->name;
    *value = line->value;
    return true;
}

// A value outside of all sections.
static inline const char *_Nullable safetls_configuration_value(
    const safetls_configuration *_Nonnull file, const char *_Nonnull name) {
    return NCONF_get_string((const CONF *)file, NULL, name);
}

static inline char *_Nullable safetls_configuration_path(void) {
    return CONF_get1_default_config_file();
}

static inline void safetls_configuration_free_path(char *_Nonnull path) {
    OPENSSL_free(path);
}

#endif
