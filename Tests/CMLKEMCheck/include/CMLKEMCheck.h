// SPDX-License-Identifier: Apache-2.0
//
// What checking for secrets needs of C: valgrind's client requests, a stack to look through, a clock of the processor.

#ifndef CMLKEMCHECK_H
#define CMLKEMCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lifetimebound.h>
#include <ptrcheck.h>

/// Whether the program runs under valgrind's memcheck, and the requests were compiled in.
bool check_has_memcheck(void);

/// Marks bytes as undefined: memcheck complains about every branch and every address that depends on them.
void check_make_secret(uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Marks bytes as defined.
void check_make_public(uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Runs a function on a stack of its own, which is kept.
bool check_run_on_own_stack(void (*operation)(void));

/// Whether that stack has eight bytes in a row, at any place, that `secret` has in a row.
bool check_stack_has(const uint8_t *__counted_by(count) secret __noescape, size_t count);

/// How many bytes of that stack the function used.
size_t check_stack_depth(void);

/// libcrypto's X25519 of a private key and a peer's public key, 32 bytes each, which the private one's public key and the
/// shared secret follow: 128 bytes in all.
bool check_libcrypto_x25519(uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Keeps in mind where bytes are.
void check_remember(uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// How many of these bytes are where others were that were remembered last, though that memory may have been freed; -1 where that
/// cannot be looked into.
long check_remembered(const uint8_t *__counted_by(count) bytes __noescape, size_t count);

/// Has libcrypto read its configuration from a file, where it has not read another one yet.
bool check_use_configuration(const uint8_t *__counted_by(count) path __noescape, size_t count);

/// Whether libcrypto has its default provider loaded, once it has read its configuration.
bool check_has_default_provider(void);

/// Has standard output written line by line, wherever it goes.
void check_print_by_lines(void);

/// A counter that goes up steadily and fast.
uint64_t check_ticks(void);

#endif
