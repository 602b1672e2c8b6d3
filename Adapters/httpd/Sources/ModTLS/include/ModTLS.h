// SPDX-License-Identifier: Apache-2.0
// The face `tls_module`: the record that httpd loads and its table of TLS* directives.

#ifndef MOD_TLS_H
#define MOD_TLS_H

#include <CHTTPD.h>

extern module AP_MODULE_DECLARE_DATA tls_module;

#endif
