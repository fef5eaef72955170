import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// A layer that combines its inputs element by element, one after the other: `Add`, `Multiply` and their kin.
///
/// Inputs of several shapes broadcast as in Keras: axes of size 1 are repeated, and inputs of fewer axes get theirs
/// behind the batch's.
open class ElementwiseMerging: MergingLayer {
    /// Combines the elements of two inputs, or of what was combined so far and the next input. They broadcast.
    open func combine(_ first: Variable, _ second: Variable) -> Variable {
        fail("\(type(of: self)): combine(_:_:) is not overridden")
    }

    /// What becomes of all inputs combined, of which there were `count`; by default nothing.
    open func finish(_ combined: Variable, count: Int) -> Variable { combined }

    open override func fault(ofInputs shapes: [Shape]) -> String? {
        guard Self.broadcast(shapes) == nil else { return nil }
        return "samples of shapes \(shapes.map { $0.description }.joined(separator: ", ")), "
            + "expected sizes that are the same or 1"
    }

    open override func mergedShape(of inputShapes: [Shape]) -> Shape {
        Self.broadcast(inputShapes) ?? inputShapes[0]
    }

    open override var supportsMasking: Bool { true }

    public final override func merge(_ inputs: [Variable], in context: Context) -> Variable {
        let shapes = inputs.map { $0.shape }
        var operands = inputs
        let rank = shapes.reduce(0) { max($0, $1.rank) }
        if let first = shapes.first, !shapes.allSatisfy({ $0 == first }) {
            require(
                Self.broadcast(shapes.map { $0.droppingFirst() }) != nil
                    && shapes.allSatisfy { $0[0] == first[0] },
                "\(label): inputs of shapes \(shapes.map { $0.description }.joined(separator: ", ")), "
                    + "expected sizes that are the same or, behind the batch's, 1")
            operands = inputs.map { input in
                let ones = [Int](repeating: 1, count: rank - input.shape.rank)
                return ones.isEmpty
                    ? input
                    : input.reshaped(to: Shape([input.shape[0]] + ones + input.shape.sizes.dropFirst()))
            }
        }
        let combined =
            inputs.contains { $0.mask != nil }
            ? combine(operands, masks: inputs.map { Self.mask(of: $0, rank: rank) })
            : operands.dropFirst().reduce(operands[0]) { combine($0, $1) }
        return finish(combined, count: inputs.count)
    }

    /// Combines inputs of which some have masks, which broadcast to them. By default their elements count all the same.
    func combine(_ operands: [Variable], masks: [Tensor?]) -> Variable {
        operands.dropFirst().reduce(operands[0]) { combine($0, $1) }
    }

    /// Combines the elements that count, where one of two does not by the other alone: for functions that have no
    /// element without effect.
    final func combineWhatCounts(_ operands: [Variable], masks: [Tensor?]) -> Variable {
        var (result, resultMask) = (operands[0], masks[0])
        for (operand, mask) in zip(operands, masks).dropFirst() {
            let next = mask.map { Variable.where($0, operand, result) } ?? operand
            let soFar = resultMask.map { Variable.where($0, result, next) } ?? result
            result = combine(soFar, next)
            resultMask = mask.flatMap { mask in resultMask.map { $0 .| mask } }
        }
        return result
    }

    /// An input's mask with the axes that it lacks, to broadcast with inputs of a rank.
    private static func mask(of input: Variable, rank: Int) -> Tensor? {
        guard let mask = input.mask else { return nil }
        let before = [Int](repeating: 1, count: rank - input.shape.rank)
        let behind = [Int](repeating: 1, count: input.shape.rank - mask.rank)
        return mask.reshaped(to: Shape([mask.shape[0]] + before + mask.shape.sizes.dropFirst() + behind))
    }

    /// Where every input has a mask, a step counts if it counts in one of them, as in Keras; else there is none.
    public final override func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        let masks = inputs.compactMap { $0.mask }
        guard masks.count == inputs.count else { return nil }
        if masks.allSatisfy({ $0.shape == masks[0].shape }) {
            return masks.dropFirst().reduce(masks[0]) { $0 .| $1 }
        }
        let aligned = inputs.compactMap { Self.mask(of: $0, rank: output.shape.rank) }
        return aligned.dropFirst().reduce(aligned[0]) { $0 .| $1 }.expanded(to: output.shape).any(axes: [-1])
    }

    /// The shape of the samples together; nil if they do not broadcast.
    private static func broadcast(_ shapes: [Shape]) -> Shape? {
        guard let first = shapes.first else { return nil }
        if shapes.allSatisfy({ $0 == first }) { return first }
        let rank = shapes.reduce(0) { max($0, $1.rank) }
        var sizes = [Int](repeating: 1, count: rank)
        for shape in shapes {
            for (axis, size) in zip(rank - shape.rank..<rank, shape.sizes) where size != sizes[axis] {
                if sizes[axis] == 1 { sizes[axis] = size } else if size != 1 { return nil }
            }
        }
        let result = Shape(sizes)
        return countOfElements(result) == nil ? nil : result
    }
}
