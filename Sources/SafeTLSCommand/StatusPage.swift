// SPDX-License-Identifier: Apache-2.0

import SafeTLS

/// The HTTP response that shows a client what was negotiated with it.
func statusPage(for request: ArraySlice<UInt8>, _ parameters: NegotiatedParameters) -> [UInt8] {
    let rows = parameters.lines.map { "<tr><th>\($0.name)</th><td>\(escaped($0.value))</td></tr>\n" }.joined()
    let page = """
        <!doctype html>
        <meta charset="utf-8">
        <title>SafeTLS</title>
        <h1>SafeTLS</h1>
        <table>
        \(rows)</table>

        """
    let isHead = request.starts(with: "HEAD ".utf8)
    let isKnown = isHead || request.starts(with: "GET ".utf8)
    let response = """
        HTTP/1.1 \(isKnown ? "200 OK" : "501 Not Implemented")\r
        Content-Type: text/html; charset=utf-8\r
        Content-Length: \(page.utf8.count)\r
        Connection: close\r
        \r

        """
    return Array((isHead ? response : response + page).utf8)
}

private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "&": result += "&amp;"
        default: result.append(character)
        }
    }
    return result
}
