// SPDX-License-Identifier: Apache-2.0

// What occurs in this module's own signatures is there for whoever says `import SafeTLS`, and nothing else of these modules.

@_exported public import struct TLSCertificates.Certificate
@_exported public import struct TLSCertificates.CertificateError
@_exported public import struct TLSCertificates.CertificateRejection
@_exported public import struct TLSCertificates.CertificateRevocationLists
@_exported public import struct TLSCertificates.CertificateVerifier
@_exported public import struct TLSCertificates.DistinguishedName
@_exported public import struct TLSCertificates.PolicyRequirements
@_exported public import struct TLSCertificates.RevocationPolicy
@_exported public import enum TLSCertificates.ServerName
@_exported public import class TLSCertificates.TrustAnchors
@_exported public import enum TLSCrypto.CryptoError
@_exported public import enum TLSCrypto.HashAlgorithm
@_exported public import enum TLSCrypto.KeyKind
@_exported public import enum TLSCrypto.MLDSAParameterSet
@_exported public import class TLSCrypto.PrivateKey
@_exported public import class TLSCrypto.PublicKey
@_exported public import protocol TLSCrypto.RandomSource
@_exported public import struct TLSCrypto.Secret
@_exported public import struct TLSCrypto.SystemRandomSource
