import CitiusPlatform
import CitiusSIMD

/// The microkernels on codes, bytes of 0 to 127, and the choice among those that this machine runs.
package struct CodeInstructionSet: Sendable {
    /// The best that goes with `InstructionSet.chosen`.
    package static let chosen: CodeInstructionSet = {
        _ = InstructionSet.chosen  // It complains about a set that is none.
        guard let kernels = citius_chosen_code_kernels() else { fail("CodeInstructionSet: there is none") }
        return CodeInstructionSet(kernels: kernels.pointee)
    }()

    /// All that this machine runs.
    package static let available = ["baseline", "avx2", "avxvnni", "avx512", "avx512vnni", "dotprod"]
        .compactMap { (name: String) in
            citius_code_kernels_named(name).map { CodeInstructionSet(kernels: $0.pointee) }
        }

    package let kernels: citius_code_kernels

    package var name: String { String(cString: kernels.name) }

    /// codes ← the whole numbers nearest to x / scale + zeroPoint, from 0 to 127.
    func quantize(
        _ x: UnsafePointer<Float>, count: Int, by codes: CodeRange, to target: UnsafeMutablePointer<UInt8>
    ) {
        kernels.quantize(x, count, Float(1 / codes.scale), Float(codes.zeroPoint), target)
    }
}

/// What codes stand for: code c for (c − zeroPoint) · scale.
package struct CodeRange: Sendable, Hashable {
    package let scale: Double
    package let zeroPoint: UInt8

    /// The largest code. A byte up to it is the same number with a sign and without, and two products with signed bytes
    /// fit into 16 bits, which is what AVX2 and NEON add up.
    package static let largest = 127

    /// Traps unless the scale is positive and finite, as is its inverse as a float, and the zero point is a code.
    package init(scale: Double, zeroPoint: Int) {
        require(
            Self.fault(scale: scale, zeroPoint: zeroPoint) == nil,
            "CodeRange: \(Self.fault(scale: scale, zeroPoint: zeroPoint) ?? "")")
        self.scale = scale
        self.zeroPoint = UInt8(zeroPoint)
    }

    package static func fault(scale: Double, zeroPoint: Int) -> String? {
        if !(1e-30...1e30).contains(scale) { return "the scale is \(scale), expected 1e-30 to 1e30" }
        return (0...largest).contains(zeroPoint)
            ? nil : "the zero point is \(zeroPoint), expected 0 to \(largest)"
    }
}

/// How a matrix of signed bytes is laid out for the products of codes: in blocks of 2 · lanes columns, for each segment of
/// a row groups of four codes, and what the sums begin with.
///
/// With q the codes and w the bytes, Σ (q − zero)·w = Σ q·w − zero·Σ w: the last term is where a column's sum begins. No
/// partial sum is beyond 127·128 times the depth, which `depthLimit` keeps below 2³¹.
struct CodeWeights: Sendable {
    /// Codes that one sum may have. With the starts, 2 · 2¹⁶ · 127 · 128 = 2,130,706,432 < 2³¹.
    static let depthLimit = 1 << 16

    let segmentCount: Int
    /// Codes of a segment.
    let segmentLength: Int
    let columns: Int
    let zeroPoint: UInt8
    let lanes: Int

    /// - Parameter lanes: of the set that is to read them.
    init(segmentCount: Int, segmentLength: Int, columns: Int, zeroPoint: UInt8, lanes: Int) {
        self.segmentCount = segmentCount
        self.segmentLength = segmentLength
        self.columns = columns
        self.zeroPoint = zeroPoint
        self.lanes = lanes
        require(
            depth <= Self.depthLimit,
            "CodeWeights: sums of \(depth) products, expected at most \(Self.depthLimit)")
    }

    /// Products of a sum.
    var depth: Int { 4 * groupCount * segmentCount }
    var groupCount: Int { (segmentLength + 3) / 4 }
    var blockStride: Int { depth * 2 * lanes }
    /// Columns with those that fill the last block.
    var paddedColumns: Int { (columns + 2 * lanes - 1) / (2 * lanes) * 2 * lanes }
    private var startBytes: Int { paddedColumns * 4 }
    /// Bytes of the packed weights: the starts, then the blocks.
    var byteCount: Int { startBytes + depth * paddedColumns }

    /// Packs a matrix [segmentCount · segmentLength, columns].
    func pack(_ matrix: UnsafePointer<Int8>, to target: UnsafeMutableRawPointer) {
        let starts = target.bindMemory(to: Int32.self, capacity: paddedColumns)
        let blocks = (target + startBytes).bindMemory(to: Int8.self, capacity: depth * paddedColumns)
        starts.update(repeating: 0, count: paddedColumns)
        blocks.update(repeating: 0, count: depth * paddedColumns)
        let width = 2 * lanes
        for row in 0..<segmentCount * segmentLength {
            let (segment, place) = row.quotientAndRemainder(dividingBy: segmentLength)
            let group = segment * groupCount + place / 4
            for column in 0..<columns {
                let value = matrix[row * columns + column]
                starts[column] -= Int32(zeroPoint) * Int32(value)
                blocks[column / width * blockStride + (group * width + column % width) * 4 + place % 4] =
                    value
            }
        }
    }

    /// A product with these weights, whose rows and results are yet to be given.
    func product(_ packed: UnsafeRawPointer, _ scaling: CodeScaling) -> citius_code_product {
        var product = citius_code_product()
        product.segment_count = segmentCount
        product.group_count = groupCount
        product.weights = (packed + startBytes).assumingMemoryBound(to: Int8.self)
        product.block_stride = blockStride
        product.columns = columns
        product.window = 1
        product.starts = packed.assumingMemoryBound(to: Int32.self)
        product.factors = scaling.factors
        product.shifts = scaling.shifts
        product.clamp = scaling.clamp
        return product
    }
}

/// What makes numbers, or codes, of the sums of products: value = sum · factor + shift, clamped.
struct CodeScaling {
    /// [padded columns]
    let factors: UnsafePointer<Float>
    let shifts: UnsafePointer<Float>
    let clamp: citius_clamp
}

/// What a product of codes computes beside its shape: the scales of its operands and results.
package struct CodeArithmetic: Sendable, Hashable {
    /// What the input's codes stand for.
    package let input: CodeRange
    /// What the results' codes stand for; nil if the results are numbers.
    package let output: CodeRange?
    package let clamp: Clamp

    package init(input: CodeRange, output: CodeRange?, clamp: Clamp) {
        self.input = input
        self.output = output
        self.clamp = clamp
    }

    /// Calls `body` with the factors and shifts of each column.
    ///
    /// value = sum · input scale · weight scale + bias, and its code value / output scale + zero point.
    ///
    /// - Parameters:
    ///   - scales: of the weights, a number for each column.
    ///   - padded: columns, with those that fill a block.
    func withScaling<R>(
        scales: UnsafePointer<Float>, bias: UnsafePointer<Float>?, columns: Int, padded: Int,
        _ body: (CodeScaling) -> R
    ) -> R {
        let step = output?.scale ?? 1
        let zero = Double(output?.zeroPoint ?? 0)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * padded) { memory in
            memory.initialize(repeating: 0)
            for column in 0..<columns {
                memory[column] = Float(input.scale * Double(scales[column]) / step)
                memory[padded + column] = Float(Double(bias?[column] ?? 0) / step + zero)
            }
            let bounds = citius_clamp(
                lower: Float(clamp.lower / step + zero), upper: Float(clamp.upper / step + zero))
            guard let base = memory.baseAddress else { fail("CodeArithmetic: there is no memory") }
            return body(CodeScaling(factors: base, shifts: base + padded, clamp: bounds))
        }
    }
}
