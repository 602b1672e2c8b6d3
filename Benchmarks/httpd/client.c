// SPDX-License-Identifier: Apache-2.0
//
// client PORT VERSION MODE COUNT PATH: a client of httpd on loopback that does little besides TLS.
//
//   full     COUNT connections, each with a full handshake and one request
//   resumed  the same, each resuming the session of the one before; the first, which cannot, is not counted
//   fetch    COUNT requests on one connection
//   idle     COUNT connections, each with one request; then it says "ready" and holds them until its input ends
//
// VERSION is 1.2 or 1.3. Prints how many connections were made, how many of them were resumed, the bytes that came, and
// the seconds that passed. Ends with 1 when anything fails.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static SSL_CTX *context;
static SSL_SESSION *newest;
static struct sockaddr_in server;
static char request[512];
static long connections, resumed;
static long long received;

static void fail(const char *what) {
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int keep(SSL *ssl, SSL_SESSION *session) {
    (void)ssl;
    SSL_SESSION_free(newest);
    newest = session;
    return 1;
}

static SSL *connected(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&server, sizeof server) != 0) fail("connect");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, descriptor) != 1) fail("session");
    SSL_set_tlsext_host_name(ssl, "localhost");
    if (newest != NULL) SSL_set_session(ssl, newest);
    if (SSL_connect(ssl) != 1) fail("handshake");
    connections += 1;
    resumed += SSL_session_reused(ssl);
    return ssl;
}

static void end(SSL *ssl) {
    SSL_shutdown(ssl);
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
}

// Sends the request and reads its response, whose body has the length that its head names.
static void ask(SSL *ssl) {
    static char buffer[1 << 18];
    if (SSL_write(ssl, request, (int)strlen(request)) <= 0) fail("request");
    size_t filled = 0;
    char *body = NULL;
    while (body == NULL) {
        int count = SSL_read(ssl, buffer + filled, (int)(sizeof buffer - 1 - filled));
        if (count <= 0) fail("response");
        filled += (size_t)count;
        buffer[filled] = 0;
        body = strstr(buffer, "\r\n\r\n");
    }
    char *length = strstr(buffer, "Content-Length: ");
    if (strncmp(buffer, "HTTP/1.1 200", 12) != 0 || length == NULL) fail("status");
    long long left = atoll(length + 16) - (long long)(filled - (size_t)(body + 4 - buffer));
    received += (long long)filled;
    while (left > 0) {
        int count = SSL_read(ssl, buffer, sizeof buffer);
        if (count <= 0) fail("body");
        left -= count;
        received += count;
    }
}

static void prepare(int port, const char *version) {
    int number = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) fail("context");
    SSL_CTX_set_min_proto_version(context, number);
    SSL_CTX_set_max_proto_version(context, number);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

int main(int count, char **words) {
    if (count != 6) fail("usage: client PORT VERSION MODE COUNT PATH");
    const char *mode = words[3];
    long wanted = atol(words[4]);
    int is_resumed = strcmp(mode, "resumed") == 0, is_one = strcmp(mode, "fetch") == 0, is_idle = strcmp(mode, "idle") == 0;
    prepare(atoi(words[1]), words[2]);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", words[5],
        is_one || is_idle ? "" : "Connection: close\r\n");
    if (is_resumed) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep);
        SSL *first = connected();
        ask(first);
        end(first);
        connections = 0;
    }
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    SSL *kept = is_one ? connected() : NULL;
    for (long number = 0; number < wanted; number++) {
        SSL *ssl = is_one ? kept : connected();
        ask(ssl);
        if (!is_one && !is_idle) end(ssl);
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("%ld %ld %lld %.6f\n", connections, resumed, received,
        (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9);
    if (is_idle) {
        puts("ready");
        fflush(stdout);
        while (getchar() != EOF) {}
    }
    return 0;
}
