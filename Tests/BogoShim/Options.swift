// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates

/// What the flags say about one connection.
struct Options {
    var port: UInt16 = 0
    /// What the runner calls this process: the first eight bytes of each connection. The runner of 2022 has no such thing.
    var shimID: UInt64?
    var usesIPv6 = false
    var isServer = false
    /// Every request is deferred and input arrives byte by byte.
    var isAsync = false

    // MARK: Configuration

    var certificateFile: String?
    var keyFile: String?
    /// The root of the peer's chain. The verdict on chains is the shim's own: the file only has to be readable.
    var trustFile: String?
    var minimumVersion = ProtocolVersion.tls12
    var maximumVersion = ProtocolVersion.tls13
    var disabledVersions: [ProtocolVersion] = []
    var cipherRule: String?
    var groups: [NamedGroup] = []
    /// Nil for the usual ones.
    var keyShares: [NamedGroup]?
    var signingSchemes: [SignatureScheme] = []
    var verifyingSchemes: [SignatureScheme] = []
    var prefersServerOrder = false
    var hostName: String?
    var advertisedProtocols: [String] = []
    var givesTickets = true
    var fragmentLength = 16_384
    var compressors: [TestCompressor] = []
    var isFallback = false

    // MARK: Answers of the driver

    var selectedProtocol: String?
    var declinesProtocols = false
    var rejectsProtocols = false
    var rejectsClientHello: AlertDescription?
    var rejectsPeer = false
    var verifiesPeer = false
    var requiresClientCertificate = false
    /// The authorities that a server names; nil leaves them out.
    var authorities: [[UInt8]]?
    var expectedAuthorities: [[UInt8]]?
    var expectedCertificateTypes: [UInt8]?
    var usesCustomVerifyCallback = false
    var failsCertificateCallback = false

    // MARK: Actions after the handshake

    var keyingMaterialCount = 0
    /// By how many seconds the clock goes forward after the connection.
    var resumptionDelay = 0
    var exporterLabel = ""
    var exporterContext = ""
    var usesExporterContext = false
    var exportsTrafficSecrets = false
    var sendsAlert = false
    var writesFirst = false
    /// All but one byte of the first data stay back until data arrive.
    var holdsFirstWrite = false
    var writesDifferentSizes = false
    var shutsDown = false
    var checksCloseNotify = false
    var updatesKeys = false
    var readSize = 512

    // MARK: Expectations

    var expectedVersion: ProtocolVersion?
    var expectedCipher: CipherSuite?
    var expectedGroup: NamedGroup?
    var expectedPeerScheme: SignatureScheme?
    var expectedPeerSchemes: [SignatureScheme] = []
    var expectedServerName: String?
    var expectedProtocol: String?
    var expectedAdvertisedProtocols: String?
    var expectedPeerChain: String?
    var expectsVerifyResult = false
    var expectsRetry: Bool?
    var isResumption = false
    var expectsSessionMiss = false
    var expectsNoSession = false
    var expectsTicketRenewal = false
    var requestsOCSP = false
    var requestsTimestamps = false
    var ocspResponse: [UInt8]?
    var timestamps: [UInt8]?
    var usesStatusCallback = false
    var setsStatusInCallback = false
    var declinesStatus = false
    var failsStatusCallback = false
    var expectedOCSPResponse: [UInt8]?
    var expectedTimestamps: [UInt8]?
    var enablesEarlyData = false
    var expectsEarlyDataAccepted = false
    var expectsEarlyDataRejected = false
    var expectsNoEarlyDataOffer = false
    var expectsTicketForEarlyData = false
    var expectedEarlyDataReason: String?
    /// Whether a server keeps the session under an ID.
    var expectsSessionID: Bool?
    /// Whether the runner is a QUIC peer, and what the shim says of itself and expects of the peer.
    var usesQUIC = false
    var transportParameters: [UInt8]?
    var expectedTransportParameters: [UInt8]?
    var usesLegacyTransportParameters = false
    var expectsExtendedMasterSecret = false
    var expectsSecureRenegotiation = false
    var expectsHandshakeToFail = false
    /// Whether the choice of a configuration has to wait until the ClientHello is there.
    var expectsClientHelloRequest = false
}

/// The connections of one test.
struct Plan {
    var initial = Options()
    var resumed = Options()
    /// What holds of a resumed connection whose 0-RTT data were rejected.
    var retried = Options()
    var resumeCount = 0

    init(_ arguments: [String]) throws(ShimFailure) {
        var index = 0
        while index < arguments.count {
            var name = arguments[index][...]
            index += 1
            var isForUs = true
            if name.removePrefix("-on-shim-") {
                name = "-" + name
            } else if name.removePrefix("-on-handshaker-") {
                name = "-" + name
                isForUs = false
            }
            var applies = (initial: true, resumed: true, retried: true)
            if name.removePrefix("-on-initial-") {
                name = "-" + name
                applies = (true, false, false)
            } else if name.removePrefix("-on-resume-") {
                name = "-" + name
                applies = (false, true, false)
            } else if name.removePrefix("-on-retry-") {
                name = "-" + name
                applies = (false, false, true)
            }
            if name == "-resume-count" {
                guard index < arguments.count, let count = Int(arguments[index]) else {
                    throw .unimplemented("-resume-count without a number")
                }
                resumeCount = count
                index += 1
                continue
            }
            guard let flag = Flag.all[String(name)] else { throw .unimplemented(String(name)) }
            var value = ""
            if flag.hasValue {
                guard index < arguments.count else { throw .unimplemented("\(name) without a value") }
                value = arguments[index]
                index += 1
            }
            guard isForUs else { continue }
            if applies.initial { try flag.apply(&initial, value) }
            if applies.resumed { try flag.apply(&resumed, value) }
            if applies.retried { try flag.apply(&retried, value) }
        }
        resumed.isResumption = true
        retried.isResumption = true
        for options in [initial, resumed] {
            if options.usesQUIC && options.usesLegacyTransportParameters {
                throw .unimplemented("QUIC's transport parameters of a draft")
            }
            if !options.usesQUIC && options.transportParameters != nil {
                throw .unimplemented("transport parameters of a session that is not QUIC's")
            }
        }
        for options in [initial, resumed] where options.rejectsPeer && !options.isServer && !options.verifiesPeer {
            throw .unimplemented("a client that goes on with a certificate it refuses")
        }
    }
}

extension Substring {
    /// Removes a prefix if it is there.
    fileprivate mutating func removePrefix(_ prefix: String) -> Bool {
        guard hasPrefix(prefix) else { return false }
        removeFirst(prefix.count)
        return true
    }
}
