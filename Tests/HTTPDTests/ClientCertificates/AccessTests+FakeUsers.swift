// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `FakeBasicAuth`: users that are made of certificates, and those that are made up.
extension AccessTests {
    /// `FakeBasicAuth` takes its names from certificates only, whatever a client sends in whatever spelling; over TLS or not.
    @Test func madeUpNames() throws {
        let plain = try LoopbackPort.free()
        let users = try TemporaryDirectory.make("users").appendingPathComponent("users")
        // The passphrase is "password".
        try Data("/CN=direct:xxj31ZMTZzkVA\nsomebody:xxj31ZMTZzkVA\n".utf8).write(to: users)
        let section = """
            <Directory "${APACHE_LOG_DIR}/../htdocs/a">
                SSLOptions +FakeBasicAuth
                SSLUserName SSL_CLIENT_S_DN_CN
                AuthType Basic
                AuthName here
                AuthBasicProvider file
                AuthUserFile \(users.path)
                Require valid-user
                RewriteEngine on
                RewriteRule ^redirected$ /a/sub/index.html [END]
                RewriteRule ^sub/denied$ - [END]
            </Directory>
            <Directory "${APACHE_LOG_DIR}/../htdocs/a/sub">
                SSLOptions +StdEnvVars
            </Directory>
            <Directory "${APACHE_LOG_DIR}/../htdocs/b">
                RewriteEngine on
                RewriteRule ^open$ /a/index.html [END]
            </Directory>
            """
        let server = try Self.server(
            "SSLVerifyClient optional",
            global: """
                LoadModule auth_basic_module \(Self.modules)/mod_auth_basic.so
                LoadModule authn_core_module \(Self.modules)/mod_authn_core.so
                LoadModule authn_file_module \(Self.modules)/mod_authn_file.so
                LoadModule authz_user_module \(Self.modules)/mod_authz_user.so
                LoadModule rewrite_module \(Self.modules)/mod_rewrite.so
                Listen 127.0.0.1:\(plain)
                \(section)
                """
        )
        try FileManager.default.createDirectory(
            at: server.documents.appendingPathComponent("a/sub"),
            withIntermediateDirectories: true
        )
        try Data("below\n".utf8).write(to: server.documents.appendingPathComponent("a/sub/index.html"))
        func status(_ options: [String], _ url: String) throws -> String {
            try curl(options + ["--output", "/dev/null", "--write-out", "%{http_code}", url]).text
        }
        let unencrypted = "http://localhost:\(plain)"
        for url in [server.url, unencrypted] {
            #expect(try status([], url + "/a/") == "401")
            #expect(try status(["--user", "somebody:password"], url + "/a/") == "200")
            let word = Data("/CN=direct:password".utf8).base64EncodedString()
            for value in ["Basic \(word)", "basic \(word)", "Basic  \(word)", "Basic \t\(word)", "Basic \t \(word)"] {
                #expect(try status(["--header", "Authorization: \(value)"], url + "/a/") == "403", "\(url) \(value)")
            }
        }
        // Nor by way of a place that asks for no name.
        let claim = ["--user", "/CN=direct:password"]
        #expect(try status(claim, server.url + "/b/open") == "403")
        #expect(try status(["--user", "somebody:password"], server.url + "/b/open") == "200")
        let certificate = try Self.identity("direct")
        #expect(try status(certificate, server.url + "/a/") == "200")
        #expect(try status(certificate, server.url + "/a/redirected") == "200")
        #expect(try status(Self.identity("stranger"), server.url + "/a/") != "200")
        try server.stop()
    }

    /// A user who looks like one of `FakeBasicAuth` is one only if it made it, whatever the password and by whatever way: crypt
    /// looks at eight characters, and a file of passwords may hold others than "password".
    @Test func otherPasswords() throws {
        let plain = try LoopbackPort.free()
        let directory = try TemporaryDirectory.make("users")
        let (users, digests) = (directory.path + "/users", directory.path + "/digests")
        let name = "/C=DE/CN=direct"
        // "password" as the manual shows it, by crypt, and "other".
        let other = "{SHA}0JQeaNqPOBUf+Gph/Fn3xc+fyqI="
        try Data("/CN=direct:xxj31ZMTZzkVA\n\(name):xxj31ZMTZzkVA\n/O=x:\(other)\n/home:\(other)\nme:\(other)\n".utf8)
            .write(to: URL(fileURLWithPath: users))
        try ChildProcess.check(
            "/bin/sh",
            [
                "-c",
                "printf '%s:here:%s\\n' '\(name)' \"$(printf '%s' '\(name):here:other' | md5sum | cut -c1-32)\" > \(digests)",
            ]
        )
        let basic = """
            AuthType Basic
            AuthName here
            AuthBasicProvider file
            AuthUserFile \(users)
            Require valid-user
            """
        let server = try Self.server(
            "SSLVerifyClient optional",
            global: """
                LoadModule auth_basic_module \(Self.modules)/mod_auth_basic.so
                LoadModule auth_digest_module \(Self.modules)/mod_auth_digest.so
                LoadModule authn_core_module \(Self.modules)/mod_authn_core.so
                LoadModule authn_file_module \(Self.modules)/mod_authn_file.so
                LoadModule authz_user_module \(Self.modules)/mod_authz_user.so
                LoadModule proxy_module \(Self.modules)/mod_proxy.so
                LoadModule proxy_http_module \(Self.modules)/mod_proxy_http.so
                Listen 127.0.0.1:\(plain)
                <Location "/a">
                    SSLOptions +FakeBasicAuth
                    \(basic)
                </Location>
                <Location "/b">
                    \(basic)
                </Location>
                <Location "/cgi-bin">
                    SSLOptions +FakeBasicAuth
                    AuthType Digest
                    AuthName here
                    AuthUserFile \(digests)
                    Require valid-user
                </Location>
                <VirtualHost *:\(plain)>
                    ProxyRequests on
                    <Proxy "*">
                        SSLOptions +FakeBasicAuth
                        \(basic)
                    </Proxy>
                </VirtualHost>
                """
        )
        func status(_ options: [String], _ path: String) throws -> String {
            try curl(options + ["--output", "/dev/null", "--write-out", "%{http_code}", server.url + path]).text
        }
        for user in [
            "/CN=direct:password1", "\(name):password and more", "/O=x:other", "/O=x:wrong", "/nobody=:", "/CN=x",
        ] {
            #expect(try status(["--basic", "--user", user], "/a/") == "403", "\(user)")
        }
        #expect(try status(["--user", "me:other"], "/a/") == "200")
        #expect(try status(["--user", "/home:other"], "/a/") == "200")
        #expect(try status(Self.identity("direct"), "/a/") == "200")
        // Nobody makes users of that form there; "password" is taken from nobody.
        #expect(try status(["--user", "/O=x:other"], "/b/") == "200")
        #expect(try status(["--user", "/CN=direct:password"], "/b/") == "403")
        // With Digest the user is known after the password was found right.
        let digest = ["--digest", "--user", "\(name):other"]
        #expect(try status(digest, "/cgi-bin/environment") == "403", "\(server.errorLog)")
        #expect(server.errorLog.contains("the client sends the name of a certificate as if it were a user's"))

        func proxied(_ user: String) throws -> String {
            let proxy = ["--noproxy", "", "--proxy", "http://localhost:\(plain)", "--proxy-user", user]
            let write = ["--output", "/dev/null", "--write-out", "%{http_code}"]
            // By another name than the server's own, which would be no request to a proxy.
            return try curl(proxy + write + ["http://127.0.0.1:\(plain)/"]).text
        }
        #expect(try proxied("me:other") == "200", "\(server.errorLog)")
        #expect(try proxied("/CN=direct:password") == "403")
        #expect(try proxied("/CN=direct:password1") == "403")
        try server.stop()
    }
}
