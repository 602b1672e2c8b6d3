// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// The files of a server's certificates: those of its directives, or those of a module that manages them (mod_md).
enum CertificateFiles {
    /// Asks the other modules, and reads what they and the directives name.
    static func collect(
        for server: UnsafeMutablePointer<server_rec>,
        _ state: ServerState,
        _ pool: Pool
    ) throws(DirectiveError) {
        let size = unsafe CInt(MemoryLayout<UnsafePointer<CChar>?>.size)
        guard let certificates = unsafe apr_array_make(pool.pointer, 2, size),
            let keys = unsafe apr_array_make(pool.pointer, 2, size)
        else { return }
        for file in state.settings.certificateFiles { unsafe push(file, to: certificates, pool) }
        for file in state.settings.certificateKeyFiles { unsafe push(file, to: keys, pool) }
        unsafe tlsd_collect_certificates(server, pool.pointer, certificates, keys)
        if unsafe certificates.pointee.nelts == 0 {
            // A managed certificate that is not there yet: another one stands in, and requests get 503.
            unsafe ap_ssl_add_fallback_cert_files(server, pool.pointer, certificates, keys)
            state.awaitsCertificate = unsafe certificates.pointee.nelts > 0
        }
        try state.settings.loadCertificates(
            files: unsafe strings(in: certificates),
            keyFiles: unsafe strings(in: keys)
        )
    }

    private static func push(_ text: String, to list: UnsafeMutablePointer<apr_array_header_t>, _ pool: Pool) {
        let slot = unsafe apr_array_push(list)
        unsafe slot?.storeBytes(of: pool.copy(text), as: UnsafePointer<CChar>?.self)
    }
}
