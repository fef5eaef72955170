import CitiusPlatform
import CitiusTensor

/// The shape of what a layer draws at random, of which elements along axes of size 1 are the same: Keras's `noise_shape`.
enum NoiseShape {
    /// What is wrong with one in a configuration.
    static func fault(_ sizes: [Int?]?) -> String? {
        guard let sizes, sizes.contains(where: { ($0 ?? 1) < 1 }) else { return nil }
        return "noiseShape is \(description(sizes)), expected positive sizes, or nil for the input's"
    }

    /// What keeps one from samples of a shape.
    static func fault(_ sizes: [Int?]?, of sample: Shape) -> String? {
        guard let sizes else { return nil }
        let fits =
            sizes.count == sample.rank + 1
            && zip(sizes.dropFirst(), sample.sizes).allSatisfy { ($0 ?? 1) == 1 || $0 == $1 }
        return fits
            ? nil
            : "noiseShape \(description(sizes)) does not broadcast to samples of shape \(sample) behind the batch's axis"
    }

    /// The whole shape, for an input of a shape. Traps if it does not broadcast to that.
    static func shape(_ sizes: [Int?]?, for input: Shape, _ label: String) -> Shape {
        guard let sizes else { return input }
        require(
            sizes[0].map { $0 == 1 || $0 == input[0] } ?? true,
            "\(label): noiseShape \(description(sizes)) is for batches of \(sizes[0] ?? 0), not of \(input[0])"
        )
        return Shape(zip(sizes, input.sizes).map { $0 ?? $1 })
    }

    private static func description(_ sizes: [Int?]) -> String {
        "[" + sizes.map { $0.map { "\($0)" } ?? "nil" }.joined(separator: ", ") + "]"
    }
}
