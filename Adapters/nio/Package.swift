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
        // A link to the directory of the library's tests.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: safe),
        .testTarget(
            name: "SafeTLSNIOTests",
            dependencies: [
                "SafeTLSNIO", "TestSupport",
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
