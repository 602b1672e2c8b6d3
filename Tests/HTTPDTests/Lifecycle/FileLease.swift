// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Keeps others from reading a file, for a moment: who opens it without waiting is told to come again, as a process is that has as
/// many files open as it may have. The system ends it half a minute after the first has come.
struct FileLease {
    private let holder: ChildProcess

    init(_ path: String) throws {
        let program = """
            import fcntl, os, signal, sys
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            file = os.open(sys.argv[1], os.O_RDWR)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            print("held", flush=True)
            sys.stdin.read()
            """
        holder = try ChildProcess("/usr/bin/python3", ["-c", program, path], input: .pipe)
        try holder.waitForText("held")
    }

    func end() throws {
        holder.closeInput()
        try holder.waitForExit()
    }
}
