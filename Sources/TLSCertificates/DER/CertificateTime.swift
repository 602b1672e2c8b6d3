// SPDX-License-Identifier: Apache-2.0

/// Times of certificates as seconds since 1970-01-01T00:00:00Z, and back into words.
enum CertificateTime {
    /// Reads a UTCTime `YYMMDDHHMMSSZ` or a GeneralizedTime `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5).
    ///
    /// Seconds are required, fractions and offsets are not allowed. A GeneralizedTime before 2050 is accepted: it
    /// breaks a rule for issuers, and it is unambiguous.
    static func parse(_ content: Span<UInt8>, tag: UInt8) throws(DERError) -> Int64 {
        let yearDigits: Int
        switch tag {
        case DERTag.utcTime: yearDigits = 2
        case DERTag.generalizedTime: yearDigits = 4
        default: throw .unexpectedTag(expected: DERTag.utcTime, found: tag)
        }
        guard content.count == yearDigits + 11, content[content.count - 1] == UInt8(ascii: "Z") else {
            throw .invalidTime
        }
        var year = try number(content, at: yearDigits - 2)
        if yearDigits == 4 {
            year += try number(content, at: 0) * 100
        } else {
            year += year < 50 ? 2000 : 1900
        }
        let month = try number(content, at: yearDigits)
        let day = try number(content, at: yearDigits + 2)
        let hour = try number(content, at: yearDigits + 4)
        let minute = try number(content, at: yearDigits + 6)
        let second = try number(content, at: yearDigits + 8)
        guard (1...12).contains(month), day >= 1, day <= dayCount(ofMonth: month, year: year),
            hour < 24, minute < 60, second < 60
        else { throw .invalidTime }
        let days = daysSince1970(year: year, month: month, day: day)
        return Int64(((days * 24 + hour) * 60 + minute) * 60 + second)
    }

    private static func number(_ content: Span<UInt8>, at index: Int) throws(DERError) -> Int {
        let tens = content[index] &- UInt8(ascii: "0")
        let ones = content[index + 1] &- UInt8(ascii: "0")
        guard tens < 10, ones < 10 else { throw .invalidTime }
        return Int(tens) * 10 + Int(ones)
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func dayCount(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days of the proleptic Gregorian calendar; years 0…9999.
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        // Counting years from March puts the leap day last, so that month lengths follow one formula.
        let shiftedYear = month > 2 ? year : year - 1
        let shiftedMonth = (month + 9) % 12
        let era = shiftedYear >= 0 ? shiftedYear / 400 : (shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        // 719 468 days lie between 0000-03-01 and 1970-01-01.
        return era * 146_097 + dayOfEra - 719_468
    }

    /// A time as `2026-01-31 23:59:59 UTC`.
    static func describe(_ seconds: Int64) -> String {
        // Times outside years 0…9999 cannot come from a certificate; a caller's clock may say anything.
        guard (-62_167_219_200...253_402_300_799).contains(seconds) else { return "\(seconds) s after 1970" }
        var days = Int(seconds / 86_400)
        var rest = Int(seconds % 86_400)
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
        let shifted = days + 719_468
        let era = shifted >= 0 ? shifted / 146_097 : (shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        return "\(date) \(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2)) UTC"
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
