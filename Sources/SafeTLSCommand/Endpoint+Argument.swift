// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import SafeTLSSockets

extension Endpoint: ExpressibleByArgument {
    /// An endpoint of the command line.
    public init?(argument: String) { self.init(argument) }
}
