// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A key pair for certificates made by tests; fixed, so that nothing depends on chance.
struct TestKey: Sendable {
    /// The SubjectPublicKeyInfo, Base64.
    let publicKeyInfo: String
    /// The PKCS #8 key, Base64; nil for keys that only ever occur as somebody's public key.
    var privateKey: String?
    /// The AlgorithmIdentifier that signs by default.
    var algorithm = TestAlgorithm.ecdsaSHA256
}

extension TestKey {
    /// The same key on P-256, its point compressed (RFC 5480 §2.2).
    var compressed: TestKey {
        let info = base64(publicKeyInfo)
        let point = info.suffix(65)
        let x = point.dropFirst().prefix(32)
        let algorithm = DER.sequence(DER.object("1.2.840.10045.2.1"), DER.object("1.2.840.10045.3.1.7"))
        let key = DER.sequence(algorithm, DER.bits([2 | (info.last ?? 0) & 1] + x))
        return TestKey(publicKeyInfo: DERText.base64(key), privateKey: privateKey, algorithm: self.algorithm)
    }

    static let root = TestKey(
        publicKeyInfo: """
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfXncjFhnYlHwdJT1n0ca8I5Kvn7ZMwPjMKPiRi78JMCYXDraPmIYCaNK0b/0m3mN\
            SZVQ9JN7j6Cl98hrmh92dQ==
            """,
        privateKey: """
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3Lkrd9sr74PSZ3iOA+RR+ouPxtqrhm9zUhYc0uwRHdChRANCAAR9\
            edyMWGdiUfB0lPWfRxrwjkq+ftkzA+Mwo+JGLvwkwJhcOto+YhgJo0rRv/SbeY1JlVD0k3uPoKX3yGuaH3Z1
            """
    )
    static let intermediate = TestKey(
        publicKeyInfo: """
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESV3xaxFJCwHng62ulxduH4QAhcDvwRdGHHeSdlp0wiorJ9Lf4THtnmmHzpwrFoSc\
            /TBgz/K4//I3HlByoZrg2A==
            """,
        privateKey: """
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgM91hN5KplMDwLcCqio90aPSgVXDYQOwAvOTd5zSGmA+hRANCAARJ\
            XfFrEUkLAeeDra6XF24fhACFwO/BF0Ycd5J2WnTCKisn0t/hMe2eaYfOnCsWhJz9MGDP8rj/8jceUHKhmuDY
            """
    )
    static let leaf = TestKey(
        publicKeyInfo: """
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE04Qq5dSALi4EXsa1hLwip22qRHDsVhF3RnBgSVt17Eq+bArwQfZKqviSih2iyWT/\
            hIIXC8UN/CR8NQmhKDwRRw==
            """,
        privateKey: """
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9GpVe4BEYPymN0TzWfCwz8gu85yqWi8GDQwRerBcv9+hRANCAATT\
            hCrl1IAuLgRexrWEvCKnbapEcOxWEXdGcGBJW3XsSr5sCvBB9kqq+JKKHaLJZP+EghcLxQ38JHw1CaEoPBFH
            """
    )
    static let other = TestKey(
        publicKeyInfo: """
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEUXf6lNZb1DFrd5Izbqh9O4vP6ePChs094uhATuWoNGosdn89BiVtpMfoChA5wFZs\
            fpx06FVPtcX3rBYsQVa/ng==
            """,
        privateKey: """
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgODpW7BkRVTCMQyybWvx6Wa/x+jRvf9kybQn+lGJTgVGhRANCAARR\
            d/qU1lvUMWt3kjNuqH07i8/p48KGzT3i6EBO5ag0aix2fz0GJW2kx+gKEDnAVmx+nHToVU+1xfesFixBVr+e
            """
    )
    static let p384 = TestKey(
        publicKeyInfo: """
            MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE7UaGf/3q+gjcdqHzht7l7/fnDfrK2laEjrqhE9LnO3kjz123FGhmNwRQgS7M9T39WIhZ\
            kG2PYgYOsZPbrcqzFyx3/2UjcIdI2/AroGqmdLOyltnvzpvMQlLfi2IU5z/N
            """,
        privateKey: """
            MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDDHPIQeMPwD2Wf5w58SeSzqoR2sLy89GuvKhNDBkD7aQ628Tk88Vki6\
            qc/uCxv0nHOhZANiAATtRoZ//er6CNx2ofOG3uXv9+cN+sraVoSOuqET0uc7eSPPXbcUaGY3BFCBLsz1Pf1YiFmQbY9iBg6xk9ut\
            yrMXLHf/ZSNwh0jb8CugaqZ0s7KW2e/Om8xCUt+LYhTnP80=
            """,
        algorithm: .ecdsaSHA384
    )
    static let p521 = TestKey(
        publicKeyInfo: """
            MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAL/VWU+LYXZEGpk9J00kCtT0c8sI7w5Z6slAFpzfbYV/1He0X3SaDKT6PUHhfg58Y\
            5zSA+yhakjbPCQPPKkMfS1EBM18hoZgflp7sR8LbUGCJXllvPxgmnu4HICIZIPBqNPWsO5HbuMw0DsG9oBRDfJOUnFJXeMdAp/0W\
            9/L9C9frPA8=
            """,
        privateKey: """
            MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIA4iK0HmFT3ztjemL2ebOgKd/QlUfsyNwFwHnalnQ/FGBYIWeoHGPI\
            CDP+uq4YklHtGIsYHIIAW9rm/YnnLgdzEMWhgYkDgYYABAAv9VZT4thdkQamT0nTSQK1PRzywjvDlnqyUAWnN9thX/Ud7RfdJoMp\
            Po9QeF+DnxjnNID7KFqSNs8JA88qQx9LUQEzXyGhmB+WnuxHwttQYIleWW8/GCae7gcgIhkg8Go09aw7kdu4zDQOwb2gFEN8k5Sc\
            Uld4x0Cn/Rb38v0L1+s8Dw==
            """,
        algorithm: .ecdsaSHA512
    )
    static let ed25519 = TestKey(
        publicKeyInfo: "MCowBQYDK2VwAyEAwRQ3gaM9VH8W4u2uu5kdV1z0gSAK5Gn49cC392u3pYY=",
        privateKey: "MC4CAQAwBQYDK2VwBCIEIGTCTvW1wl5QRlLnxEluFoeLRzqrwm/3JLqd0n/IjQ3f",
        algorithm: .ed25519
    )
    static let rsa2048 = TestKey(
        publicKeyInfo: """
            MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAskJ6vQK1roDHoOEL7p9eB6jOI/gQYW7++ObabhWAPQ4wDRufRc4KV4Ja\
            m6JZwWcC5QFzJoDRRZ+UCvKa5LGhtfmLeJBWY/coHwHM5IKXlm942fziaw3LiMj9LV0HbOj6iN3BEt/HhrcVAAWRFwY8CpMtRK7F\
            qe9o8sygqNXJrMr7mhLy0mT6Z6f2FP3GsdRppuSaG023tnZJZw61VTu5uEsMD7kchNe7aVe0SlUMYJnPehfS1Kpq82a1hldfFpIU\
            xJVLNku8j6ynGcTOGCjbGJGe6tmRwC0mpchjRmbfVtW2LVAzEzEwajqum6SZltVQj0I64x5skd6Ih5bYcfDwyQIDAQAB
            """,
        privateKey: """
            MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCyQnq9ArWugMeg4Qvun14HqM4j+BBhbv745tpuFYA9DjANG59F\
            zgpXglqbolnBZwLlAXMmgNFFn5QK8prksaG1+Yt4kFZj9ygfAczkgpeWb3jZ/OJrDcuIyP0tXQds6PqI3cES38eGtxUABZEXBjwK\
            ky1ErsWp72jyzKCo1cmsyvuaEvLSZPpnp/YU/cax1Gmm5JobTbe2dklnDrVVO7m4SwwPuRyE17tpV7RKVQxgmc96F9LUqmrzZrWG\
            V18WkhTElUs2S7yPrKcZxM4YKNsYkZ7q2ZHALSalyGNGZt9W1bYtUDMTMTBqOq6bpJmW1VCPQjrjHmyR3oiHlthx8PDJAgMBAAEC\
            ggEARZIHiAPqN0hAYQvj1cXx80hQ553VeslQjoC+iA8xJOMIIt2AbERtKdkQlsQmhoI3EXxe3gyRYDxXEWy8wfuHktdpNO0UImCg\
            EnXn6tkC423u+xikn0ZbhK94i/9OOhW1TbxKMZ0PqIaEliUWCqfev/vPw4n4UAnFalktbKc/VgWdQSTSFC+DAVdcHICtLNKV3dzu\
            +oOQbG7wAS7ahmrINzP9gh2om0pfEw6uyYOHgc33+zKgi90ia41VcHQO7ruF0Z5vVL56k5aZdDgQQQc/fw2PjNuMdM2P59B//fmn\
            jiiXHn1CttVoVXmeZXUQXO9MfmGiaTlOvlhu6uJQHJkR/wKBgQDlUtE18EJA8HYTelNfCzOw3n47VwUN/FpeTqVIRcH8x9TrcC8S\
            L3w/cJDVrHxHr5PpENiSmXA6XMu8qUV932Iy87S3JJerC2cc555G0K3mNvCXSwIHuDiHlzvTrNJn7Pd7k3vDp92NRk/mWhgBQg0u\
            I7IldRtkovaLD6l8dAA5nwKBgQDG/v9eBRhwQ0K0lxCJsiFc7C7u2+EQBFSnYS/sY8Bk0SbgK6VMDoPr0NgbNn9ssiEXUUPRRiAE\
            2l4MdTk9kFdBlWwmzSPZNN6+eon4mlfV4EhCv0YJxRObQTWkN+HzAlDL/OXp3vUFvj5EVE+jZVrPIApIfvwM2JRvHXxCjjSMlwKB\
            gQCSuBvWULNy7OX+rELvCjG2NYO534ECY7RFpjelN8xXOFsHjyzui6cIx7JCoyqYisMtWHPXx4fAL2LCf+JQGD2xr66thiHrc04z\
            dhUT5at9ISVpBrpzye+RALdsRKQRjdEBJWkH0zyyiIvSK040b9gS7w+pW3V9O65VZl3fnDAQrQKBgAOkAKoIr9TF9j91kBDk2GVp\
            0MX/8dMoMSBKz+SkQo3Vob9yLPkCPvmefYWp7pTfgWl6zCHVBZrxH81ci6qLrHz/rdXb5O8BX53egg2xTTAVhVzrQO3G1D//5mpV\
            t2WJwk6pFs+7i4IKY/s+C6LypMGrVWTUJepaQAT0ZiSVk3KLAoGAaG06S3Ov1P5Gj9DLblVqIPzjrHmagFAhLQYuBomACsXTm5Yp\
            i1OncUR/2qtiZVyeM9dQ/VV1Aa+55YFbAhAV0wPVtGn0g16uwncFGv/n86WTq+B140xZRUT3DMUIEsGt3VEHsXThBA41LULIJ2AR\
            noxvpGQi8oLDyrj6gHlJ7lY=
            """,
        algorithm: .rsaSHA256
    )
    static let rsaPSS = TestKey(
        publicKeyInfo: """
            MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAKA+RvU2+kgu6SIfGW7IuPB2NGm/CwYDwaEvgKTnrr12YYcGD7ZXgfUMhKMT\
            gLXDOu7Ii/932bqG0FcvPiAXnywPR2liCR6nEW/yEhqVckK0C9dWqFFdTeM4G+qxLKC+ZvoB+S3nsjy/S1771g6nT9LZ8JQDFhgE\
            3G+Xq0ud3IKXG7O+UBBwI65xRa75xo1d47hOYAc9LYSO2aTGKJrEYafCoxJI1dMlrnAHjNkbrV6nLQXcsVgYMq1a4J6J2tA1q4WA\
            leviNzFiHvIzi6neOLr7sunSNa0uPobmApZ45Gy9zIOm7x02PptRuChzjECJB67dK2l3DoPOBTPqaJBCYEcCAwEAAQ==
            """,
        privateKey: """
            MIIEugIBADALBgkqhkiG9w0BAQoEggSmMIIEogIBAAKCAQEAoD5G9Tb6SC7pIh8Zbsi48HY0ab8LBgPBoS+ApOeuvXZhhwYPtleB\
            9QyEoxOAtcM67siL/3fZuobQVy8+IBefLA9HaWIJHqcRb/ISGpVyQrQL11aoUV1N4zgb6rEsoL5m+gH5LeeyPL9LXvvWDqdP0tnw\
            lAMWGATcb5erS53cgpcbs75QEHAjrnFFrvnGjV3juE5gBz0thI7ZpMYomsRhp8KjEkjV0yWucAeM2RutXqctBdyxWBgyrVrgnona\
            0DWrhYCV6+I3MWIe8jOLqd44uvuy6dI1rS4+huYClnjkbL3Mg6bvHTY+m1G4KHOMQIkHrt0raXcOg84FM+pokEJgRwIDAQABAoH/\
            KyA07Eg9nmD7fC7GunFaRRkb4y6YMDkZhXFp64uvmMlIAOtVIPCs5Zgd4rxq1m2pqs5dz7s7tBsAMcO4CJ3wKsHM6fP1YYankg7N\
            F3MkIGnJi3AoNftKsn4VjQZJ9MFiLPlCT6fb2YOoYPvR32/qQbeXKA0rC5jp35nzk+961qDWHYfSiV2EHGqCRphoyvXTeMb3oyoZ\
            fpDLlybNkNIrxVBttX+rucu+Yos/b+c1XQnf76t47xDCkdzZ+uaibZsBHeD51KwvWgsNfb+Sz6pvUMVNpPCY77dK/zFUH81GGrzD\
            omp+VQwzcLXN2S56nK72HmbufbmV3z70pRcokO3NAoGBANknpgUSdEefoh2UGEPJdt4m07JGiUHaCgDdMdGO1HVQvcVF+S6r7sX1\
            3SHgOw4FoRSwSZXT+vVRTtlXrGkj8aXcRI0qKYztEdjw/P6LWVkGq2h4iFjoc4r/R4lR0kFwgulhIkUcfz6VyT/ZEr+SNi40ScVL\
            oRFbV2c05ePHxAOFAoGBALzobcKyH2NXmzqqGyeFOIDuE5UuARGqPapWBic2KXE5wHXlvY4OLeOeolNQ6Q6tdEblZu0iAD+43Omq\
            aBv/T+mMyzxEEXgaxc5fHMsw+CzAMlNUyUnx68lkGuFtZYVzlPn46Me5OcxFY0GFiEbJ7GVfNzF27Ce08ShrIz5GeqBbAoGBANcH\
            694Z6AsEiAPCIkT9ujdBO1/NeR08S6uPXUWlqbyBt2khYR5WIprkW5Sv9cpsyJUz+6nhvyAs42dU6eUzMpaLB1bB6WMjXgj0mZF1\
            a4Q8ln9c26cuhzucjbnsy8cBIqD3DnhhP585s48F5QrOPdiC7onv2g7V5DbOqtZjejYBAoGBAIWnbQDzRYHj2dAHym6Lsw6FYxWJ\
            FviImliJxJC5oViao7DGevam0ZDaC78m372iu0HtzIS6KbLr+GDaUA5+9Oso0iIxhqqTRqBcauLYIr6GvRR4SHIo18oFKX+VBt8E\
            h8LUeN3WDy6XaUJSV7i95KNUWpiEq1DslDMkmirVcq1BAoGAazvNx26jMKx1hcOZtb7mPZiV5zGFqce8HB/hgKqBrSLkSoyZcjtm\
            fb99fc2KHLe44WElDLTre4t/Jf8h6oNZ3mn9+478q88JxAfN9kjRt1d9oc9L5DeU5hsNGnxvdo+iC1xU2Jf3kCzp26D5QhZr3oul\
            POQcX7hq+hY3Tuygnpo=
            """,
        algorithm: .pssSHA256
    )
    static let rsaPSSWithSHA256 = TestKey(
        publicKeyInfo: """
            MIIBVjBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAogMCASADggEP\
            ADCCAQoCggEBAKcMZct43uCWHCKnkeVVSNWOJDMhhTLhWRhtPoB5Bz7HJ/cbRwlCOwxuVH09PdSuXjgRcsKr5DC0TeouSh/Qu0qe\
            XiENyJvVhiDunrFQ+5qeXIwh/n1iOvW3JtTDFbpY5dR0K9hXB6fzB8FefEMb6LmADGXrthS5QfDKK4X0tkpoasANUXlMm8E5e0jU\
            Q2RgAciuq1Td7SYm6fLYTdvyqld+W98TirDNquAdRwP9KvO6f5V7QqOOF+UIgcdd1/N6+FkQw02CQivoXl6t2Pn9/2Aq3Ka5qHPL\
            /rWYWE3wbi+6d+7vUySMDMOMMEKP5hNH9+HWEZWki3C4VFiZ6Fnpm2sCAwEAAQ==
            """,
        privateKey: """
            MIIE8AIBADBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAQUAoRwwGgYJKoZIhvcNAQEIMA0GCWCGSAFlAwQCAQUAogMCASAE\
            ggSmMIIEogIBAAKCAQEApwxly3je4JYcIqeR5VVI1Y4kMyGFMuFZGG0+gHkHPscn9xtHCUI7DG5UfT091K5eOBFywqvkMLRN6i5K\
            H9C7Sp5eIQ3Im9WGIO6esVD7mp5cjCH+fWI69bcm1MMVuljl1HQr2FcHp/MHwV58QxvouYAMZeu2FLlB8MorhfS2SmhqwA1ReUyb\
            wTl7SNRDZGAByK6rVN3tJibp8thN2/KqV35b3xOKsM2q4B1HA/0q87p/lXtCo44X5QiBx13X83r4WRDDTYJCK+heXq3Y+f3/YCrc\
            prmoc8v+tZhYTfBuL7p37u9TJIwMw4wwQo/mE0f34dYRlaSLcLhUWJnoWembawIDAQABAoIBAAzkBrGeRjS2i2fxM8UAFnrEWUQe\
            K2qIZpkH9Rwc5X48CCLS1rcphpJTAUTDhmifJrjU6oeIlDdd8pVGX9n3VZH7M/BWYUtaktsqZCdIGeJjThOnm+fjvgEFfS2gpaXt\
            A5n9d6oI1+0R8rXtVfwnxIcWu94xmP9zEa+Z1Pn6rwaBdbCkypJUUwubeP8bfMbMZdTACJhWIW6z5AXsUa/H3TTmpJf03YbVplkP\
            3LOtjh/2//JTDKNAmvgU62HI2IE1AeBQ/5TCADKQ19kpbvotC+vs4luOrIEi2bamvMYb+44yTM5/MSfAHEf28al6EoLoBr78wvgS\
            e6aQ2CsurUhSqCECgYEA0DbHsfJo5ZpgMsY0ZufxMrUva+99dWoqnSb25k8Z7SVlm0o2p/FSMJHcd8AU+B4/ZIgVQkJ9QpNQt5rA\
            XDAos1Jfw1Ic0brJEzWO3BWbUD7ZB6Ek15dIs6dwiLcU13FMannKH/982NcUgYfqfUKr0sv/pKw/GuQMuG35kX36lF8CgYEAzWMD\
            UUejHm53Uhk+aFmuoAsImEPlvmyunOLPieYg6APN5QfufmbFY9QMAi2WcOr0Qnfz7Hy+Cs5h91M1oZcJfcm8JDRHsa2+2/dQYrDj\
            JtAnD6aRGcNe58PSu0xxRV9OYaXxUMKXREDOIDsH4cej0qi6DAR0b+OTcXZTx2uPtHUCgYAkyKi63TJ+7aj1D2MOkwdfh/bawLKP\
            XbQtk0anJW5VIPg0WQYS4WU9w2cJmNubgex9HDV1QT3T1ya5aRN2teNa2sCkRwtkWfVP+XRFmWOY56F74ZIarFVht8D/xiheb1uq\
            q91zjbVGsaijwZlBi9fDI9sEApIbdBJzOqqOc40jTQKBgEPYjlL+OBsoYJAlOKFd5rqFioxJ+Y2i9zdqESa7d2lNQGmE6jqlFlV4\
            yZK6nnSkmJWQbGpVdq25KVF7Ej9T1lXQGy9Wecxu2ZpuIwbG6fJ7VjvsSQhaqnIjFOy8Prqs1gaZu5JzBWcNhUnOVjc2LJ69D+BC\
            ZHhFlAIqFVjN5kW1AoGAFLxbiYWCR7fJzCpQ+/E5YnvvK5pi/BhwkigdMQVlqg6B7B+rTRXN2Ezw+/eqq7g70vw3aPg9NBDNDtbJ\
            dS68ujuFvMI+U5Dgfsn9P6XJUjdyuMN9qTZNLoAsmpOVYqNRqIbiKR924jKxM72S9ZxFxZyGb4LGpf8H5FzEufXYgTY=
            """,
        algorithm: .pssSHA256
    )
    static let rsa1024 = TestKey(
        publicKeyInfo: """
            MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDXzAf2zGKihUn8QEOQLTNK6qm9EMyBHwCZvtz1ctUSQp+r1Xw6LukoPkklfLVY\
            KvyqYQz7MFg1y1QYdTYoR3u4P4Eyu7FfQBie1x6H06EDjnP+7zHHXU8GQQ9JRybDya+irVyzUUFukhDs0ABAPS0LtZMC4Ys2LQqT\
            zrA87IsFKwIDAQAB
            """
    )
    static let p224 = TestKey(
        publicKeyInfo: """
            ME4wEAYHKoZIzj0CAQYFK4EEACEDOgAExlqXG7xcJ/s3W4j/qYu2xo3p2gadwjYfCyOPFYEmta5Twz6CjeI6YDBW1JIB0Xjf3jfQ\
            k3OPcoY=
            """
    )
    static let x25519 = TestKey(
        publicKeyInfo: "MCowBQYDK2VuAyEAtyfhu1C3HuJr9N5s3ZT5AMb8O+ugcu6hEVFVCRadQh8="
    )
}
