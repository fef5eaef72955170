import CitiusKeras
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor
import CitiusTestSupport

/// Which bytes of a `.keras` file are changed.
public enum KerasPart: String, CaseIterable, Sendable {
    /// Those of the archive as it lies on the disk.
    case archive = "keras"
    /// Those of a member, within an archive that is whole.
    case config = "keras-config"
    case weights = "keras-weights"
}

/// Reads mutated `.keras` files. Whatever the bytes: an error of the reader's own type, or a model that predicts and is
/// written and read back as it was.
public func fuzzKeras(_ part: KerasPart, inputs: Int, seed: UInt64) -> FuzzReport {
    var report = FuzzReport()
    var mutation = Mutation(random: SplitMix64(seed: seed))
    let whole: [UInt8]
    let config: [UInt8]
    let weights: [UInt8]
    do {
        whole = try KerasFile.bytes(of: model())
        let archive = try ZipArchive(whole)
        config = try archive.member(named: "config.json") ?? []
        weights = try archive.member(named: "model.weights.h5") ?? []
    } catch {
        report.failures.append("\(error)")
        return report
    }
    let samples = randomTensor([2, 3], dtype: .float32, seed: 1)
    for index in 0..<inputs {
        do throws(KerasFileError) {
            let bytes =
                switch part {
                case .archive:
                    mutation.number(below: 2) == 0
                        ? mutation.mutated(whole) : mutation.withMutatedFields(whole)
                case .config:
                    try ZipArchive.bytes(of: [
                        ("config.json", mutation.mutated(config)), ("model.weights.h5", weights),
                    ])
                case .weights:
                    try ZipArchive.bytes(of: [
                        ("config.json", config),
                        (
                            "model.weights.h5",
                            mutation.number(below: 4) == 0
                                ? mutation.mutated(weights) : mutation.withMutatedFields(weights)
                        ),
                    ])
                }
            keepInput(bytes)
            let model = try KerasFile.read(bytes)
            report.accepted += 1
            // The description may have become another model's.
            if model.inputShapes == [[3]] { _ = try? model.predict([samples]) }
            let copy = try KerasFile.read(KerasFile.bytes(of: model))
            // By their bits: a weight may have become NaN.
            guard copy.weights.map({ $0.bits }) == model.weights.map({ $0.bits }) else {
                report.failures.append("input \(index): a weight changed")
                continue
            }
        } catch {
            report.refuse(error.kind)
        }
    }
    return report
}

/// One with weights of several shapes, statistics, layers within a layer, and an optimizer's state.
private func model() -> Model {
    let input = Input(3)
    let hidden = Dense(4, activation: .relu)(input)
    let normalized = BatchNormalization()(hidden)
    let merged = Concatenate()(normalized, Sequential { Dense(2) }(hidden))
    let model = Model(inputs: input, outputs: Dense(2)(merged), seed: 1)
    model.compile(optimizer: Adam(), loss: .meanSquaredError, metrics: [.meanAbsoluteError])
    return model
}

/// The input that a crash can be repeated with: `CITIUS_FUZZ_KEEP` names the file, which holds the last one.
func keepInput(_ bytes: [UInt8]) {
    guard let path = environment("CITIUS_FUZZ_KEEP"), let file = fopen(path, "w") else { return }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

extension Tensor {
    fileprivate var bits: [UInt8] {
        withExtendedLifetime(storage) {
            Array(UnsafeRawBufferPointer(start: address, count: count * dtype.byteCount))
        }
    }
}
