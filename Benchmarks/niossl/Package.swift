// swift-tools-version: 6.2
import PackageDescription

/// The same rules as the library's own targets.
let safe: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Everything where swift-nio-ssl is the peer or the rival. Its BoringSSL takes many minutes to compile, so that this is a
/// package of its own, which continuous integration leaves alone.
let package = Package(
    name: "NIOSSLComparison",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "nio-benchmark", targets: ["NIOBenchmark"])
    ],
    dependencies: [
        .package(name: "SafeTLS", path: "../.."),
        .package(name: "SafeTLSNIO", path: "../../Adapters/nio"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    ],
    targets: [
        // A link to the directory of the library's tests: keys, certificates, waiting.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: safe),
        .target(
            name: "CNIOBenchmark",
            dependencies: [.product(name: "NIOSSL", package: "swift-nio-ssl")],
            linkerSettings: [.linkedLibrary("crypto")]
        ),
        .executableTarget(
            name: "NIOBenchmark",
            dependencies: [
                "CNIOBenchmark", "TestSupport",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
                .product(name: "MLKEM", package: "SafeTLS"),
                .product(name: "Curve25519", package: "SafeTLS"),
                .product(name: "SafeTLSNIO", package: "SafeTLSNIO"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: safe
        ),
        .testTarget(
            name: "NIOSSLPeerTests",
            dependencies: [
                "TestSupport",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
                .product(name: "SafeTLSNIO", package: "SafeTLSNIO"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: safe
        ),
    ],
    swiftLanguageModes: [.v6]
)
