// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: strict memory safety, and no warning survives.
let safe: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// C functions annotated with their bounds are imported with spans instead of pointers.
let spansFromC: [SwiftSetting] = [.enableExperimentalFeature("SafeInteropWrappers")]

/// Whoever works on this package has the command line, its tests and the argument parser that they need. For programs that
/// use the library nothing else is fetched: SwiftPM has their dependencies below `checkouts`, or `SAFETLS_LIBRARY_ONLY` is
/// set, as for the httpd module.
let hasCommandLine =
    Context.environment["SAFETLS_LIBRARY_ONLY"] == nil && !Context.packageDirectory.contains("/checkouts/")

let package = Package(
    name: "SafeTLS",
    // InlineArray is of macOS 26. Of Apple's other systems none has a libcrypto.
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "SafeTLS", targets: ["SafeTLS"]),
        .library(name: "TLSCertificates", targets: ["TLSCertificates"]),
        .library(name: "MLKEM", targets: ["MLKEM"]),
        .library(name: "Curve25519", targets: ["Curve25519"]),
        .library(name: "TLSCertificateCompression", targets: ["TLSCertificateCompression"]),
        .library(name: "SafeTLSSockets", targets: ["SafeTLSSockets"]),
    ],
    targets: [
        .systemLibrary(
            name: "CLibcrypto",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),
        .target(name: "CSockets"),
        .target(name: "MLKEM", swiftSettings: safe),
        .target(name: "Curve25519", swiftSettings: safe),
        .target(name: "TLSCrypto", dependencies: ["CLibcrypto", "MLKEM", "Curve25519"], swiftSettings: safe),
        .target(name: "TLSCertificates", dependencies: ["TLSCrypto"], swiftSettings: safe),
        .target(name: "SafeTLS", dependencies: ["TLSCertificates", "TLSCrypto"], swiftSettings: safe),
        .target(
            name: "SafeTLSSockets",
            dependencies: ["SafeTLS", "CSockets"],
            swiftSettings: safe + spansFromC
        ),
        .target(
            name: "CCertificateCompression",
            linkerSettings: [.linkedLibrary("z"), .linkedLibrary("brotlienc"), .linkedLibrary("brotlidec")]
        ),
        .target(
            name: "TLSCertificateCompression",
            dependencies: ["SafeTLS", "CCertificateCompression"],
            swiftSettings: safe + spansFromC
        ),
        .testTarget(name: "MLKEMTests", dependencies: ["MLKEM"], swiftSettings: safe),
        .testTarget(
            name: "Curve25519Tests",
            dependencies: ["Curve25519", "CMLKEMCheck"],
            swiftSettings: safe + spansFromC
        ),
        .testTarget(
            name: "TLSCryptoTests",
            dependencies: ["TLSCrypto", "MLKEM", "CMLKEMCheck"],
            swiftSettings: safe + spansFromC
        ),
        .testTarget(name: "TLSCertificatesTests", dependencies: ["TLSCertificates", "TLSCrypto"], swiftSettings: safe),
        .testTarget(
            name: "SafeTLSTests",
            dependencies: ["SafeTLS", "TLSCertificates", "TLSCertificateCompression", "TLSCrypto"],
            exclude: ["Snapshots/Defaults.txt"],
            swiftSettings: safe
        ),
        .testTarget(
            name: "SafeTLSSocketsTests",
            dependencies: ["SafeTLSSockets", "SafeTLS"],
            swiftSettings: safe
        ),
        .executableTarget(
            name: "BogoShim",
            dependencies: ["SafeTLS", "TLSCertificates", "TLSCrypto", "CSockets"],
            path: "Tests/BogoShim",
            exclude: ["config.json", "report.py", "run.sh"],
            swiftSettings: safe + spansFromC
        ),
        .target(name: "CMLKEMCheck", dependencies: ["CLibcrypto"], path: "Tests/CMLKEMCheck"),
        .executableTarget(
            name: "MLKEMCheck",
            dependencies: ["MLKEM", "Curve25519", "SafeTLS", "TLSCertificates", "CMLKEMCheck"],
            path: "Tests/MLKEMCheck",
            swiftSettings: safe + spansFromC
        ),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: safe),
        .testTarget(
            name: "HTTPDTests",
            dependencies: ["TestSupport"],
            exclude: ["Packaging/debian-configuration.sh", "Lifecycle/mod_hostile.c"],
            swiftSettings: safe
        ),
    ],
    swiftLanguageModes: [.v6]
)

if hasCommandLine {
    // Without optimisation a key exchange takes twenty milliseconds, and the tests make thousands.
    for target in package.targets where ["MLKEM", "Curve25519"].contains(target.name) {
        target.swiftSettings?.append(.unsafeFlags(["-O"], .when(configuration: .debug)))
    }
    package.products.append(.executable(name: "safetls", targets: ["SafeTLSCommand"]))
    // One version, so that each build is of the same sources.
    package.dependencies.append(.package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"))
    package.targets += [
        .executableTarget(
            name: "SafeTLSCommand",
            dependencies: [
                "SafeTLS", "SafeTLSSockets", "TLSCertificates", "TLSCertificateCompression", "TLSCrypto", "CSockets",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: safe + spansFromC
        ),
        .testTarget(
            name: "SafeTLSCommandTests",
            dependencies: [
                "SafeTLSCommand", "SafeTLSSockets", "SafeTLS", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: safe
        ),
        .testTarget(
            name: "InteropTests",
            dependencies: ["SafeTLSCommand", "SafeTLSSockets", "TestSupport"],
            swiftSettings: safe
        ),
    ]
}
