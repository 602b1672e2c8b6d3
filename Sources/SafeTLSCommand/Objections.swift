// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import Synchronization
import TLSCertificates

/// What speaks against a server's certificate: name, validity and path are judged each for itself, so that nobody who goes on because of
/// one of them overlooks another. Of each the first thing is named.
struct Objections {
    /// The verdict's own reason first.
    private(set) var rejections: [CertificateRejection]
    /// Whether some of it could not be judged by itself.
    private(set) var isIncomplete = false

    /// - Parameters:
    ///   - rejection: The verdict.
    ///   - request: What it is about.
    ///   - configuration: That of the connection.
    init(_ rejection: CertificateRejection, to request: VerificationRequest, _ configuration: ClientConfiguration) {
        rejections = [rejection]
        guard let leaf = request.certificateChain.first else { return }
        // A time at which the server's own certificate is valid. Those of the issuers need not be at that time, which says nothing
        // of now, and revocation lists are not of that time.
        let time = min(max(request.time, leaf.notBefore), leaf.notAfter)
        let isNow = time == request.time
        let verifier = CertificateVerifier(
            trustAnchors: configuration.trustAnchors,
            purpose: .serverAuthentication,
            revocation: isNow ? configuration.options.revocation : nil
        )
        for name in [request.serverName, nil] {
            do throws(CertificateRejection) {
                _ = try verifier.verify(request.certificateChain, serverName: name, at: time)
            } catch {
                add(error, isNow: isNow)
            }
        }
        if !isNow, configuration.options.revocation != nil { isIncomplete = true }
    }

    private mutating func add(_ rejection: CertificateRejection, isNow: Bool) {
        switch rejection.reason {
        case .expired where !isNow, .notYetValid where !isNow: isIncomplete = true
        default: if !rejections.contains(rejection) { rejections.append(rejection) }
        }
    }
}

/// Keeps the chain that a server has shown, for a report: the library may refuse it before it asks anybody.
final class Witness: Sendable {
    private let seen = Mutex<VerificationRequest?>(nil)

    /// The last request since ``forget()``.
    var request: VerificationRequest? { seen.withLock { $0 } }

    func observe(_ request: VerificationRequest) { seen.withLock { $0 = request } }

    func forget() { seen.withLock { $0 = nil } }
}
