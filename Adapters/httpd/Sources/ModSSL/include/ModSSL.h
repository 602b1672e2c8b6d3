// SPDX-License-Identifier: Apache-2.0
// The face `ssl_module`: the record that httpd loads and its table of SSL* directives.

#ifndef MOD_SSL_FACE_H
#define MOD_SSL_FACE_H

#include <CHTTPD.h>

extern module AP_MODULE_DECLARE_DATA ssl_module;

#endif
