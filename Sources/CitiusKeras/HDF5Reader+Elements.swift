import CitiusTensor

/// Elements (IV.A.2.d, datatypes).
extension HDF5Reader {
    /// How the elements of a data set are stored.
    struct Elements {
        enum Form {
            /// Of IEEE's form: where the sign and the exponent lie, how many bits they and the mantissa have.
            case real(sign: Int, exponent: Int, exponentSize: Int, mantissaSize: Int, bias: Int)
            case integer(isSigned: Bool)
            case truth
        }
        let form: Form
        let size: Int
        let isBigEndian: Bool
        let dtype: DType

        init(_ content: Range<Int>, _ reader: HDF5Reader, _ path: String) throws(KerasFileError) {
            let start = content.lowerBound
            guard content.count >= 8 else { throw reader.damaged(path) }
            let kind = reader.bytes[start] & 0xF
            size = reader.number(start + 4, 4)
            let flags = reader.number(start + 1, 3)
            isBigEndian = flags & 1 != 0
            // The whole of each element is its value.
            let isWhole =
                content.count >= 12 && reader.number(start + 8, 2) == 0
                && reader.number(start + 10, 2) == 8 * size
            switch (kind, size) {
            case (0, 1), (0, 2), (0, 4), (0, 8):
                let isSigned = flags & 8 != 0
                guard isWhole, isSigned || size < 8 else { throw reader.noElements(path) }
                form = .integer(isSigned: isSigned)
                dtype =
                    size == 1 && !isSigned
                    ? .uint8 : size < 4 || size == 4 && isSigned ? .int32 : .int64
            case (1, 2), (1, 4), (1, 8):
                guard isWhole, content.count >= 20, flags & 0x40 == 0, flags >> 4 & 3 == 2 else {
                    throw reader.noElements(path)
                }
                let parts = (12..<16).map { Int(reader.bytes[start + $0]) }
                let (exponent, exponentSize, mantissa, mantissaSize) = (
                    parts[0], parts[1], parts[2], parts[3]
                )
                let (sign, bias) = (flags >> 8 & 0xFF, reader.number(start + 16, 4))
                guard mantissa == 0, exponent == mantissaSize, sign == exponent + exponentSize,
                    sign == 8 * size - 1, (1...11).contains(exponentSize), mantissaSize >= 1,
                    bias == 1 << (exponentSize - 1) - 1
                else { throw reader.noElements(path) }
                form = .real(
                    sign: sign, exponent: exponent, exponentSize: exponentSize, mantissaSize: mantissaSize,
                    bias: bias)
                dtype = size == 8 ? .float64 : .float32
            case (8, 1):
                // h5py's truths: their names are not asked for.
                form = .truth
                dtype = .bool
            default: throw reader.noElements(path)
            }
        }

        func tensor(of bytes: [UInt8], _ place: Range<Int>, _ shape: Shape) -> Tensor {
            if !isBigEndian, size == dtype.byteCount, isOfIEEE {
                var tensor = Tensor(uninitialized: shape, dtype: dtype)
                bytes.withUnsafeBytes { bytes in
                    let target = UnsafeMutableRawBufferPointer(
                        start: tensor.mutableAddress(), count: place.count)
                    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place]))
                }
                return tensor
            }
            func words<T>(_ element: (UInt64) -> T) -> [T] {
                stride(from: place.lowerBound, to: place.upperBound, by: size).map { start in
                    var word: UInt64 = 0
                    for index in 0..<size {
                        word = word << 8 | UInt64(bytes[start + (isBigEndian ? index : size - 1 - index)])
                    }
                    return element(word)
                }
            }
            return switch (dtype, form) {
            case (.bool, _): Tensor(words { $0 != 0 }, shape: shape)
            case (.float64, _): Tensor(words { real($0) }, shape: shape)
            case (.float32, _): Tensor(words { Float(real($0)) }, shape: shape)
            case (.int32, _): Tensor(words { Int32(truncatingIfNeeded: integer($0)) }, shape: shape)
            case (.int64, _): Tensor(words { integer($0) }, shape: shape)
            case (.int8, _): Tensor(words { Int8(truncatingIfNeeded: $0) }, shape: shape)
            case (.uint8, _): Tensor(words { UInt8(truncatingIfNeeded: $0) }, shape: shape)
            }
        }

        /// Whether the elements are numbers as they are in memory.
        private var isOfIEEE: Bool {
            switch form {
            case .real(_, _, let exponentSize, _, _): exponentSize == (size == 4 ? 8 : 11)
            case .integer: true
            case .truth: false
            }
        }

        private func integer(_ word: UInt64) -> Int64 {
            guard case .integer(true) = form else { return Int64(bitPattern: word) }
            let unused = 64 - 8 * size
            return Int64(bitPattern: word << UInt64(unused)) >> Int64(unused)
        }

        private func real(_ word: UInt64) -> Double {
            guard case .real(let sign, let exponent, let exponentSize, let mantissaSize, let bias) = form
            else {
                return 0
            }
            let mantissa = word & (1 << UInt64(mantissaSize) - 1)
            let power = Int(word >> UInt64(exponent) & (1 << UInt64(exponentSize) - 1))
            let isNegative = word >> UInt64(sign) & 1 != 0
            let magnitude: Double
            if power == 1 << exponentSize - 1 {
                magnitude = mantissa == 0 ? .infinity : .nan
            } else {
                let leading: UInt64 = power == 0 ? 0 : 1 << UInt64(mantissaSize)
                magnitude = Double(
                    sign: .plus, exponent: max(power, 1) - bias - mantissaSize,
                    significand: Double(mantissa | leading))
            }
            return isNegative ? -magnitude : magnitude
        }
    }
}
