// SPDX-License-Identifier: Apache-2.0

// Who makes a server names a configuration and its credential: one import has these, too.

@_exported public import SafeTLS
@_exported public import SafeTLSNIO
