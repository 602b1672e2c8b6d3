// swift-tools-version: 6.2
import PackageDescription

/// The same rules as the library's own targets. None of the examples needs `Lifetimes`.
let safe: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Each is a program of one file, in `Sources` under its name.
let examples = [
    "OnePage", "EchoServer", "HTTPSClient", "Negotiated", "MutualTLS", "ManyCertificates", "PreSharedKey", "EarlyData",
    "ExternalSigner", "SPIFFE", "KeepingSessions",
]

let package = Package(
    name: "SafeTLSExamples",
    platforms: [.macOS(.v26)],
    // In a package of your own: .package(url: "https://…/SafeTLS", from: "0.2.0")
    dependencies: [.package(name: "SafeTLS", path: "..")],
    targets: examples.map { name in
        .executableTarget(
            name: name,
            dependencies: [
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "SafeTLSSockets", package: "SafeTLS"),
            ],
            swiftSettings: safe
        )
    } + [
        // What the documentation shows and no program has.
        .target(
            name: "Snippets",
            dependencies: [
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "SafeTLSSockets", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
                .product(name: "TLSCertificateCompression", package: "SafeTLS"),
            ],
            swiftSettings: safe
        )
    ],
    swiftLanguageModes: [.v6]
)
