// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

extension Credential {
    /// Creates a credential from a PKCS #12 file's bytes ("PFX"): its key, the certificate of the key, and from the other
    /// certificates those that lead from there towards an authority. One that names itself as its issuer is left out, as peers
    /// have to have it anyway.
    ///
    /// - Parameters:
    ///   - pkcs12: The file.
    ///   - passphrase: In UTF-8; empty for none.
    /// - Throws: `ConfigurationError`, also for a wrong passphrase, for a file that takes more than
    ///   `PKCS12.longestDerivation` iterations to open, and for one without a key that belongs to a certificate. With
    ///   several such keys the first is taken.
    public convenience init(pkcs12: Span<UInt8>, passphrase: Span<UInt8>) throws(ConfigurationError) {
        let file: PKCS12
        do throws(CryptoError) {
            file = try PKCS12(der: pkcs12, passphrase: passphrase)
        } catch {
            throw ConfigurationError(reason: error.description)
        }
        var certificates: [Certificate] = []
        for der in file.certificates {
            do throws(CertificateError) {
                certificates.append(try Certificate(der: der))
            } catch {
                throw ConfigurationError(reason: "\(error)")
            }
        }
        for key in file.privateKeys {
            let leaf = certificates.first { certificate in
                (try? certificate.publicKey())?.isSameKey(as: key.publicKey) ?? false
            }
            guard let leaf else { continue }
            try self.init(certificateChain: Self.chain(of: leaf, among: certificates), privateKey: key)
            return
        }
        throw ConfigurationError(reason: "contains no private key that belongs to one of its certificates")
    }

    /// Reads a credential from a PKCS #12 file.
    ///
    /// - Throws: `ConfigurationError` that names the file, see ``init(pkcs12:passphrase:)``.
    public convenience init(pkcs12File path: String, passphrase: Span<UInt8>) throws(ConfigurationError) {
        let bytes = try Credential.readSecret(path)
        do throws(ConfigurationError) {
            try self.init(pkcs12: bytes.bytes, passphrase: passphrase)
        } catch {
            throw ConfigurationError(file: path, reason: error.reason)
        }
    }

    /// The certificates that lead from one towards an authority, each certifying the one before.
    private static func chain(of leaf: Certificate, among certificates: [Certificate]) -> [Certificate] {
        var chain = [leaf]
        while let last = chain.last, last.issuer != last.subject, chain.count < TLSLimits.certificateChainLength {
            let next = certificates.first { $0.subject == last.issuer && !chain.contains($0) }
            guard let next, next.subject != next.issuer else { break }
            chain.append(next)
        }
        return chain
    }
}
