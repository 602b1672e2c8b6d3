// SPDX-License-Identifier: Apache-2.0

/// Powers of 17, a primitive 256th root of unity modulo q (FIPS 203 §4.3), times 2¹⁶ for Montgomery's multiplication, in
/// ±(q − 1)/2. Beside them are their products with q⁻¹ modulo 2¹⁶ (``Factors``).
enum Roots {
    /// 17 to the power BitRev₇(i).
    static let zetas: InlineArray<128, Int16> = [
        -1044, -758, -359, -1517, 1493, 1422, 287, 202, -171, 622, 1577, 182, 962, -1202, -1474, 1468,
        573, -1325, 264, 383, -829, 1458, -1602, -130, -681, 1017, 732, 608, -1542, 411, -205, -1571,
        1223, 652, -552, 1015, -1293, 1491, -282, -1544, 516, -8, -320, -666, -1618, -1162, 126, 1469,
        -853, -90, -271, 830, 107, -1421, -247, -951, -398, 961, -1508, -725, 448, -1065, 677, -1275,
        -1103, 430, 555, 843, -1251, 871, 1550, 105, 422, 587, 177, -235, -291, -460, 1574, 1653,
        -246, 778, 1159, -147, -777, 1483, -602, 1119, -1590, 644, -872, 349, 418, 329, -156, -75,
        817, 1097, 603, 610, 1322, -1285, -1465, 384, -1215, -136, 1218, -1335, -874, 220, -1187, -1659,
        -1185, -1530, -1278, 794, -1510, -854, -870, 478, -108, -308, 996, 991, 958, -1460, 1522, 1628,
    ]

    /// The same times q⁻¹ modulo 2¹⁶.
    private static let zetasTimesInverse: InlineArray<128, Int16> = [
        -20, 31498, 14745, 787, 13525, -12402, 28191, -16694, -20907, 27758, -3799, -15690, 10690, 1358, -11202, 31164,
        -5827, 17363, -26360, -29057, 5571, -1102, 21438, -26242, -28073, 24313, -10532, 8800, 18426, 8859, 26675,
        -16163,
        -5689, -6516, 1496, 30967, -23565, 20179, 20710, 25080, -12796, 26616, 16064, -12442, 9134, -650, -25986, 27837,
        19883, -28250, -15887, -8898, -28309, 9075, -30199, 18249, 13426, 14017, -29156, -12757, 16832, 4311, -24155,
        -17915,
        -335, 11182, -11477, 13387, -32227, -14233, 20494, -21655, -27738, 13131, 945, -4587, -14883, 23092, 6182, 5493,
        32010, -32502, 10631, 30317, 29175, -18741, -28762, 12639, -18486, 20100, 17560, 18525, -14430, 19529, -5276,
        -12619,
        -31183, 20297, 25435, 2146, -7382, 15355, 24391, -32384, -20927, -6280, 10946, -14903, 24214, -11044, 16989,
        14469,
        10335, -21498, -7934, -20198, -22502, 23210, 10906, -17442, 31636, -23860, 28644, -20257, 23998, 7756, -17422,
        23132,
    ]

    /// 17 to the power 2·BitRev₇(i) + 1: the moduli X² − γ of the 128 products.
    static let gammas: InlineArray<128, Int16> = [
        -1103, 1103, 430, -430, 555, -555, 843, -843, -1251, 1251, 871, -871, 1550, -1550, 105, -105,
        422, -422, 587, -587, 177, -177, -235, 235, -291, 291, -460, 460, 1574, -1574, 1653, -1653,
        -246, 246, 778, -778, 1159, -1159, -147, 147, -777, 777, 1483, -1483, -602, 602, 1119, -1119,
        -1590, 1590, 644, -644, -872, 872, 349, -349, 418, -418, 329, -329, -156, 156, -75, 75,
        817, -817, 1097, -1097, 603, -603, 610, -610, 1322, -1322, -1285, 1285, -1465, 1465, 384, -384,
        -1215, 1215, -136, 136, 1218, -1218, -1335, 1335, -874, 874, 220, -220, -1187, 1187, -1659, 1659,
        -1185, 1185, -1530, 1530, -1278, 1278, 794, -794, -1510, 1510, -854, 854, -870, 870, 478, -478,
        -108, 108, -308, 308, 996, -996, 991, -991, 958, -958, -1460, 1460, 1522, -1522, 1628, -1628,
    ]

    /// The same times q⁻¹ modulo 2¹⁶.
    private static let gammasTimesInverse: InlineArray<128, Int16> = [
        -335, 335, 11182, -11182, -11477, 11477, 13387, -13387, -32227, 32227, -14233, 14233, 20494, -20494, -21655,
        21655,
        -27738, 27738, 13131, -13131, 945, -945, -4587, 4587, -14883, 14883, 23092, -23092, 6182, -6182, 5493, -5493,
        32010, -32010, -32502, 32502, 10631, -10631, 30317, -30317, 29175, -29175, -18741, 18741, -28762, 28762, 12639,
        -12639,
        -18486, 18486, 20100, -20100, 17560, -17560, 18525, -18525, -14430, 14430, 19529, -19529, -5276, 5276, -12619,
        12619,
        -31183, 31183, 20297, -20297, 25435, -25435, 2146, -2146, -7382, 7382, 15355, -15355, 24391, -24391, -32384,
        32384,
        -20927, 20927, -6280, 6280, 10946, -10946, -14903, 14903, 24214, -24214, -11044, 11044, 16989, -16989, 14469,
        -14469,
        10335, -10335, -21498, 21498, -7934, 7934, -20198, 20198, -22502, 22502, 23210, -23210, 10906, -10906, -17442,
        17442,
        31636, -31636, -23860, 23860, 28644, -28644, -20257, 20257, 23998, -23998, 7756, -7756, -17422, 17422, 23132,
        -23132,
    ]

    /// One root, for all lanes.
    @inline(__always)
    static func zeta(_ index: Int) -> Factors {
        Factors(
            values: Coefficients(repeating: zetas[index & 127]),
            timesInverse: Coefficients(repeating: zetasTimesInverse[index & 127])
        )
    }

    /// Eight roots in a row, of the sixteen such groups.
    @inline(__always)
    static func zetas(ofGroup group: Int) -> Factors {
        Factors(values: eight(group) { zetas[$0] }, timesInverse: eight(group) { zetasTimesInverse[$0] })
    }

    /// Eight moduli in a row, of the sixteen such groups.
    @inline(__always)
    static func gammas(ofGroup group: Int) -> Factors {
        Factors(values: eight(group) { gammas[$0] }, timesInverse: eight(group) { gammasTimesInverse[$0] })
    }

    // Not the tables themselves, of which each number would be read out of a copy.
    @inline(__always)
    private static func eight(_ group: Int, _ number: (Int) -> Int16) -> Coefficients {
        let n = (group & 15) &* 8
        return Coefficients(
            number(n),
            number(n | 1),
            number(n | 2),
            number(n | 3),
            number(n | 4),
            number(n | 5),
            number(n | 6),
            number(n | 7)
        )
    }
}

extension Factors {
    /// The lanes in the opposite order.
    @inline(__always)
    var reversed: Factors {
        Factors(values: MLKEM.reversed(values), timesInverse: MLKEM.reversed(timesInverse))
    }

    /// Each lane twice: the first four, the last four.
    @inline(__always)
    var doubled: (Factors, Factors) {
        let (first, second) = joined(values, values)
        let (firstTimesInverse, secondTimesInverse) = joined(timesInverse, timesInverse)
        return (
            Factors(values: first, timesInverse: firstTimesInverse),
            Factors(values: second, timesInverse: secondTimesInverse)
        )
    }
}

@inline(__always)
private func reversed(_ a: Coefficients) -> Coefficients {
    Coefficients(a[7], a[6], a[5], a[4], a[3], a[2], a[1], a[0])
}
