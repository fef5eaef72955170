import CitiusKernels

extension Tensor: CustomStringConvertible {
    /// The elements as NumPy prints them: rows in brackets, columns aligned, 4 decimals at most; beyond 1,000
    /// elements the middle of long axes is left out.
    public var description: String {
        let isShortened = count > 1_000
        // The places shown along each axis; nil stands for those left out.
        let places = shape.sizes.map { size -> [Int?] in
            guard isShortened, size > 6 else { return (0..<size).map { $0 } }
            return [0, 1, 2, nil, size - 3, size - 2, size - 1]
        }
        let strides = shape.strides
        var shown: [Int] = [0]
        for (axis, axisPlaces) in places.enumerated() {
            shown = shown.flatMap { base in axisPlaces.compactMap { $0.map { base + $0 * strides[axis] } } }
        }
        var texts = Dictionary(uniqueKeysWithValues: zip(shown, texts(at: shown)))
        let width = texts.values.map(\.count).max() ?? 0
        for (key, text) in texts {
            texts[key] = String(repeating: " ", count: width - text.count) + text
        }

        func render(_ axis: Int, _ base: Int) -> String {
            if axis == rank { return texts[base] ?? "" }
            let items = places[axis].map { place in
                place.map { render(axis + 1, base + $0 * strides[axis]) } ?? "..."
            }
            let isLast = axis == rank - 1
            let blankLines = String(repeating: "\n", count: Swift.max(1, rank - axis - 1))
            let indent = String(repeating: " ", count: axis + 1)
            return "[" + items.joined(separator: isLast ? " " : blankLines + indent) + "]"
        }
        return render(0, 0)
    }

    /// The elements at the given positions, in one notation for all.
    private func texts(at positions: [Int]) -> [String] {
        func read<T: Scalar>(_ type: T.Type) -> [T] {
            withElements { (x: UnsafePointer<T>) in positions.map { x[$0] } }
        }
        switch dtype {
        case .float32: return Self.decimals(read(Float.self).map { Double($0) })
        case .float64: return Self.decimals(read(Double.self))
        case .int32: return read(Int32.self).map { "\($0)" }
        case .int64: return read(Int64.self).map { "\($0)" }
        case .int8: return read(Int8.self).map { "\($0)" }
        case .uint8: return read(UInt8.self).map { "\($0)" }
        case .bool: return read(Bool.self).map { "\($0)" }
        }
    }

    private static func decimals(_ numbers: [Double]) -> [String] {
        let sizes = numbers.filter { $0.isFinite && $0 != 0 }.map { Swift.abs($0) }
        let largest = sizes.max() ?? 0
        let smallest = sizes.min() ?? 1
        let isScientific = largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e8
        if isScientific { return numbers.map { scientific($0) } }
        let fixed = numbers.map { fixedPoint($0) }
        // As many decimals as the one that needs most.
        let needed =
            fixed.filter { $0.contains(".") }.map { text in
                text.split(separator: ".", omittingEmptySubsequences: false)[1].reversed()
                    .drop { $0 == "0" }.count
            }.max() ?? 0
        return fixed.map { text in text.contains(".") ? String(text.dropLast(4 - needed)) : text }
    }

    /// Four decimals; names for what is no number.
    private static func fixedPoint(_ x: Double) -> String {
        guard x.isFinite else { return x.isNaN ? "nan" : (x < 0 ? "-inf" : "inf") }
        let scaled = (Swift.abs(x) * 10_000).rounded()
        let whole = UInt64(scaled / 10_000)
        let rest = String(UInt64(scaled) % 10_000)
        let sign = x < 0 ? "-" : ""
        return "\(sign)\(whole)." + String(repeating: "0", count: 4 - rest.count) + rest
    }

    private static func scientific(_ x: Double) -> String {
        guard x.isFinite else { return x.isNaN ? "nan" : (x < 0 ? "-inf" : "inf") }
        if x == 0 { return "0.0000e+00" }
        var exponent = Int(Double.log(Swift.abs(x)) / Double.log(10))
        func mantissa() -> Double { Swift.abs(x) / Double.pow(10, Double(exponent)) }
        while mantissa() < 1 { exponent -= 1 }
        while mantissa() >= 9.99995 { exponent += 1 }
        let digits = fixedPoint(mantissa())
        let magnitude = String(Swift.abs(exponent))
        let padded = (magnitude.count < 2 ? "0" : "") + magnitude
        return "\(x < 0 ? "-" : "")\(digits)e\(exponent < 0 ? "-" : "+")\(padded)"
    }
}
