import CitiusAutograd
import CitiusTensor

/// Layers compute with the channels last; where they come first, they are moved there and back.
extension DataFormat {
    /// A sample's shape with the channels last, given one in this format.
    func channelsLast(_ sample: Shape) -> Shape {
        guard self == .channelsFirst, let channels = sample.sizes.first else { return sample }
        return Shape(sample.sizes.dropFirst() + [channels])
    }

    /// A sample's shape in this format, given one with the channels last.
    func ordered(_ sample: Shape) -> Shape {
        guard self == .channelsFirst, let channels = sample.sizes.last else { return sample }
        return Shape([channels] + sample.sizes.dropLast())
    }

    /// What a computation that has the channels last makes of a batch in this format, in this format too. Steps keep
    /// their mask.
    func computing(_ batch: Variable, _ body: (Variable) -> Variable) -> Variable {
        guard self == .channelsFirst, batch.shape.rank > 2 else { return body(batch) }
        var input = batch.permuted([0] + Array(2..<batch.shape.rank) + [1])
        input.mask = batch.mask
        let output = body(input)
        let last = output.shape.rank - 1
        return last < 2 ? output : output.permuted([0, last] + Array(1..<last))
    }

    /// The axes of samples of the spatial axes and the channels, as messages name them.
    func axes(_ spatial: String) -> String {
        self == .channelsFirst ? "channels, " + spatial : spatial + ", channels"
    }
}
