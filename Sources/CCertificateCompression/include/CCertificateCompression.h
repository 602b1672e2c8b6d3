// SPDX-License-Identifier: Apache-2.0
//
// One-shot compression by the system's zlib and brotli, with bounds that Swift can see. Each call reads the first
// `input` bytes of `buffer` and writes behind them, as far as the buffer reaches. It returns the count of bytes
// written, or -1 when there is not enough room or the input is not of the format.

#ifndef CCERTIFICATECOMPRESSION_H
#define CCERTIFICATECOMPRESSION_H

#include <stddef.h>
#include <stdint.h>

#include <lifetimebound.h>
#include <ptrcheck.h>

long cc_zlib_compress(uint8_t *__counted_by(count) buffer __noescape, size_t count, size_t input);

long cc_zlib_decompress(uint8_t *__counted_by(count) buffer __noescape, size_t count, size_t input);

long cc_brotli_compress(uint8_t *__counted_by(count) buffer __noescape, size_t count, size_t input);

long cc_brotli_decompress(uint8_t *__counted_by(count) buffer __noescape, size_t count, size_t input);

#endif
