// swift-tools-version: 6.2
import PackageDescription

/// The same rules as the library's own targets. None of these needs `Lifetimes`.
let safe: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "SafeTLSHummingbird",
    // As of everything that it is made of.
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "SafeTLSHummingbird", targets: ["SafeTLSHummingbird"])
    ],
    dependencies: [
        .package(name: "SafeTLS", path: "../.."),
        .package(path: "../nio"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Its traits are for its users to choose.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(
            name: "SafeTLSHummingbird",
            dependencies: [
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "SafeTLSNIO", package: "nio"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: safe
        ),
        .executableTarget(
            name: "HummingbirdServer",
            dependencies: [
                "SafeTLSHummingbird",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "SafeTLSNIO", package: "nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Examples/HummingbirdServer",
            swiftSettings: safe
        ),
        .executableTarget(
            name: "HTTP2Server",
            dependencies: [
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "SafeTLSNIO", package: "nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
            ],
            path: "Examples/HTTP2Server",
            swiftSettings: safe
        ),
        .executableTarget(
            name: "HTTPClient",
            dependencies: [
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "SafeTLSNIO", package: "nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
            ],
            path: "Examples/HTTPClient",
            swiftSettings: safe
        ),
        .testTarget(
            name: "SafeTLSHummingbirdTests",
            dependencies: [
                "SafeTLSHummingbird",
                .product(name: "SafeTLS", package: "SafeTLS"),
                .product(name: "SafeTLSNIO", package: "nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: safe
        ),
    ],
    swiftLanguageModes: [.v6]
)
