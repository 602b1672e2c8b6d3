// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPDCore

@Suite struct CertificateDateTests {
    /// Every day from 1900 to 2400, against a calendar that counts them one by one.
    @Test func everyDay() {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        // 1 January 1900.
        var seconds: Int64 = -2_208_988_800
        for year in 1900...2400 {
            lengths[1] = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400) ? 29 : 28
            for (month, length) in zip(names, lengths) {
                for day in 1...length {
                    let date = "\(month) \(day < 10 ? " " : "")\(day)"
                    if CertificateDate.text(seconds) != "\(date) 00:00:00 \(year) GMT"
                        || CertificateDate.text(seconds + 86_399) != "\(date) 23:59:59 \(year) GMT"
                    {
                        Issue.record("\(seconds) is \(CertificateDate.text(seconds)), and not \(date) \(year)")
                        return
                    }
                    seconds += 86_400
                }
            }
        }
    }

    @Test(
        arguments: [
            (1_795_436_894, "Nov 23 12:28:14 2026 GMT"), (1_793_709_005, "Nov  3 12:30:05 2026 GMT"),
            // The ends of UTCTime and GeneralizedTime.
            (2_524_607_999, "Dec 31 23:59:59 2049 GMT"), (-631_152_000, "Jan  1 00:00:00 1950 GMT"),
            (253_402_300_799, "Dec 31 23:59:59 9999 GMT"),
        ] as [(Int64, String)]
    )
    func times(seconds: Int64, text: String) {
        #expect(CertificateDate.text(seconds) == text)
    }
}
