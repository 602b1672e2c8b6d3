// SPDX-License-Identifier: Apache-2.0

#include "transport.h"

#include <string.h>

static int transport_write(BIO *bio, const char *bytes, size_t count, size_t *written) {
    struct pipe *output = ((struct ends *)BIO_get_data(bio))->output;
    BIO_clear_retry_flags(bio);
    if (!output->is_sink) {
        if (count > output->capacity - output->end) return 0;
        memcpy(output->bytes + output->end, bytes, count);
        output->end += count;
    }
    *written = count;
    return 1;
}

static int transport_read(BIO *bio, char *bytes, size_t count, size_t *read) {
    struct pipe *input = ((struct ends *)BIO_get_data(bio))->input;
    BIO_clear_retry_flags(bio);
    size_t available = input->end - input->start;
    if (available == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    if (count > available) count = available;
    memcpy(bytes, input->bytes + input->start, count);
    input->start += count;
    if (input->start == input->end) input->start = input->end = 0;
    *read = count;
    return 1;
}

static long transport_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

const BIO_METHOD *transport(void) {
    static BIO_METHOD *method;
    if (method == NULL) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "benchmark");
        BIO_meth_set_write_ex(method, transport_write);
        BIO_meth_set_read_ex(method, transport_read);
        BIO_meth_set_ctrl(method, transport_control);
    }
    return method;
}
