// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates

extension NegotiatedParameters {
    /// What was agreed, each on its own line: a name and a value.
    var lines: [(name: String, value: String)] {
        [
            ("version", version.name),
            ("cipher suite", cipherSuite.ianaName),
            ("group", group?.name ?? "none"),
            ("signature", signatureScheme?.name ?? "none"),
            ("protocol", applicationProtocol ?? "none"),
            ("server name", serverName ?? "none"),
            ("session", isResumed ? "resumed" : "new"),
        ]
    }
}

extension TLSSession where Self: ~Copyable {
    /// What only some connections have.
    var remarks: [(name: String, value: String)] {
        var remarks: [(String, String)] = []
        if negotiated?.usedHelloRetryRequest == true {
            remarks.append(("key share", "asked for by HelloRetryRequest"))
        }
        if let identity = negotiated?.preSharedKeyIdentity {
            remarks.append(("pre-shared key", String(decoding: identity, as: UTF8.self)))
        }
        switch earlyData {
        case .notOffered: break
        case .offered: remarks.append(("0-RTT data", "offered"))
        case .accepted: remarks.append(("0-RTT data", "accepted"))
        case .rejected(let reason): remarks.append(("0-RTT data", "rejected (\(reason))"))
        }
        return remarks
    }
}

extension Certificate {
    /// Whose it is, who says so and until when.
    var summary: String {
        "\(subject), issued by \(issuer), valid until \(date(notAfter))"
    }
}

extension Certificate {
    /// How long it is valid from a time on, in words.
    func remaining(at now: Int64) -> String {
        if now < notBefore { return "not valid yet" }
        let days = (notAfter - now) / 86_400
        switch days {
        case _ where now > notAfter: return "expired"
        case 0: return "less than a day left"
        case 1: return "1 day left"
        default: return "\(days) days left"
        }
    }
}

/// A date of the proleptic Gregorian calendar from UNIX seconds, as in 2026-11-23T15:04:05Z.
func date(_ seconds: Int64) -> String {
    func padded(_ number: Int64, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let day = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
    let second = seconds - day * 86400
    // Years that begin in March have their leap day last, so that months follow a fixed pattern.
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    return "\(padded(year, 4))-\(padded(month))-\(padded(dayOfMonth))T"
        + "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))Z"
}
