// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// What the `SSL*` directives of one server say. Nil, or empty, where nothing is said.
struct SSLValues: Inheriting {
    /// `SSLEngine`.
    var isEngineOn: Bool?
    /// `SSLCertificateFile`, `SSLCertificateKeyFile`, `SSLCertificateChainFile`.
    var certificateFiles: [String] = []
    var keyFiles: [String] = []
    var chainFile: String?
    /// Versions, cipher suites, and how the certificates of clients are judged.
    var connection = ConnectionValues()
    /// `SSLHonorCipherOrder`.
    var honorsServerOrder: Bool?
    /// `SSLSessionTickets`.
    var givesTickets: Bool?
    /// `SSLSessionCacheTimeout`, in seconds.
    var sessionLifetime: Int64?
    /// `SSLSessionTicketKeyFile`.
    var ticketKeyFile: String?
    /// `SSLEarlyData`.
    var takesEarlyData: Bool?
    /// `SSLStrictSNIVHostCheck`.
    var requiresServerName: Bool?
    /// `SSLOpenSSLConfCmd`: the commands, until they are carried out, and what becomes of them.
    var commands: [OpenSSLCommand] = []
    var lowestVersion: ProtocolVersion?
    var highestVersion: ProtocolVersion?
    var versionsOff: Set<ProtocolVersion>?
    var groups: GroupList?
    var signatureSchemes: [SignatureScheme]?
    var clientSignatureSchemes: [SignatureScheme]?
    var paddingMultiple: Int?
    var ticketCount: Int?
    /// What counts where nothing is said. It is set when all is merged.
    var system: SystemDefaults?
    /// `SSLCADNRequestFile`, `SSLCADNRequestPath`.
    var requestedNamesFile: String?
    var requestedNamesPath: String?
    /// `SSLClientHelloVars`.
    var keepsClientHello: Bool?
    /// `SSLUserName`.
    var userName: String?
    /// `SSLOCSPEnable` and what goes with it.
    var clientStatus = ClientStatusValues()
    /// `SSLUseStapling` and what goes with it.
    var stapling = StaplingValues()

    /// What holds in a virtual host that says `self`, inside a server that says `outer`.
    func merged(onto outer: SSLValues) -> SSLValues {
        var merged = self
        merged.inherit(
            from: outer,
            \.isEngineOn,
            \.chainFile,
            \.honorsServerOrder,
            \.givesTickets,
            \.sessionLifetime,
            \.ticketKeyFile,
            \.takesEarlyData,
            \.requiresServerName,
            \.groups,
            \.signatureSchemes,
            \.clientSignatureSchemes,
            \.paddingMultiple,
            \.ticketCount,
            \.requestedNamesFile,
            \.requestedNamesPath,
            \.keepsClientHello,
            \.userName
        )
        if certificateFiles.isEmpty {
            merged.certificateFiles = outer.certificateFiles
            if keyFiles.isEmpty { merged.keyFiles = outer.keyFiles }
        }
        merged.commands = outer.commands + commands
        merged.connection = connection.merged(onto: outer.connection)
        merged.clientStatus = clientStatus.merged(onto: outer.clientStatus)
        merged.stapling = stapling.merged(onto: outer.stapling)
        return merged
    }

    /// The values with the commands of `SSLOpenSSLConfCmd`: those of the server, then those of the virtual host. They go
    /// before what other directives say, wherever these stand.
    func complete() throws(DirectiveError) -> SSLValues {
        guard !commands.isEmpty || system != nil else { return self }
        let versions = connection.versions ?? system?.versions
        var complete = completed(by: system)
        (complete.commands, complete.system) = ([], nil)
        for command in commands { _ = try command.apply(to: &complete) }
        guard complete.lowestVersion != nil || complete.highestVersion != nil || complete.versionsOff != nil else {
            return complete
        }
        let said = versions ?? .tls12 ... .tls13
        let lowest = complete.lowestVersion ?? said.lowerBound
        let highest = complete.highestVersion ?? said.upperBound
        let off = complete.versionsOff ?? []
        let left = [ProtocolVersion.tls12, .tls13].filter { lowest <= $0 && $0 <= highest && !off.contains($0) }
        guard let first = left.first, let last = left.last else {
            let text = commands.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
            throw DirectiveError("SSLProtocol and SSLOpenSSLConfCmd (\(text)) enable neither TLSv1.2 nor TLSv1.3")
        }
        complete.connection.versions = first...last
        return complete
    }
}

/// `SSLVerifyClient`.
public enum ClientVerification: UInt8, Sendable, BitwiseCopyable, Comparable {
    /// Clients are not asked.
    case none
    /// They are asked; whatever certificate they show is taken, good or not.
    case optionalWithoutAuthority
    /// They are asked, and a bad certificate is refused.
    case optional
    /// They have to show a good one.
    case require

    /// By strictness.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// Parses an argument of `SSLVerifyClient`.
    public init(_ text: String) throws(DirectiveError) {
        switch text.lowercased() {
        case "none", "off": self = .none
        case "optional": self = .optional
        case "require", "on": self = .require
        case "optional_no_ca": self = .optionalWithoutAuthority
        default: throw DirectiveError("'\(text)' is not one of none, optional, require and optional_no_ca")
        }
    }
}

extension ClientVerification {
    /// Parses an argument of `SSLVerifyDepth`. Any number will do; no chain that is looked at is longer than 32.
    public static func depth(_ text: String) throws(DirectiveError) -> Int {
        guard let depth = Int(text), depth >= 0 else {
            throw DirectiveError("'\(text)' is not a depth: how many authorities may stand above a certificate")
        }
        return min(depth, 32)
    }
}
