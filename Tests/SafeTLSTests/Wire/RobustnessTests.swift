// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite struct RobustnessTests {
    private static let samples: [SampleMessages.Sample] =
        SampleMessages.all
        + RFC8448.messages.map { SampleMessages.Sample(type: $0.type, version: .tls13, body: $0.body) }

    @Test func `There is a sample of every message`() {
        let types = Set(Self.samples.map(\.type))
        let expected: Set<HandshakeType> = [
            .clientHello, .serverHello, .encryptedExtensions, .certificate, .certificateRequest, .certificateVerify,
            .finished, .newSessionTicket, .keyUpdate, .serverKeyExchange, .clientKeyExchange, .certificateStatus,
            .serverHelloDone, .endOfEarlyData,
        ]
        #expect(types == expected)
        #expect(RFC8448.messages.count == 40)
    }

    @Test(arguments: samples)
    func `A whole message decodes`(_ sample: SampleMessages.Sample) throws {
        _ = try decode(sample.type, sample.body, version: sample.version)
    }

    /// Only hellos have a prefix that is whole: TLS 1.2's extensions may be left out altogether.
    @Test(arguments: samples)
    func `No prefix of a message decodes`(_ sample: SampleMessages.Sample) throws {
        var decodable: [Int] = []
        for length in 0..<sample.body.count {
            do throws(DecodeError) {
                _ = try decode(sample.type, Array(sample.body[..<length]), version: sample.version)
                decodable.append(length)
            } catch {
                #expect(error.alert == .decodeError, "\(length) bytes: \(error)")
            }
        }
        switch sample.type {
        case .clientHello:
            let hello = try ClientHello(sample.body.span)
            let length =
                2 + 32 + 1 + hello.legacySessionID.count + 2 + 2 * hello.cipherSuites.count + 1
                + hello.legacyCompressionMethods.count
            #expect(decodable == [length])
        case .serverHello: #expect(decodable == [2 + 32 + 1 + Int(sample.body[34]) + 3])
        default: #expect(decodable == [])
        }
    }

    @Test(arguments: samples)
    func `A byte after the end is refused`(_ sample: SampleMessages.Sample) {
        #expect(throws: DecodeError.trailingBytes) {
            _ = try decode(sample.type, sample.body + [0], version: sample.version)
        }
    }

    /// Every outcome is fine but a trap; that some of both occur shows that the mutations reach something.
    @Test func `Damaged messages never trap`() {
        var generator = SplitMix64(state: 0x5AFE_715)
        var decoded = 0
        var refused = 0
        for _ in 0..<20_000 {
            guard let sample = Self.samples.randomElement(using: &generator) else { return }
            var body = sample.body
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !body.isEmpty {
                let index = Int.random(in: 0..<body.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: body[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: body[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: body.remove(at: index)
                default: body.insert(UInt8.random(in: 0...255, using: &generator), at: index)
                }
            }
            do throws(DecodeError) {
                _ = try decode(sample.type, body, version: sample.version)
                decoded += 1
            } catch {
                refused += 1
            }
        }
        #expect(decoded > 1000 && refused > 1000)
    }
}

/// A small deterministic generator.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
