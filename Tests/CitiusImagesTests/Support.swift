import CitiusImages
import CitiusTestSupport
import Testing

/// A file of `Golden/images`.
func golden(_ name: String) -> String { GoldenFile.path(of: "images/" + name) }

/// The pixels that other libraries have for it.
func goldenPixels(_ name: String) throws -> Tensor { try NPY.read(contentsOf: golden(name + ".npy")) }

/// Expects images of one shape whose pixels differ by no more than some numbers.
///
/// - Parameter mean: the largest mean difference.
func expectPixels(
    _ actual: Tensor, _ expected: Tensor, within limit: Int = 0, mean: Double = 255,
    _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(actual.shape == expected.shape, "\(comment)", sourceLocation: sourceLocation)
    guard actual.shape == expected.shape else { return }
    let differences = zip(actual.elements(as: UInt8.self), expected.elements(as: UInt8.self)).map {
        abs(Int($0) - Int($1))
    }
    let largest = differences.max() ?? 0
    let average = Double(differences.reduce(0, +)) / Double(max(1, differences.count))
    #expect(
        largest <= limit && average <= mean,
        "\(comment): differences of up to \(largest), \(average) in the mean",
        sourceLocation: sourceLocation)
}

/// The error that `body` throws.
func dataError(
    _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) throws -> DataError {
    try #require(throws: DataError.self, sourceLocation: sourceLocation, performing: body)
}

/// A picture without hard edges, another one for each seed.
func picture(_ height: Int, _ width: Int, channels: Int = 3, seed: UInt64 = 1) -> Tensor {
    var generator = RandomGenerator(seed: seed)
    let coarse = (Tensor(uniform: [5, 6, channels], using: &generator) * 255).cast(to: .uint8)
    return coarse.resizedImage(to: [height, width])
}
