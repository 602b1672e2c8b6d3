// SPDX-License-Identifier: Apache-2.0
import CHTTPD

/// A pool of APR: what is allocated from it lives as long as it does.
@safe struct Pool {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// A copy of the text for C.
    func copy(_ text: String) -> UnsafePointer<CChar>? {
        unsafe UnsafePointer(apr_pstrdup(pointer, text))
    }

    /// A copy of bytes, none of which is 0, as text for C.
    func copy(_ bytes: [UInt8]) -> UnsafePointer<CChar>? {
        unsafe bytes.withUnsafeBytes {
            unsafe UnsafePointer(apr_pstrmemdup(pointer, $0.baseAddress, apr_size_t($0.count)))
        }
    }

    /// Keeps an object alive until the pool is cleared, and returns its address for httpd to hold. So Swift objects
    /// live exactly as long as the configuration or the connection that they belong to.
    func adopt<Object: AnyObject>(_ object: Object) -> UnsafeMutableRawPointer {
        let address = unsafe Unmanaged.passRetained(object).toOpaque()
        unsafe apr_pool_cleanup_register(
            pointer,
            address,
            { address in
                if let address = unsafe address {
                    unsafe Unmanaged<AnyObject>.fromOpaque(address).release()
                }
                return APR_SUCCESS
            },
            apr_pool_cleanup_null
        )
        return unsafe address
    }

    /// Places a trivial value in the pool.
    func place<Value: BitwiseCopyable>(_ value: Value) -> UnsafeMutableRawPointer? {
        guard let memory = unsafe apr_palloc(pointer, apr_size_t(MemoryLayout<Value>.size)) else { return nil }
        unsafe memory.storeBytes(of: value, as: Value.self)
        return unsafe memory
    }
}

/// The object whose address `Pool.adopt` returned.
func adopted<Object: AnyObject>(_ address: UnsafeMutableRawPointer, as type: Object.Type) -> Object {
    unsafe Unmanaged<Object>.fromOpaque(address).takeUnretainedValue()
}
