import CitiusKernels

/// How the elements of an array lie in a file, where that may differ from how a tensor has them.
package struct ElementEncoding: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case bool, int8, uint8, int16, uint16, int32, uint32, int64, float16, bfloat16, float32, float64
        /// An int8 that stays one: those of data become int32, which more can be computed with.
        case signedByte
    }

    package let kind: Kind
    /// Whether the file's byte order is not the machine's.
    package let isSwapped: Bool

    package init(_ kind: Kind, isBigEndian: Bool) {
        self.kind = kind
        isSwapped = isBigEndian != (1.bigEndian == 1) && Self.byteCount(kind) > 1
    }

    private static func byteCount(_ kind: Kind) -> Int {
        switch kind {
        case .bool, .int8, .signedByte, .uint8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .float64: 8
        }
    }

    /// Bytes per element in the file.
    package var byteCount: Int { Self.byteCount(kind) }

    /// What a tensor of such elements has.
    package var dtype: DType {
        switch kind {
        case .bool: .bool
        case .uint8: .uint8
        case .signedByte: .int8
        case .int8, .int16, .uint16, .int32: .int32
        case .uint32, .int64: .int64
        case .float16, .bfloat16, .float32: .float32
        case .float64: .float64
        }
    }

    /// Whether a tensor's elements have the same bytes.
    package var isNative: Bool {
        switch kind {
        case .signedByte, .uint8, .int32, .int64, .float32, .float64: !isSwapped
        default: false
        }
    }

    /// Writes elements as a tensor has them.
    ///
    /// Without the pool they are written from the first on: the source may lie at the end of the space that they are
    /// written to, since none takes more room in a file.
    ///
    /// - Parameter source: at any address.
    package func decode(
        _ source: UnsafeRawPointer, count: Int, into out: UnsafeMutableRawPointer, usesPool: Bool
    ) {
        func convert<From: FixedWidthInteger & BitwiseCopyable, To: BitwiseCopyable>(_ body: (From) -> To) {
            func convert(_ range: Range<Int>) {
                for index in range {
                    let word = source.loadUnaligned(
                        fromByteOffset: index * MemoryLayout<From>.size, as: From.self)
                    out.storeBytes(
                        of: body(isSwapped ? word.byteSwapped : word),
                        toByteOffset: index * MemoryLayout<To>.size, as: To.self)
                }
            }
            if usesPool {
                ThreadPool.shared.forRanges(of: count, grain: 16_384, convert)
            } else {
                convert(0..<count)
            }
        }
        switch kind {
        // A Swift Bool is 0 or 1; the file may hold any byte.
        case .bool: convert { (byte: UInt8) in byte != 0 }
        case .int8: convert { (number: Int8) in Int32(number) }
        case .uint8, .signedByte: convert { (byte: UInt8) in byte }
        case .int16: convert { (number: Int16) in Int32(number) }
        case .uint16: convert { (number: UInt16) in Int32(number) }
        case .uint32: convert { (number: UInt32) in Int64(number) }
        case .float16: convert { (bits: UInt16) in float(half: bits) }
        case .bfloat16: convert { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
        case .int32, .float32: convert { (word: UInt32) in word }
        case .int64, .float64: convert { (word: UInt64) in word }
        }
    }
}
