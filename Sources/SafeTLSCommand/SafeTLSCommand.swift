// SPDX-License-Identifier: Apache-2.0

@main
struct SafeTLSCommand {
    static func main() {}
}
