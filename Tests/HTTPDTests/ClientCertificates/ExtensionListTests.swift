// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Extensions of certificates in expressions, and for other modules.
@Suite struct ExtensionListTests {
    /// A module that shows what mod_ssl's optional function gives for the query string; with a path below its own, of the
    /// server's certificate.
    private static let source = """
        #include <httpd.h>
        #include <http_config.h>
        #include <http_protocol.h>
        #include <apr_optional.h>
        APR_DECLARE_OPTIONAL_FN(apr_array_header_t *, ssl_ext_list, (apr_pool_t *, conn_rec *, int, const char *));
        static int show(request_rec *request) {
            if (request->handler == NULL || strcmp(request->handler, "extension-list") != 0) return DECLINED;
            int of_peer = strcmp(request->uri, "/list/server") != 0;
            APR_OPTIONAL_FN_TYPE(ssl_ext_list) *list = APR_RETRIEVE_OPTIONAL_FN(ssl_ext_list);
            apr_array_header_t *found = list == NULL ? NULL : list(request->pool, request->connection, of_peer, request->args);
            if (found == NULL) ap_rputs("none", request);
            for (int index = 0; found != NULL && index < found->nelts; index++)
                ap_rprintf(request, "[%s]", APR_ARRAY_IDX(found, index, const char *));
            return OK;
        }
        static void register_hooks(apr_pool_t *pool) { ap_hook_handler(show, NULL, NULL, APR_HOOK_MIDDLE); }
        module AP_MODULE_DECLARE_DATA list_module =
            {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks};
        """

    /// An authority, a server, two clients with extensions and without, and the module.
    private static func files() throws -> URL {
        let directory = try TemporaryDirectory.make("extensions")
        try Data(source.utf8).write(to: directory.appendingPathComponent("mod_list.c"))
        let script = """
            set -eu
            cd '\(directory.path)'
            # A toolchain of Swift brings clang.
            $(command -v clang || command -v cc) -shared -fPIC $(apr-1-config --cppflags --includes) -I"$(apxs -q INCLUDEDIR)" mod_list.c -o mod_list.so
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 9 -subj /CN=authority
            issue() {
                openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1"
                openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile $1.ext -out $1.pem
            }
            printf 'subjectAltName=DNS:localhost\\nnsComment=of the server\\n' > localhost.ext
            printf '%s\\n' 'extendedKeyUsage=clientAuth' 'nsComment=member' 'authorityKeyIdentifier=keyid' \
                '1.3.6.1.4.1.18060.12.0=ASN1:UTF8String:Lemons' > rich.ext
            printf 'extendedKeyUsage=clientAuth\\n1.2.3.7=ASN1:INTEGER:17\\n' > poor.ext
            issue localhost
            issue rich
            issue poor
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    private func fetch(_ server: HTTPServer, _ files: URL, _ client: String, _ path: String) throws -> String {
        let identity =
            client.isEmpty
            ? [] : ["--cert", "\(files.path)/\(client).pem", "--key", "\(files.path)/\(client).key"]
        return try ChildProcess.check(
            "curl",
            ["--silent", "--max-time", "300", "--cacert", files.path + "/ca.pem", "--write-out", " %{http_code}"]
                + identity + [server.url + path]
        ).text
    }

    @Test func inExpressions() throws {
        let files = try Self.files()
        let server = try HTTPServer(face: .ssl) { port in
            """
            LoadModule list_module "\(files.path)/mod_list.so"
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile "\(files.path)/localhost.pem"
                SSLCertificateKeyFile "\(files.path)/localhost.key"
                SSLCACertificateFile "\(files.path)/ca.pem"
                SSLVerifyClient optional
                <Location "/a">
                    SSLRequire "Lemons" in PeerExtList("1.3.6.1.4.1.18060.12.0")
                </Location>
                <Location "/b">
                    Require expr "'member' in PeerExtList('nsComment')"
                </Location>
                <Location "/list">
                    SetHandler extension-list
                </Location>
            </VirtualHost>
            """
        }
        for (client, isMember) in [("rich", true), ("poor", false), ("", false)] {
            #expect(try fetch(server, files, client, "/a/").hasSuffix(isMember ? " 200" : " 403"), "\(client)")
            #expect(try fetch(server, files, client, "/b/").hasSuffix(isMember ? " 200" : " 403"), "\(client)")
        }
        for (client, query, expected) in [
            ("rich", "1.3.6.1.4.1.18060.12.0", "[Lemons]"), ("rich", "nsComment", "[member]"),
            ("rich", "extendedKeyUsage", "[TLS Web Client Authentication]"), ("rich", "1.2.3", "none"),
            ("poor", "1.2.3.7", "none"), ("", "extendedKeyUsage", "none"), ("rich", "", "none"),
        ] {
            #expect(try fetch(server, files, client, "/list?\(query)") == "\(expected) 200", "\(client) \(query)")
        }
        #expect(try fetch(server, files, "", "/list/server?nsComment") == "[of the server] 200")
        let identifier = try fetch(server, files, "rich", "/list?authorityKeyIdentifier")
        #expect(identifier.utf8.count == 59 + 2 + 4 && identifier.split(separator: ":").count == 20, "\(identifier)")
        try server.stop()
        // mod_authz_core itself says so of each refusal.
        #expect(server.complaints(except: "AH01630", "STLS0011").isEmpty, "\(server.complaints)")
    }
}
