// SPDX-License-Identifier: Apache-2.0

#include "CCertificateCompression.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <limits.h>
#include <string.h>
#include <zlib.h>

// What zlib counts in unsigned int and this interface returns as long.
static int fits(size_t count, size_t input) { return input <= count && count <= INT_MAX; }

long cc_zlib_compress(uint8_t *buffer, size_t count, size_t input) {
    if (!fits(count, input)) return -1;
    uLongf written = count - input;
    return compress2(buffer + input, &written, buffer, input, Z_BEST_COMPRESSION) == Z_OK ? (long)written : -1;
}

long cc_zlib_decompress(uint8_t *buffer, size_t count, size_t input) {
    if (!fits(count, input)) return -1;
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    stream.next_in = buffer;
    stream.avail_in = (uInt)input;
    stream.next_out = buffer + input;
    stream.avail_out = (uInt)(count - input);
    if (inflateInit(&stream) != Z_OK) return -1;
    int status = inflate(&stream, Z_FINISH);
    long written = status == Z_STREAM_END && stream.avail_in == 0 ? (long)stream.total_out : -1;
    inflateEnd(&stream);
    return written;
}

long cc_brotli_compress(uint8_t *buffer, size_t count, size_t input) {
    if (!fits(count, input)) return -1;
    size_t written = count - input;
    return BrotliEncoderCompress(BROTLI_DEFAULT_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, input, buffer,
                                 &written, buffer + input)
               ? (long)written
               : -1;
}

long cc_brotli_decompress(uint8_t *buffer, size_t count, size_t input) {
    if (!fits(count, input)) return -1;
    BrotliDecoderState *decoder = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    if (decoder == NULL) return -1;
    const uint8_t *next_in = buffer;
    uint8_t *next_out = buffer + input;
    size_t available_in = input, available_out = count - input, written = 0;
    BrotliDecoderResult result =
        BrotliDecoderDecompressStream(decoder, &available_in, &next_in, &available_out, &next_out, &written);
    BrotliDecoderDestroyInstance(decoder);
    return result == BROTLI_DECODER_RESULT_SUCCESS && available_in == 0 ? (long)written : -1;
}
