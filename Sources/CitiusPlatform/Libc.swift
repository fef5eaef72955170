// The system's C library, by whichever name the platform gives it: whoever imports CitiusPlatform has it too, and no
// other file of the package asks which one it is.

#if canImport(Glibc)
    @_exported @preconcurrency import Glibc
#elseif canImport(Musl)
    @_exported @preconcurrency import Musl
#elseif canImport(Darwin)
    @_exported @preconcurrency import Darwin
#else
    #error("CitiusPlatform: no known C library on this platform")
#endif

/// Hands on what was printed to the standard output. Of that stream alone: to flush them all would wait for another
/// thread that reads from the standard input.
package func flushStandardOutput() { fflush(stdout) }

/// The value of a variable of the process's environment; nil where it is not set.
package func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

/// The user's own folder: `HOME`, or what the system's list of users says.
package func homeDirectory() -> String {
    if let home = environment("HOME"), !home.isEmpty { return home }
    guard let user = getpwuid(getuid()), let home = user.pointee.pw_dir else { return "/" }
    return String(cString: home)
}

/// The folder that keeps what a part of the library downloaded: `$XDG_CACHE_HOME/citius/NAME`, in ~/.cache if that is not
/// set.
package func userCache(_ name: String) -> String {
    if let cache = environment("XDG_CACHE_HOME"), cache.hasPrefix("/") { return cache + "/citius/" + name }
    return homeDirectory() + "/.cache/citius/" + name
}

/// The steady clock, the same for all processes.
package func nanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
}

/// The most memory that this process has held, in bytes.
package func peakMemoryByteCount() -> Int {
    var usage = rusage()
    #if canImport(Glibc)
        getrusage(RUSAGE_SELF.rawValue, &usage)
    #else
        getrusage(RUSAGE_SELF, &usage)
    #endif
    #if canImport(Darwin)
        return Int(usage.ru_maxrss)
    #else
        // Linux counts in KiB.
        return Int(usage.ru_maxrss) * 1_024
    #endif
}

/// The columns and rows of the terminal that a file descriptor belongs to; nil where it does not tell.
package func terminalSize(_ descriptor: Int32) -> (columns: Int, rows: Int)? {
    var size = winsize()
    #if canImport(Musl)
        let result = tcgetwinsize(descriptor, &size)
    #else
        let result = ioctl(descriptor, UInt(TIOCGWINSZ), &size)
    #endif
    return result == 0 && size.ws_col > 0 ? (Int(size.ws_col), Int(size.ws_row)) : nil
}

/// Asks for huge pages where the system has them to give.
package func adviseHugePages(_ pointer: UnsafeMutableRawPointer, byteCount: Int) {
    #if os(Linux)
        // Advice that is not taken costs speed, nothing else.
        _ = madvise(pointer, byteCount, MADV_HUGEPAGE)
    #endif
}

extension sigaction {
    /// - Parameters:
    ///   - handler: runs on whichever thread is interrupted; may call nothing but what is safe in a signal handler.
    ///   - flags: `SA_RESTART` and the like.
    package init(handler: @escaping @convention(c) (Int32) -> Void, flags: Int32...) {
        self.init()
        #if canImport(Glibc)
            __sigaction_handler.sa_handler = handler
        #elseif canImport(Musl)
            __sa_handler.sa_handler = handler
        #else
            __sigaction_u.__sa_handler = handler
        #endif
        sa_flags = flags.reduce(0, |)
    }

    /// `SA_RESETHAND` as the type of `sa_flags`: it is the sign's bit on Linux.
    package static var resetsHandler: Int32 { Int32(truncatingIfNeeded: SA_RESETHAND) }
}
