import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A computation without parameters in a graph of layers: what `x + y` or `2 * x` of graphs' values is.
///
/// ```swift
/// let x = Dense(8)(features)
/// let model = Model(inputs: features, outputs: Dense(1)(x * 0.5 + features))
/// ```
///
/// Models that Keras saved may hold any of `Kind`: Keras's operators on symbolic tensors, and the functions of
/// `keras.ops` of the same names. Axes count from the batch's, 0, as Keras's do. Masks end here, as in Keras; a layer, `Add`
/// for instance, hands them on.
public final class Operation: Layer {
    /// What it computes, by the names of Keras's classes.
    public enum Kind: String, Sendable, CaseIterable {
        case absolute = "Absolute", exp = "Exp", gelu = "Gelu", log = "Log", logSoftmax = "LogSoftmax"
        case negative = "Negative", relu = "Relu", sigmoid = "Sigmoid", silu = "Silu", softmax = "Softmax"
        case softplus = "Softplus", sqrt = "Sqrt", square = "Square", tanh = "Tanh", cos = "Cos", sin = "Sin"
        case add = "Add", subtract = "Subtract", multiply = "Multiply", divide = "TrueDivide", power = "Power"
        case maximum = "Maximum", minimum = "Minimum", matmul = "Matmul"
        case mean = "Mean", sum = "Sum", max = "Max", min = "Min"
        case reshape = "Reshape", transpose = "Transpose", expandDims = "ExpandDims", squeeze = "Squeeze"
        case concatenate = "Concatenate", stack = "Stack", getItem = "GetItem"
    }

    /// What it reads, in order: inputs or numbers.
    package enum Operand: Sendable, Equatable {
        case input
        case number(Double)
    }

    /// One axis of what `getItem` takes.
    package enum Index: Sendable, Equatable {
        case at(Int)
        case range(start: Int?, stop: Int?)
        case newAxis
    }

    public let kind: Kind
    package let operands: [Operand]
    /// The arguments of Keras's class: `axis`, `keepdims`, `newshape`, `axes`.
    package let arguments: JSON.Object
    private let key: [Index]
    /// What is wrong with the arguments; nil if nothing is.
    package let argumentFault: String?

    package init(
        _ kind: Kind, _ operands: [Operand], arguments: JSON.Object = [:], key: JSON? = nil,
        name: String? = nil
    ) {
        self.kind = kind
        self.operands = operands
        self.arguments = arguments
        let indices = key.map { Self.indices($0) } ?? []
        self.key = indices ?? []
        argumentFault = indices == nil ? "the index \(key?.text() ?? "") is not understood" : nil
        keyDescription = key
        super.init(name: name)
    }
    /// As Keras writes it.
    package let keyDescription: JSON?

    package override var typeName: String { kind.rawValue }

    // MARK: Arguments

    private var axes: [Int]? {
        switch arguments["axis"] {
        case let list? where list.array != nil: list.array?.compactMap { $0.int }
        case let axis?: axis.int.map { [$0] }
        case nil: nil
        }
    }
    private var keepsAxes: Bool { arguments["keepdims"]?.bool ?? false }
    private func integers(_ name: String) -> [Int]? {
        arguments[name].flatMap { $0.array?.compactMap { $0.int } }
    }

    private static func indices(_ key: JSON) -> [Index]? {
        var indices: [Index] = []
        for part in key.array ?? [key] {
            switch part["class_name"]?.string {
            case "__slice__":
                guard let config = part["config"], [nil, 1].contains(config["step"]?.int) else { return nil }
                indices.append(.range(start: config["start"]?.int, stop: config["stop"]?.int))
            case nil:
                if part == .null {
                    indices.append(.newAxis)
                } else {
                    guard let number = part.int else { return nil }
                    indices.append(.at(number))
                }
            default: return nil
            }
        }
        return indices
    }

    // MARK: Keras's files

    /// The prefix of the modules of Keras's operations.
    package static let moduleOfAll = "keras.src.ops."

    package static func module(of kind: Kind) -> String {
        switch kind {
        case .gelu, .logSoftmax, .relu, .sigmoid, .silu, .softmax, .softplus: moduleOfAll + "nn"
        default: moduleOfAll + "numpy"
        }
    }

    /// The arguments of its call, given those that are tensors.
    package func callArguments(_ tensors: [JSON]) -> [JSON] {
        if kind == .concatenate || kind == .stack { return [.array(tensors)] }
        var rest = tensors[...]
        let operands = operands.map { operand -> JSON in
            switch operand {
            case .input: rest.popFirst() ?? .null
            case .number(let number): .number(number)
            }
        }
        return operands + (keyDescription.map { [$0] } ?? [])
    }

    /// An operation of Keras's description of it and of its call; nil if there is none of that name.
    package convenience init?(className: String, config: JSON, call: JSON) {
        guard let kind = Kind(rawValue: className == "Divide" ? "TrueDivide" : className) else { return nil }
        var arguments = config.object?.filter { $0.0 != "name" && $0.0 != "dtype" } ?? []
        var operands: [Operand] = []
        var key: JSON?
        func take(_ argument: JSON) {
            if argument["class_name"]?.string == "__keras_tensor__" {
                operands.append(.input)
            } else if kind == .getItem {
                key = argument
            } else if let list = argument.array {
                list.forEach(take)
            } else if let number = argument.double {
                operands.append(.number(number))
            }
        }
        for argument in call["args"]?.array ?? [] { take(argument) }
        for (name, argument) in call["kwargs"]?.object ?? [:] {
            if name.hasPrefix("x") || name == "key" {
                take(argument)
            } else {
                arguments.append((name, argument))
            }
        }
        var object: JSON.Object = [:]
        for (name, value) in arguments where value != .null { object[name] = value }
        self.init(kind, operands, arguments: object, key: key, name: config["name"]?.string)
    }

    // MARK: Shapes

    public override var takesSeveralInputs: Bool { true }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let argumentFault { return argumentFault }
        let count = operands.count { $0 == .input }
        guard shapes.count == count else { return "\(shapes.count) inputs, expected \(count)" }
        do throws(Fault) {
            // For batches of two sizes: what mixes samples is seen.
            let three = try resultShape(shapes.map { $0.prepending(3) })
            let five = try resultShape(shapes.map { $0.prepending(5) })
            guard three.sizes.first == 3, five.sizes.first == 5, three.droppingFirst() == five.droppingFirst()
            else { return "it would change the batch axis, expected one result for each sample" }
            return countOfElements(three) == nil ? "the result \(three) is too large" : nil
        } catch {
            return error.sentence
        }
    }

    public override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        [((try? resultShape(inputShapes.map { $0.prepending(3) })) ?? []).droppingFirst()]
    }

    private struct Fault: Error { let sentence: String }

    /// The shape of the result for inputs of whole batches.
    private func resultShape(_ shapes: [Shape]) throws(Fault) -> Shape {
        func list(_ shapes: [Shape]) -> String { shapes.map { "\($0)" }.joined(separator: " and ") }
        func resolved(_ axis: Int?, rank: Int) throws(Fault) -> Int {
            guard let axis, axis >= -rank, axis < rank else {
                throw Fault(sentence: "axis \(axis.map { "\($0)" } ?? "nil") of a batch of rank \(rank)")
            }
            return axis < 0 ? axis + rank : axis
        }
        let first = shapes.first ?? []
        switch kind {
        case .absolute, .exp, .gelu, .log, .negative, .relu, .sigmoid, .silu, .softplus, .sqrt, .square,
            .tanh, .cos,
            .sin:
            guard operands == [.input] else { throw Fault(sentence: "expected one input") }
            return first
        case .softmax, .logSoftmax:
            guard operands == [.input] else { throw Fault(sentence: "expected one input") }
            _ = try resolved(axes?.first ?? -1, rank: first.rank)
            return first
        case .add, .subtract, .multiply, .divide, .power, .maximum, .minimum:
            guard operands.count == 2, !shapes.isEmpty,
                let sizes = BroadcastLayout.resultSizes(shapes.map { $0.sizes })
            else { throw Fault(sentence: "shapes \(list(shapes)) do not broadcast together") }
            return Shape(sizes)
        case .matmul:
            guard operands == [.input, .input], shapes.allSatisfy({ $0.rank >= 2 }),
                shapes[0][-1] == shapes[1][-2],
                let sizes = BroadcastLayout.resultSizes(shapes.map { Array($0.sizes.dropLast(2)) })
            else { throw Fault(sentence: "shapes \(list(shapes)) cannot be multiplied as matrices") }
            return Shape(sizes + [shapes[0][-2], shapes[1][-1]])
        case .mean, .sum, .max, .min:
            guard operands == [.input] else { throw Fault(sentence: "expected one input") }
            var sizes = first.sizes.map { Optional($0) }
            for axis in axes ?? Array(sizes.indices) {
                sizes[try resolved(axis, rank: first.rank)] = keepsAxes ? 1 : nil
            }
            return Shape(sizes.compactMap { $0 })
        case .reshape:
            guard var sizes = integers("newshape") ?? integers("new_shape"), operands == [.input] else {
                throw Fault(sentence: "there is no new shape")
            }
            let known = countOfElements(Shape(sizes.map { $0 == -1 ? 1 : max(0, $0) })) ?? 0
            if let open = sizes.firstIndex(of: -1) {
                sizes[open] = known > 0 && first.count % known == 0 ? first.count / known : 0
            }
            guard sizes.allSatisfy({ $0 > 0 }), countOfElements(Shape(sizes)) == first.count else {
                throw Fault(sentence: "\(first) cannot be reshaped to \(sizes)")
            }
            return Shape(sizes)
        case .transpose:
            let axes = integers("axes") ?? Array((0..<first.rank).reversed())
            guard operands == [.input], axes.sorted() == Array(0..<first.rank) else {
                throw Fault(sentence: "axes \(axes) are no order of those of \(first)")
            }
            return Shape(axes.map { first[$0] })
        case .expandDims:
            guard operands == [.input] else { throw Fault(sentence: "expected one input") }
            let axis = try resolved(axes?.first, rank: first.rank + 1)
            var sizes = first.sizes
            sizes.insert(1, at: axis)
            return Shape(sizes)
        case .squeeze:
            guard operands == [.input] else { throw Fault(sentence: "expected one input") }
            let axis = try resolved(axes?.first, rank: first.rank)
            guard first[axis] == 1 else { throw Fault(sentence: "axis \(axis) of \(first) is not 1") }
            var sizes = first.sizes
            sizes.remove(at: axis)
            return Shape(sizes)
        case .concatenate, .stack:
            guard !shapes.isEmpty, operands.allSatisfy({ $0 == .input }) else {
                throw Fault(sentence: "expected inputs alone")
            }
            let isStack = kind == .stack
            let axis = try resolved(axes?.first ?? (isStack ? 0 : -1), rank: first.rank + (isStack ? 1 : 0))
            for shape in shapes {
                let differs =
                    shape.rank != first.rank
                    || shape.sizes.indices.contains { (isStack || $0 != axis) && shape[$0] != first[$0] }
                if differs {
                    throw Fault(sentence: "shapes \(list(shapes)) cannot be joined along axis \(axis)")
                }
            }
            var sizes = first.sizes
            if isStack {
                sizes.insert(shapes.count, at: axis)
            } else {
                sizes[axis] = shapes.reduce(0) { $0 + $1[axis] }
            }
            return Shape(sizes)
        case .getItem:
            guard operands == [.input] else { throw Fault(sentence: "expected one input") }
            return Shape(
                try steps(of: first).reduce(into: []) { sizes, step in
                    switch step {
                    case .keep(let range): sizes.append(range.count)
                    case .pick: break
                    case .insert: sizes.append(1)
                    }
                })
        }
    }

    private enum Step { case keep(Range<Int>), pick(Int), insert }

    /// What `getItem` does along each axis, those that the index does not name included.
    private func steps(of shape: Shape) throws(Fault) -> [Step] {
        var steps: [Step] = []
        var axis = 0
        for index in key {
            if index == .newAxis {
                steps.append(.insert)
                continue
            }
            guard axis < shape.rank else { throw Fault(sentence: "an index of more axes than \(shape) has") }
            let size = shape[axis]
            switch index {
            case .at(let position):
                guard position >= -size, position < size else {
                    throw Fault(sentence: "index \(position) of axis \(axis) of \(shape)")
                }
                steps.append(.pick(position < 0 ? position + size : position))
            case .range(let start, let stop):
                func clamp(_ position: Int) -> Int {
                    min(size, max(0, position < 0 ? position + size : position))
                }
                let (lower, upper) = (clamp(start ?? 0), clamp(stop ?? size))
                guard lower < upper else {
                    throw Fault(sentence: "an empty range of axis \(axis) of \(shape)")
                }
                steps.append(.keep(lower..<upper))
            case .newAxis: break
            }
            axis += 1
        }
        for axis in axis..<max(axis, shape.rank) { steps.append(.keep(0..<shape[axis])) }
        return steps
    }

    // MARK: Computing

    public override func build(inputShapes: [Shape], generator: inout RandomGenerator) {}

    public override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        var rest = inputs[...]
        let values = operands.map { operand in
            switch operand {
            case .input: rest.popFirst() ?? inputs[0]
            case .number(let number): Variable(Tensor(number).cast(to: inputs[0].dtype))
            }
        }
        return [compute(values)]
    }

    private func compute(_ values: [Variable]) -> Variable {
        let x = values[0]
        func positive(_ axis: Int) -> Int { axis < 0 ? axis + x.shape.rank : axis }
        switch kind {
        case .absolute: return x.abs()
        case .exp: return x.exp()
        case .gelu: return x.gelu(isApproximate: arguments["approximate"]?.bool ?? true)
        case .log: return x.log()
        case .negative: return -x
        case .relu: return x.relu()
        case .sigmoid: return x.sigmoid()
        case .silu: return x.silu()
        case .softplus: return x.softplus()
        case .sqrt: return x.sqrt()
        case .square: return x.squared()
        case .tanh: return x.tanh()
        case .cos: return x.cos()
        case .sin: return x.sin()
        case .softmax: return x.softmax(axis: axes?.first ?? -1)
        case .logSoftmax: return x.logSoftmax(axis: axes?.first ?? -1)
        case .add: return x + values[1]
        case .subtract: return x - values[1]
        case .multiply: return x * values[1]
        case .divide: return x / values[1]
        case .power:
            if case .number(let exponent) = operands[1] { return x.pow(exponent) }
            return x.pow(values[1])
        case .maximum: return x.maximum(values[1])
        case .minimum: return x.minimum(values[1])
        case .matmul: return x.matmul(values[1])
        case .mean: return x.mean(axes: axes?.map(positive), keepingAxes: keepsAxes)
        case .sum: return x.sum(axes: axes?.map(positive), keepingAxes: keepsAxes)
        case .max: return x.max(axes: axes?.map(positive), keepingAxes: keepsAxes)
        case .min: return x.min(axes: axes?.map(positive), keepingAxes: keepsAxes)
        case .concatenate: return Variable.concatenate(values, axis: positive(axes?.first ?? -1))
        case .stack:
            let axis = axes?.first ?? 0
            return Variable.stack(values, axis: axis < 0 ? axis + x.shape.rank + 1 : axis)
        case .transpose: return x.permuted(integers("axes") ?? Array((0..<x.shape.rank).reversed()))
        case .reshape, .expandDims, .squeeze:
            guard let shape = try? resultShape([x.shape]) else { fail("\(label): no shape for \(x.shape)") }
            return x.reshaped(to: shape)
        case .getItem:
            guard let steps = try? steps(of: x.shape), let shape = try? resultShape([x.shape]) else {
                fail("\(label): no shape for \(x.shape)")
            }
            var (result, axis) = (x, 0)
            for step in steps {
                switch step {
                case .insert: continue
                case .keep(let range):
                    if range.count != x.shape[axis] { result = result.sliced(range, axis: axis) }
                case .pick(let position): result = result.sliced(position..<position + 1, axis: axis)
                }
                axis += 1
            }
            return result.reshaped(to: shape)
        }
    }
}

// MARK: Operators

/// A value of a graph, or a number beside one.
private func combined(
    _ kind: Operation.Kind, _ a: SymbolicTensor?, _ b: SymbolicTensor?, _ number: Double = 0
)
    -> SymbolicTensor
{
    let operands = [a, b].map { $0 == nil ? Operation.Operand.number(number) : .input }
    return Operation(kind, operands)([a, b].compactMap { $0 })
}

// Operands must have one shape, or shapes that broadcast together.
extension Symbolic {
    public static func + (a: Self, b: some Symbolic) -> SymbolicTensor { combined(.add, a.symbol, b.symbol) }
    public static func + (a: Self, b: Double) -> SymbolicTensor { combined(.add, a.symbol, nil, b) }
    public static func + (a: Double, b: Self) -> SymbolicTensor { combined(.add, nil, b.symbol, a) }
    public static func - (a: Self, b: some Symbolic) -> SymbolicTensor {
        combined(.subtract, a.symbol, b.symbol)
    }
    public static func - (a: Self, b: Double) -> SymbolicTensor { combined(.subtract, a.symbol, nil, b) }
    public static func - (a: Double, b: Self) -> SymbolicTensor { combined(.subtract, nil, b.symbol, a) }
    public static func * (a: Self, b: some Symbolic) -> SymbolicTensor {
        combined(.multiply, a.symbol, b.symbol)
    }
    public static func * (a: Self, b: Double) -> SymbolicTensor { combined(.multiply, a.symbol, nil, b) }
    public static func * (a: Double, b: Self) -> SymbolicTensor { combined(.multiply, nil, b.symbol, a) }
    public static func / (a: Self, b: some Symbolic) -> SymbolicTensor {
        combined(.divide, a.symbol, b.symbol)
    }
    public static func / (a: Self, b: Double) -> SymbolicTensor { combined(.divide, a.symbol, nil, b) }
    public static func / (a: Double, b: Self) -> SymbolicTensor { combined(.divide, nil, b.symbol, a) }
    public static prefix func - (a: Self) -> SymbolicTensor { Operation(.negative, [.input])(a) }
}
