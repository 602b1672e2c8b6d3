// SPDX-License-Identifier: Apache-2.0

/// Times of certificates in words: seconds since 1970, in the proleptic Gregorian calendar.
enum CertificateDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Nov  3 12:28:14 2026 GMT`, as the variables `SSL_SERVER_V_START` and `SSL_SERVER_V_END` have them.
    static func text(_ seconds: Int64) -> String {
        let (year, month, day) = date(seconds)
        return "\(months[Int(month) - 1]) \(padded(day, " ")) \(clock(seconds)) \(year) GMT"
    }

    /// `2026-11-03T12:28:14Z`, as ISO 8601 writes it.
    static func timestamp(_ seconds: Int64) -> String {
        let (year, month, day) = date(seconds)
        return "\(year)-\(padded(month, "0"))-\(padded(day, "0"))T\(clock(seconds))Z"
    }

    /// Year, month from 1 on, day of the month.
    private static func date(_ seconds: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = (seconds - remainder(seconds, 86_400)) / 86_400
        // Years here begin in March, so that the leap day is the last; eras of 400 years have 146,097 days.
        let shifted = days + 719_468
        let day = remainder(shifted, 146_097)
        let era = (shifted - day) / 146_097
        let yearOfEra = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 2 : shiftedMonth - 10
        return (yearOfEra + era * 400 + (month < 2 ? 1 : 0), month + 1, dayOfMonth)
    }

    private static func clock(_ seconds: Int64) -> String {
        let time = remainder(seconds, 86_400)
        return [time / 3_600, time / 60 % 60, time % 60].map { padded($0, "0") }.joined(separator: ":")
    }

    private static func remainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }

    private static func padded(_ number: Int64, _ filler: String) -> String {
        number < 10 ? filler + String(number) : String(number)
    }
}
