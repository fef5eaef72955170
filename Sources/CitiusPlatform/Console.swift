/// The program's standard streams.
package enum Console {
    /// Whether somebody watches the standard output on a terminal.
    package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

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
