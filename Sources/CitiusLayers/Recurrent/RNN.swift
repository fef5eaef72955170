import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// A recurrent layer of any cell: one of the library's, several on top of each other, or one of your own.
///
/// ```swift
/// let layer = RNN(GRUCell(32), returnSequences: true)
/// let stacked = RNN([LSTMCell(64), LSTMCell(32)])
/// ```
///
/// # Shapes
/// [batch, steps, …] → [batch, outputSize], or [batch, steps, outputSize] with `returnSequences`; with `returnState` then
/// the last states, [batch, stateSizes[i]] each. Further inputs are the first states, else zeros.
///
/// Masks, states and dropout behave as `RecurrentLayer` says. For a cell of your own see `RecurrentCell`. Follows
/// `keras.layers.RNN`.
public final class RNN: RecurrentLayer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// A `RecurrentCell`.
        public var cell: NestedLayer
        public var options: RecurrentOptions

        private enum CodingKeys: CodingKey { case cell }

        public init(cell: RecurrentCell, options: RecurrentOptions = RecurrentOptions()) {
            self.cell = NestedLayer(cell)
            self.options = options
        }

        public init(from decoder: any Decoder) throws {
            cell = try decoder.container(keyedBy: CodingKeys.self).decode(NestedLayer.self, forKey: .cell)
            options = try RecurrentOptions(from: decoder)
        }

        public func encode(to encoder: any Encoder) throws {
            try options.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(cell, forKey: .cell)
        }

        public var fault: String? {
            guard let cell = cell.layer as? RecurrentCell else {
                return "the cell is \(cell.layer.label), expected a RecurrentCell"
            }
            return cell.stateSizes.isEmpty ? "the cell has no states, expected at least one" : nil
        }
    }

    public static var module: String? { "keras.layers" }
    public var configuration: Configuration { Configuration(cell: cell, options: options) }

    /// - Parameter unroll: accepted for Keras's sake; there is nothing to unroll.
    ///
    /// Traps if the cell has no states.
    public convenience init(
        _ cell: RecurrentCell, returnSequences: Bool = false, returnState: Bool = false,
        goBackwards: Bool = false, stateful: Bool = false, unroll: Bool = false,
        zeroOutputForMask: Bool = false,
        name: String? = nil
    ) {
        let options = RecurrentOptions(
            returnSequences: returnSequences, returnState: returnState, goBackwards: goBackwards,
            stateful: stateful, unroll: unroll, zeroOutputForMask: zeroOutputForMask)
        self.init(configuration: Configuration(cell: cell, options: options), name: name)
    }

    /// The same of several cells, each of which reads the output of the one before; see `StackedRNNCells`.
    public convenience init(
        _ cells: [RecurrentCell], returnSequences: Bool = false, returnState: Bool = false,
        goBackwards: Bool = false, stateful: Bool = false, unroll: Bool = false,
        zeroOutputForMask: Bool = false,
        name: String? = nil
    ) {
        self.init(
            StackedRNNCells(cells), returnSequences: returnSequences, returnState: returnState,
            goBackwards: goBackwards, stateful: stateful, unroll: unroll,
            zeroOutputForMask: zeroOutputForMask,
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        let configuration = Self.checked(configuration)
        guard let cell = configuration.cell.layer as? RecurrentCell else {
            fail("RNN: the cell is no RecurrentCell")
        }
        super.init(cell, configuration.options, name: name)
    }

    package override func reversed() -> RecurrentLayer? {
        guard let cell = NestedLayer(cell).copy() as? RecurrentCell else { return nil }
        var options = options
        options.goBackwards.toggle()
        return RNN(configuration: Configuration(cell: cell, options: options))
    }
}
