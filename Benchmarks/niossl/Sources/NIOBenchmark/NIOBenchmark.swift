// SPDX-License-Identifier: Apache-2.0

import Foundation
import SafeTLS

/// Compares SafeTLS with BoringSSL as programs in Swift have it, through swift-nio-ssl.
@main
struct NIOBenchmark {
    static func main() {
        do {
            let options = try Options(CommandLine.arguments.dropFirst())
            if options.showsHelp { return print(Options.help) }
            if let repetition = options.repetition { return try repeatTurns(repetition, options.keys) }
            try compare(options)
        } catch {
            print("nio-benchmark: \(error)")
            exit(1)
        }
    }

    private static func compare(_ options: Options) throws {
        let catalogue = try Catalogue(keys: options.keys)
        var outcomes: [Outcome] = []
        for name in Catalogue.names where options.selects(name) {
            if options.listsOnly {
                print(name)
                continue
            }
            FileHandle.standardError.write(Data("\(name)\n".utf8))
            outcomes.append(
                try Outcome(catalogue.subject(name), seconds: options.seconds, rounds: options.rounds)
            )
        }
        guard !options.listsOnly else { return }
        guard !outcomes.isEmpty else { throw Failure("no case has such a name; --list shows them") }
        print(Report(outcomes: outcomes).text(options.format))
    }

    /// One stack alone, for a profiler.
    private static func repeatTurns(_ repetition: Options.Repetition, _ keys: String?) throws {
        var subject = try Catalogue(keys: keys).subject(repetition.name)
        guard subject.stacks.contains(repetition.stack) else { throw Failure("\(repetition.name) has no such stack") }
        for _ in 0..<repetition.count { _ = try subject.turn(repetition.stack) }
    }
}

/// All that can be measured, by name.
struct Catalogue {
    private let identity: Identity
    private let loops = Loops()

    init(keys: String?) throws { identity = try keys.map { Identity(directory: $0) } ?? Identity() }

    static let names: [String] =
        Setting.all.map { "embedded-" + $0.name } + Setting.versions.map { "idle-" + $0.name }
        + Setting.all.map { "loop-" + $0.name } + Setting.versions.map { "loop-idle-" + $0.name }
        + bulks.map(\.name) + Primitive.all.map(\.name)

    private struct BulkName {
        var setting: Setting
        var shape: Bulk.Shape
        var isUpload: Bool

        var name: String {
            "bulk-\(setting.version == .tls12 ? "tls12" : "tls13")-\(shape.name)-\(isUpload ? "up" : "down")"
        }
    }

    private static let bulks: [BulkName] = Setting.versions.flatMap { setting in
        Bulk.Shape.all.flatMap { shape in
            [true, false].map { BulkName(setting: setting, shape: shape, isUpload: $0) }
        }
    }

    func subject(_ name: String) throws -> any Subject {
        if let bulk = Self.bulks.first(where: { $0.name == name }) {
            return try Bulk(name, bulk.setting, bulk.shape, isUpload: bulk.isUpload, identity, loops)
        }
        for setting in Setting.all {
            switch name {
            case "embedded-" + setting.name: return try EmbeddedHandshakes(name, setting, identity)
            case "idle-" + setting.name: return try IdleConnections(name, setting, identity)
            case "loop-" + setting.name: return try LoopHandshakes(name, setting, identity, loops)
            case "loop-idle-" + setting.name: return try LoopIdleConnections(name, setting, identity, loops)
            default: break
            }
        }
        guard let primitive = Primitive.all.first(where: { $0.name == name }) else {
            throw Failure("there is no case \(name)")
        }
        return primitive
    }
}
