// swift-tools-version: 6.2
import PackageDescription

/// The same rules as the library's own targets.
let safe: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableExperimentalFeature("SafeInteropWrappers"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "tls-benchmark", targets: ["TLSBenchmark"])
    ],
    dependencies: [
        .package(name: "SafeTLS", path: "..")
    ],
    targets: [
        .systemLibrary(
            name: "CLibssl",
            pkgConfig: "libssl",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),
        .target(
            name: "CBenchmarkPeer",
            dependencies: ["CLibssl"],
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]
        ),
        .executableTarget(
            name: "TLSBenchmark",
            dependencies: [
                "CBenchmarkPeer",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
                .product(name: "MLKEM", package: "SafeTLS"),
                .product(name: "Curve25519", package: "SafeTLS"),
            ],
            swiftSettings: safe
        ),
    ],
    swiftLanguageModes: [.v6]
)
