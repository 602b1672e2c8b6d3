// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// The directives of mod_ssl that belong to a server, and those of mod_tls that have a counterpart there, as a table onto
/// the settings of both faces.
enum SSLDirectiveTable {
    typealias Directive = HTTPDCore.Directive<SSLValues>

    /// By name in lower case.
    static let all: [String: Directive] = Directive.ofConnections(
        "ssl",
        verification: "sslverifyclient",
        at: \.connection
    )
    .merging(identity) { $1 }.merging(protocols) { $1 }.merging(clients) { $1 }.merging(clientStatus) { $1 }.merging(
        stapling
    ) { $1 }.merging(withoutEffect) { $1 }.merging(refused) { $1 }
    .merging(ofTLS) { $1 }

    private static let identity: [String: Directive] = [
        "sslengine": .one { values, text throws(DirectiveError) in
            guard text.lowercased() != "optional" else {
                throw DirectiveError("'optional' is not supported: upgrades of plain HTTP to TLS are insecure")
            }
            values.isEngineOn = try Directive.isOn(text)
        },
        "sslcertificatefile": .identity(\.certificateFiles),
        "sslcertificatekeyfile": .identity(\.keyFiles),
        "sslcertificatechainfile": .file(\.chainFile),
    ]

    private static let protocols: [String: Directive] = [
        "sslhonorcipherorder": .flag(\.honorsServerOrder),
        "sslopensslconfcmd": Directive(arguments: 2...2) { values, arguments, _ throws(DirectiveError) in
            let command = OpenSSLCommand(name: arguments[0], value: arguments[1])
            values.commands.append(command)
            // Tried out by itself, for what is wrong about the line.
            var alone = SSLValues()
            return try command.apply(to: &alone)
        },
        "sslsessiontickets": .flag(\.givesTickets),
        "sslsessioncachetimeout": .one { values, text throws(DirectiveError) in
            guard let number = Int64(text), number >= 0 else {
                throw DirectiveError("'\(text)' is not a number of seconds")
            }
            // No session is good for longer than a week (RFC 9846 §4.7.1).
            values.sessionLifetime = min(number, 604_800)
        },
        "sslsessionticketkeyfile": .file(\.ticketKeyFile),
        "sslearlydata": .flag(\.takesEarlyData),
        "sslstrictsnivhostcheck": .flag(\.requiresServerName),
    ]

    private static let clients: [String: Directive] = [
        "sslcadnrequestfile": .file(\.requestedNamesFile),
        "sslcadnrequestpath": .file(\.requestedNamesPath),
        "sslclienthellovars": .flag(\.keepsClientHello),
        "sslusername": .one { values, text throws(DirectiveError) in values.userName = text },
    ]

    private static let clientStatus: [String: Directive] = [
        "sslocspenable": Directive(arguments: 1...2) { values, arguments, _ throws(DirectiveError) in
            values.clientStatus.checking = try StatusChecking(byResponders: arguments)
            return nil
        },
        "sslocspdefaultresponder": .one { values, text throws(DirectiveError) in
            values.clientStatus.responder = try ResponderAddress(text)
        },
        "sslocspoverrideresponder": .flag(\.clientStatus.overridesResponders),
        "sslocspproxyurl": .one { values, text throws(DirectiveError) in
            values.clientStatus.proxy = try ResponderAddress(text)
        },
        "sslocsprespondercertificatefile": .file(\.clientStatus.responderFile),
        "sslocsprespondertimeout": .seconds(\.clientStatus.timeout, 0...3_600),
        "sslocspresponsetimeskew": .seconds(\.clientStatus.clockSkew, 0...86_400),
        "sslocspresponsemaxage": .seconds(\.clientStatus.maximumAge, 0...31_536_000),
        "sslocspuserequestnonce": .flag(\.clientStatus.usesNonce),
        "sslocspnoverify": .missing(
            "to believe OCSP responses that nobody has verified",
            off: ["off"],
            instead: "name the responder's certificate by SSLOCSPResponderCertificateFile"
        ),
    ]

    private static let stapling: [String: Directive] = [
        "sslusestapling": .flag(\.stapling.isOn),
        "sslstaplingforceurl": .one { values, text throws(DirectiveError) in
            values.stapling.responder = try ResponderAddress(text)
        },
        "sslstaplingrespondertimeout": .seconds(\.stapling.responderTimeout, 0...3_600),
        "sslstaplingstandardcachetimeout": .seconds(\.stapling.lifetime, 0...2_592_000),
        "sslstaplingerrorcachetimeout": .seconds(\.stapling.errorLifetime, 0...2_592_000),
        "sslstaplingresponsetimeskew": .seconds(\.stapling.clockSkew, 0...86_400),
        "sslstaplingresponsemaxage": .seconds(\.stapling.maximumAge, 0...31_536_000),
        "sslstaplingreturnrespondererrors": .flag(\.stapling.passesErrorsOn),
        "sslstaplingfaketrylater": .flag(\.stapling.inventsErrors),
    ]

    private static let ofTLS: [String: Directive] = [
        "tlsclientcertificate": .one { values, text throws(DirectiveError) in
            switch text.lowercased() {
            case "required", "require": values.connection.verification = .require
            case "optional_no_ca": throw DirectiveError("takes one of none, optional and required")
            default: values.connection.verification = try ClientVerification(text)
            }
        },
        "tlsclientca": .file(\.connection.authorityFile),
        "tlsclientcrl": Directive(arguments: 1...1) { values, arguments, line throws(DirectiveError) in
            values.connection.revocationFile = line.resolve(arguments[0])
            values.connection.revocationCheck = try StatusChecking(byLists: ["chain"])
            return nil
        },
        "tlsclienthellovars": .flag(\.keepsClientHello),
        "tlsusername": .one { values, text throws(DirectiveError) in values.userName = text },
        "tlsticketkeys": .file(\.ticketKeyFile),
        "tlsearlydata": .flag(\.takesEarlyData),
        "tlsgroups": Directive(arguments: 1...16) { values, arguments, _ throws(DirectiveError) in
            let text = arguments.joined(separator: ":")
            values.groups = try GroupList(text)
            return UnsupportedNames.warning(UnsupportedNames.groups(in: text))
        },
    ]

    private static let withoutEffect: [String: Directive] = [
        "sslrandomseed": .ignored(2...3) { arguments throws(DirectiveError) in
            guard ["startup", "connect"].contains(arguments[0].lowercased()) else {
                throw DirectiveError("'\(arguments[0])' is neither startup nor connect")
            }
            if arguments.count == 3, UInt(arguments[2]) == nil {
                throw DirectiveError("'\(arguments[2])' is not a number of bytes")
            }
            return nil
        },
        "sslcryptodevice": .missing("hardware acceleration by engines", off: ["builtin"], instead: "write builtin"),
        "sslcompression": .ignored(1...1) { arguments throws(DirectiveError) in
            try Directive.isOn(arguments[0]) ? "compression is never used: it reveals secrets (CRIME)" : nil
        },
    ]

    private static let refused: [String: Directive] = [
        "sslinsecurerenegotiation": .missing(
            "renegotiation",
            off: ["off"],
            instead: "clients that need it are 15 years old"
        ),
        "sslfips": .missing("a FIPS mode", off: ["off"], instead: "leave it off"),
        "sslsrpverifierfile": .missing("SRP", off: [], instead: "use certificates of clients"),
        "sslsrpunknownuserseed": .missing("SRP", off: [], instead: "use certificates of clients"),
        "ssllog": .missing("a log of its own", off: [], instead: "use ErrorLog"),
        "sslloglevel": .missing("a level of its own", off: [], instead: "use LogLevel ssl:level"),
    ]
}

extension Directive {
    /// A file with certificates or a key, one more.
    fileprivate static func identity(_ files: any WritableKeyPath<Values, [String]> & Sendable) -> Self {
        Self(arguments: 1...1) { values, arguments, line throws(DirectiveError) in
            guard !arguments[0].lowercased().hasPrefix("pkcs11:") else {
                throw DirectiveError("keys of PKCS #11 tokens are not supported: name a file")
            }
            values[keyPath: files].append(line.resolve(arguments[0]))
            return nil
        }
    }
}

/// The line that a directive stands on.
public struct SSLLine {
    /// Makes a path absolute, relative to ServerRoot.
    let resolve: (String) -> String
    /// The paths of the files in a directory; nil when it cannot be read.
    let list: (String) -> [String]?

    /// A line whose paths are resolved, and directories listed, so.
    public init(
        resolvingPathsWith resolve: @escaping (String) -> String,
        listingDirectoriesWith list: @escaping (String) -> [String]? = { _ in nil }
    ) {
        self.resolve = resolve
        self.list = list
    }
}
