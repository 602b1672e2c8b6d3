// SPDX-License-Identifier: Apache-2.0

/// Times as the variables `SSL_SERVER_V_START` and `SSL_SERVER_V_END` have them.
enum CertificateDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Nov  3 12:28:14 2026 GMT` for seconds since 1970, in the proleptic Gregorian calendar.
    static func text(_ seconds: Int64) -> String {
        let days = (seconds - remainder(seconds, 86_400)) / 86_400
        let time = remainder(seconds, 86_400)
        // Years here begin in March, so that the leap day is the last; eras of 400 years have 146,097 days.
        let shifted = days + 719_468
        let day = remainder(shifted, 146_097)
        let era = (shifted - day) / 146_097
        let yearOfEra = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 2 : shiftedMonth - 10
        let year = yearOfEra + era * 400 + (month < 2 ? 1 : 0)
        let clock = [time / 3_600, time / 60 % 60, time % 60].map { padded($0, "0") }.joined(separator: ":")
        return "\(months[Int(month)]) \(padded(dayOfMonth, " ")) \(clock) \(year) GMT"
    }

    private static func remainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }

    private static func padded(_ number: Int64, _ filler: String) -> String {
        number < 10 ? filler + String(number) : String(number)
    }
}
