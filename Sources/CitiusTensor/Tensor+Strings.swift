import CitiusPlatform

/// Strings in tensors: the last axis of a uint8 tensor holds the UTF-8 bytes of a string, padded with zeros.
extension Tensor {
    /// The strings' UTF-8 bytes, each padded with zeros to the longest, or to `byteCount`.
    ///
    /// ```swift
    /// let words = Tensor(utf8: ["one", "three"])      // uint8 [2, 5]
    /// words.strings                                   // ["one", "three"]
    /// ```
    ///
    /// There is at least one byte for each string, so that an empty one has a place. A string that is longer than
    /// `byteCount` is cut off before the first character that does not fit. Zeros at the end of a string are not told
    /// from the padding.
    ///
    /// Memory is that of the longest string times their number.
    ///
    /// - Parameter byteCount: the size of the last axis; nil: that of the longest string. Traps if it is not positive.
    public init(utf8 strings: [String], byteCount: Int? = nil) {
        require(byteCount ?? 1 > 0, "Tensor(utf8:): byteCount is \(byteCount ?? 0), expected at least 1")
        let width = byteCount ?? Swift.max(1, strings.lazy.map { $0.utf8.count }.max() ?? 1)
        self.init(zeros: [strings.count, width], dtype: .uint8)
        withMutableElements { (out: UnsafeMutablePointer<UInt8>) in
            for (index, string) in strings.enumerated() {
                var string = string
                string.withUTF8 { bytes in
                    var count = Swift.min(bytes.count, width)
                    // Not within a character: the bytes after its first one are 10xxxxxx.
                    if count < bytes.count {
                        while count > 0, bytes[count] & 0xC0 == 0x80 { count -= 1 }
                    }
                    if let base = bytes.baseAddress {
                        (out + index * width).update(from: base, count: count)
                    }
                }
            }
        }
    }

    /// Rows of strings: uint8 [rows, strings in a row, bytes]. Traps if rows differ in length.
    public init(utf8 rows: [[String]], byteCount: Int? = nil) {
        let columns = rows.first?.count ?? 0
        for (index, row) in rows.enumerated() {
            require(
                row.count == columns,
                "Tensor(utf8:): row 0 has \(columns) strings and row \(index) \(row.count), expected one length "
                    + "for all")
        }
        let flat = Tensor(utf8: rows.flatMap { $0 }, byteCount: byteCount)
        self = flat.viewed(as: [rows.count, columns, flat.shape[1]])
    }

    /// The strings of a tensor of UTF-8 bytes, row by row. Bytes that are no UTF-8 become U+FFFD.
    ///
    /// Traps if the tensor is not uint8 or has no axis.
    public var strings: [String] {
        var strings: [String] = []
        forEachString("strings") { strings.append(String(decoding: $0, as: UTF8.self)) }
        return strings
    }

    /// Calls `body` with the bytes of each string, without the zeros behind them.
    package func forEachString(
        _ operation: @autoclosure () -> String, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        require(
            dtype == .uint8 && rank >= 1,
            "\(operation()): the tensor is \(dtype) \(shape), expected strings: uint8 [.., bytes]; make it by "
                + "Tensor(utf8:)")
        let width = shape[-1]
        withElements { (bytes: UnsafePointer<UInt8>) in
            for row in 0..<(width == 0 ? 0 : count / width) {
                let start = bytes + row * width
                var length = width
                while length > 0, start[length - 1] == 0 { length -= 1 }
                body(UnsafeBufferPointer(start: start, count: length))
            }
        }
    }
}
