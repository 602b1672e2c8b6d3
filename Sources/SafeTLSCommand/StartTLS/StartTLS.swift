// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A protocol that begins in the clear and goes over to TLS when it is asked to.
enum StartTLS: String, CaseIterable, ExpressibleByArgument {
    case smtp, lmtp, imap, pop3, ftp, ldap, postgres, mysql, xmpp
    case xmppServer = "xmpp-server"
    case nntp, sieve

    /// Where its servers listen.
    var port: UInt16 {
        switch self {
        case .smtp: 25
        case .lmtp: 24
        case .imap: 143
        case .pop3: 110
        case .ftp: 21
        case .ldap: 389
        case .postgres: 5432
        case .mysql: 3306
        case .xmpp: 5222
        case .xmppServer: 5269
        case .nntp: 119
        case .sieve: 4190
        }
    }

    /// Has the dialogue up to the point where TLS begins.
    ///
    /// - Parameter name: The server's name.
    func talk(_ dialogue: inout PlainDialogue, name: String) throws {
        switch self {
        case .smtp: try dialogue.smtp(hello: "EHLO")
        case .lmtp: try dialogue.smtp(hello: "LHLO")
        case .imap: try dialogue.imap()
        case .pop3: try dialogue.pop3()
        case .ftp: try dialogue.ftp()
        case .ldap: try dialogue.ldap()
        case .postgres: try dialogue.postgres()
        case .mysql: try dialogue.mysql()
        case .xmpp: try dialogue.xmpp(namespace: "jabber:client", name: name)
        case .xmppServer: try dialogue.xmpp(namespace: "jabber:server", name: name)
        case .nntp: try dialogue.nntp()
        case .sieve: try dialogue.sieve()
        }
    }
}

/// Why there is no TLS.
struct StartTLSError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Bounds on what a server may say before TLS begins.
enum StartTLSLimits {
    /// RFC 5321 §4.5.3.1.5 has 512 bytes for a reply line; lists of capabilities in IMAP are longer.
    static let lineLength = 8192
    /// A long greeting of an FTP server has dozens.
    static let lines = 200
    /// Everything together.
    static let bytes = 131_072
    /// A message of LDAP, PostgreSQL or MySQL. The longest that are meant to come have some hundred bytes.
    static let messageLength = 4096
    /// Tags of XMPP's stream features.
    static let tags = 256
}
