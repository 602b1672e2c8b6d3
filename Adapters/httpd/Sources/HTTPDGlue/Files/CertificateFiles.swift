// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import Synchronization

/// The files of a server's certificates: those of its directives, or those of a module that manages them (mod_md).
enum CertificateFiles {
    /// Asks the other modules, and reads what they name. False when that is what the directives name.
    static func collect(
        for server: UnsafeMutablePointer<server_rec>,
        _ state: ServerState,
        _ pool: Pool
    ) throws(DirectiveError) -> Bool {
        let size = unsafe CInt(MemoryLayout<UnsafePointer<CChar>?>.size)
        guard let certificates = unsafe apr_array_make(pool.pointer, 2, size),
            let keys = unsafe apr_array_make(pool.pointer, 2, size)
        else { return false }
        let known = state.settings.certificates
        for certificate in known {
            unsafe push(certificate.chainFiles[0], to: certificates, pool)
            unsafe push(certificate.keyFile, to: keys, pool)
        }
        unsafe tlsd_collect_certificates(server, pool.pointer, certificates, keys)
        if unsafe certificates.pointee.nelts == 0 {
            // A managed certificate that is not there yet: another one stands in, and requests get 503.
            unsafe ap_ssl_add_fallback_cert_files(server, pool.pointer, certificates, keys)
            state.awaitsCertificate.store(unsafe certificates.pointee.nelts > 0, ordering: .relaxed)
        }
        let (files, keyFiles) = unsafe (strings(in: certificates), strings(in: keys))
        guard files != known.map({ $0.chainFiles[0] }) || keyFiles != known.map(\.keyFile) else { return false }
        try state.settings.replaceCertificates(files: files, keyFiles: keyFiles)
        return true
    }

    private static func push(_ text: String, to list: UnsafeMutablePointer<apr_array_header_t>, _ pool: Pool) {
        let slot = unsafe apr_array_push(list)
        unsafe slot?.storeBytes(of: pool.copy(text), as: UnsafePointer<CChar>?.self)
    }
}
