// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// `SSLOpenSSLConfCmd name value`: the commands of OpenSSL's configuration that have a meaning here.
struct OpenSSLCommand {
    let name: String
    let value: String

    /// Carries out the command; gives a sentence for what has no effect.
    func apply(to values: inout SSLValues) throws(DirectiveError) -> String? {
        switch name.lowercased() {
        case "curves", "groups", "ecdhparameters":
            values.groups = try GroupList(value)
            return UnsupportedNames.warning(UnsupportedNames.groups(in: value))
        case "ciphers", "cipherstring":
            values.connection.suitesTLS12 = try OpenSSLCipherString.parse(SystemProfile.expand(value))
            return UnsupportedNames.warning(aboutSuites: value)
        case "ciphersuites":
            values.connection.suitesTLS13 = try OpenSSLCipherString.parseTLS13(value)
            return UnsupportedNames.warning(UnsupportedNames.suitesTLS13(in: value))
        case "protocol": values.versionsOff = try SSLProtocolList.change(values.versionsOff ?? [], by: value)
        case "minprotocol": values.lowestVersion = try SSLProtocolList.version(value) ?? .tls12
        case "maxprotocol":
            let highest = value.lowercased() == "none" ? .tls13 : try SSLProtocolList.version(value)
            guard let highest else { throw DirectiveError("MaxProtocol \(value) leaves no version that is supported") }
            values.highestVersion = highest
        case "signaturealgorithms":
            values.signatureSchemes = try NameLists.signatureSchemes(value)
            return UnsupportedNames.warning(UnsupportedNames.signatureSchemes(in: value))
        case "clientsignaturealgorithms":
            values.clientSignatureSchemes = try NameLists.signatureSchemes(value)
            return UnsupportedNames.warning(UnsupportedNames.signatureSchemes(in: value))
        case "options": try Self.applyOptions(value, to: &values)
        case "recordpadding":
            guard let multiple = Int(value), (0...16_384).contains(multiple) else {
                throw DirectiveError("RecordPadding is a number up to 16384, not '\(value)'")
            }
            values.paddingMultiple = multiple
        case "numtickets":
            guard let count = Int(value), (0...8).contains(count) else {
                throw DirectiveError("NumTickets is a number up to 8, not '\(value)'")
            }
            values.ticketCount = count
        case "dhparameters":
            return "DHParameters has no effect: finite-field Diffie-Hellman is not supported, ECDHE is used"
        default:
            throw DirectiveError("the OpenSSL command '\(name)' is not supported: \(Self.remedy(for: name))")
        }
        return nil
    }

    /// What to write in place of a command that is not supported.
    private static func remedy(for name: String) -> String {
        if let directive = directives[name.lowercased()] { return "write \(directive)" }
        return
            "leave it out; supported are Curves, Groups, ECDHParameters, CipherString, Ciphers, Ciphersuites, Protocol, "
            + "MinProtocol, MaxProtocol, SignatureAlgorithms, ClientSignatureAlgorithms, Options, RecordPadding and NumTickets"
    }

    /// The directives that do what commands of OpenSSL do.
    private static let directives = [
        "certificate": "SSLCertificateFile", "privatekey": "SSLCertificateKeyFile",
        "chaincafile": "SSLCertificateChainFile", "chaincapath": "SSLCertificateChainFile",
        "verifycafile": "SSLCACertificateFile", "verifycapath": "SSLCACertificatePath",
        "verifycastore": "SSLCACertificateFile", "chaincastore": "SSLCertificateChainFile",
        "clientcafile": "SSLCADNRequestFile", "clientcapath": "SSLCADNRequestPath",
        "requestcafile": "SSLCADNRequestFile", "requestcapath": "SSLCADNRequestPath",
        "requestcastore": "SSLCADNRequestFile", "clientcastore": "SSLCADNRequestFile",
        "verifymode": "SSLVerifyClient",
    ]

    private static func applyOptions(_ text: String, to values: inout SSLValues) throws(DirectiveError) {
        for word in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let isOn = !word.hasPrefix("-")
            switch word.drop(while: { "+-".contains($0) }).lowercased() {
            case "sessionticket": values.givesTickets = isOn
            case "serverpreference": values.honorsServerOrder = isOn
            // What is never done anyway, or changes nothing that a client sees.
            case "norenegotiation", "noresumptiononrenegotiation", "bugs", "emptyfragments", "compression",
                "prioritizechacha", "ktls", "middleboxcompat", "antireplay", "ecdhsingle", "dhsingle",
                "nolegacyserverconnect", "encryptthenmac", "extendedmastersecret", "ignoreunexpectedeof", "cleartext":
                break
            // What is never done is easily switched off.
            case "unsafelegacyrenegotiation" where !isOn, "unsafelegacyserverconnect" where !isOn,
                "clientrenegotiation" where !isOn, "allownodhekex" where !isOn:
                break
            case let name:
                throw DirectiveError(
                    "the OpenSSL option '\(name)' is not supported: leave it out; those that turn something on or off here are "
                        + "SessionTicket and ServerPreference"
                )
            }
        }
    }
}
