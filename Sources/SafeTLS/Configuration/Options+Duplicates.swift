// SPDX-License-Identifier: Apache-2.0

/// Of each list the first of each: `supported_groups` and `key_share` must not have duplicates (RFC 9846 §4.3.7, §4.3.8), and in
/// the other lists they mean nothing.
extension ServerOptions {
    var withoutDuplicates: ServerOptions {
        var options = self
        options.cipherSuites = unique(cipherSuites)
        options.groups = unique(groups)
        options.signatureSchemes = unique(signatureSchemes)
        return options
    }
}

extension ClientOptions {
    var withoutDuplicates: ClientOptions {
        var options = self
        options.cipherSuites = unique(cipherSuites)
        options.groups = unique(groups)
        options.signatureSchemes = unique(signatureSchemes)
        options.certificateSignatureSchemes = unique(certificateSignatureSchemes)
        options.signingSchemes = unique(signingSchemes)
        return options
    }
}

private func unique<Element: Hashable>(_ list: [Element]) -> [Element] {
    var seen: Set<Element> = []
    return list.filter { seen.insert($0).inserted }
}
