// swift-tools-version: 6.2
import PackageDescription

/// Where the headers of httpd and APR are. `build.sh` asks `apxs` and `apr-1-config`; the default is Debian's.
let headerFlags = (Context.environment["HTTPD_CFLAGS"] ?? "-I/usr/include/apache2 -I/usr/include/apr-1.0")
    .split(separator: " ").map(String.init)

/// APR's types depend on these; `apr-1-config --cppflags` says the same on Linux.
let cFlags = headerFlags + ["-D_REENTRANT", "-D_GNU_SOURCE", "-DLINUX"]

/// Settings of every Swift target: strict memory safety, and no warning survives.
let safe: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "SafeTLSHTTPD",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "mod_tls", type: .dynamic, targets: ["ModTLS", "HTTPDGlue"]),
        .library(name: "mod_ssl", type: .dynamic, targets: ["ModSSL", "HTTPDGlue"]),
    ],
    dependencies: [
        .package(name: "SafeTLS", path: "../..")
    ],
    targets: [
        .target(name: "CHTTPD", cSettings: [.unsafeFlags(cFlags)]),
        .target(
            name: "ModTLS",
            dependencies: ["CHTTPD"],
            cSettings: [.unsafeFlags(cFlags)],
            linkerSettings: [
                // httpd unloads and reloads its modules between the passes over its configuration; the Swift
                // runtime must stay where it is. Nothing but the module record is visible to other modules, and the tables
                // of functions are read-only once it is loaded. What is built does not depend on where: a soname and a
                // build ID of the linker's own would be made of paths.
                .unsafeFlags([
                    "-Xlinker", "-z", "-Xlinker", "nodelete", "-Xlinker", "-z", "-Xlinker", "now",
                    "-Xlinker", "-soname", "-Xlinker", "safetls-mod_tls.so", "-Xlinker", "--build-id=none",
                    "-Xlinker", "--version-script=\(Context.packageDirectory)/mod_tls.map",
                ])
            ]
        ),
        .target(
            name: "ModSSL",
            dependencies: ["CHTTPD"],
            cSettings: [.unsafeFlags(cFlags)],
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker", "-z", "-Xlinker", "nodelete", "-Xlinker", "-z", "-Xlinker", "now",
                    "-Xlinker", "-soname", "-Xlinker", "safetls-mod_ssl.so", "-Xlinker", "--build-id=none",
                    "-Xlinker", "--version-script=\(Context.packageDirectory)/mod_ssl.map",
                ])
            ]
        ),
        .target(
            name: "HTTPDCore",
            dependencies: [
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
                .product(name: "TLSCertificateCompression", package: "SafeTLS"),
            ],
            swiftSettings: safe
        ),
        .target(
            name: "HTTPDGlue",
            dependencies: [
                "CHTTPD", "HTTPDCore",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
            ],
            swiftSettings: safe + [.unsafeFlags(cFlags.flatMap { ["-Xcc", $0] })]
        ),
        .testTarget(
            name: "HTTPDCoreTests",
            dependencies: [
                "HTTPDCore",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "TLSCertificates", package: "SafeTLS"),
                .product(name: "TLSCertificateCompression", package: "SafeTLS"),
            ],
            swiftSettings: safe
        ),
    ],
    swiftLanguageModes: [.v6]
)
