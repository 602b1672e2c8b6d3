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

let package = Package(
    name: "SafeTLSNIO",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "SafeTLSNIO", targets: ["SafeTLSNIO"])
    ],
    dependencies: [
        .package(name: "SafeTLS", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(
            name: "SafeTLSNIO",
            dependencies: [
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ],
            swiftSettings: safe
        ),
        // Servers and clients on loopback for minutes: a program, and a test that runs it for seconds.
        .target(
            name: "Soaking",
            dependencies: [
                "SafeTLSNIO",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "SafeTLSSockets", package: "SafeTLS"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ],
            path: "Soak/Soaking",
            swiftSettings: safe
        ),
        .executableTarget(name: "soak", dependencies: ["Soaking"], path: "Soak/Program", swiftSettings: safe),
        // A link to the directory of the library's tests.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: safe),
        .testTarget(
            name: "SafeTLSNIOTests",
            dependencies: [
                "SafeTLSNIO", "Soaking", "TestSupport",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ],
            swiftSettings: safe
        ),
    ],
    swiftLanguageModes: [.v6]
)
