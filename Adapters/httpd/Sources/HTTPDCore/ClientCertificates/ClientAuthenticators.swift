// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import Synchronization
import TLSCertificates

/// What asks the clients of one server for certificates after their handshake, at every depth that a directory wants.
///
/// Directories can be those of `.htaccess` files, which are read while the server runs: whatever they say, no file of
/// authorities is read again.
public final class ClientAuthenticators: Sendable {
    private let authentication: ClientAuthentication
    private let made: Mutex<[Int: ClientAuthenticator]>

    /// Those of a server, with its own depth among them.
    init(_ authentication: ClientAuthentication, depth: Int) throws(DirectiveError) {
        self.authentication = authentication
        made = Mutex([depth: try Self.make(authentication, depth)])
    }

    /// The authenticator that leaves room for so many authorities above a client.
    public func authenticator(depth: Int) throws(DirectiveError) -> ClientAuthenticator {
        if let known = made.withLock({ $0[depth] }) { return known }
        let new = try Self.make(authentication, depth)
        return made.withLock { made in
            let kept = made[depth] ?? new
            // Directives know 33 depths.
            made[depth] = kept
            return kept
        }
    }

    /// Whether nothing but the names of the authorities keeps clients from being asked: a message has room for 64 KiB.
    static func hasTooManyNames(_ authentication: ClientAuthentication) -> Bool {
        func isGood(_ authentication: ClientAuthentication) -> Bool {
            do throws(ConfigurationError) {
                _ = try ClientAuthenticator(authentication)
                return true
            } catch {
                return false
            }
        }
        var nameless = authentication
        nameless.authorityNames = .none
        return !isGood(authentication) && isGood(nameless)
    }

    private static func make(
        _ authentication: ClientAuthentication,
        _ depth: Int
    ) throws(DirectiveError) -> ClientAuthenticator {
        var authentication = authentication
        authentication.limits.intermediates = ServerSettings.intermediates(depth: depth)
        do throws(ConfigurationError) {
            return try ClientAuthenticator(authentication)
        } catch {
            throw DirectiveError("\(error)")
        }
    }
}
