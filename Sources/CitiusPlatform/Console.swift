/// The program's standard streams.
package enum Console {
    /// Whether somebody watches the standard output on a terminal.
    package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// The columns of the terminal that shows the standard output, as wide as it is now; nil where there is none.
    ///
    /// Of a terminal that does not tell its size, the environment's `COLUMNS` does, else it has 80.
    package static var width: Int? {
        guard isTerminal else { return nil }
        return terminalSize(STDOUT_FILENO)?.columns ?? positive("COLUMNS") ?? 80
    }

    /// The rows of the terminal that shows the standard output, as `width` says its columns: `LINES`, else 24.
    package static var height: Int? {
        guard isTerminal else { return nil }
        return terminalSize(STDOUT_FILENO).flatMap { $0.rows > 0 ? $0.rows : nil } ?? positive("LINES") ?? 24
    }

    private static func positive(_ variable: String) -> Int? {
        environment(variable).flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Writes to the standard output at once.
    package static func write(_ text: String) {
        print(text, terminator: "")
        flushStandardOutput()
    }

    /// Writes a line to the standard error stream.
    package static func warn(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let address = rest.baseAddress, !rest.isEmpty {
                let written = writeBytes(STDERR_FILENO, address, rest.count)
                // A warning that cannot be written is lost: there is nowhere left to say so.
                guard written > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }
}

/// `write` of the C library, where `Console.write` hides its name.
private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
