import CitiusData
import CitiusFormats
import CitiusPlatform
import CitiusTensor

/// Values of one step in TensorBoard's form: `tensorflow.Summary` of `summary.proto`, each value with the name of the
/// plugin that shows it.
struct EventSummary {
    private(set) var message = ProtobufMessage()

    var isEmpty: Bool { message.bytes.isEmpty }

    /// `DataType` of `types.proto`.
    private enum DataType {
        static let (float, double, string) = (1, 2, 7)
    }

    /// `DataClass` of `summary.proto`; hyperparameters have none.
    private enum DataClass {
        static let (scalar, tensor, blobs) = (1, 2, 3)
    }

    mutating func add(scalar tag: String, _ value: Double) {
        add(tag, "scalars", DataClass.scalar) { tensor in
            tensor.add(1, DataType.float)
            tensor.add(2) { _ in }
            tensor.add(5, Float(value))
        }
    }

    /// A histogram of 30 buckets: `[buckets, (left edge, right edge, count)]`. What is not finite is not counted.
    mutating func add(histogram tag: String, _ values: Tensor) {
        let buckets = Self.buckets(of: values)
        add(tag, "histograms", DataClass.tensor) { tensor in
            tensor.add(1, DataType.double)
            tensor.add(2) { shape in
                shape.add(2) { $0.add(1, buckets.count) }
                shape.add(2) { $0.add(1, 3) }
            }
            tensor.add(
                4,
                buckets.flatMap { [$0.left, $0.right, $0.count] }.flatMap { number in
                    withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
                })
        }
    }

    static func buckets(
        of values: Tensor, count bucketCount: Int = 30
    ) -> [(left: Double, right: Double, count: Double)] {
        let values = values.cast(to: .float64).elements(as: Double.self).filter { $0.isFinite }
        guard let least = values.min(), let most = values.max() else {
            return [(left: Double, right: Double, count: Double)](repeating: (0, 0, 0), count: bucketCount)
        }
        var counts = [Double](repeating: 0, count: bucketCount)
        // Halves, so that the range cannot overflow.
        let width = (most / 2 - least / 2) / Double(bucketCount) * 2
        for value in values {
            let place = width > 0 ? (value / 2 - least / 2) / (width / 2) : Double(bucketCount - 1)
            counts[min(bucketCount - 1, Int(place))] += 1
        }
        return (0..<bucketCount).map { index in
            let right = index == bucketCount - 1 ? most : least + width * Double(index + 1)
            return (least + width * Double(index), right, counts[index])
        }
    }

    /// Images `[count, height, width, channels]` of numbers from 0 to 1, which are cut to these; three of them at most.
    mutating func add(images tag: String, _ images: Tensor) {
        let sizes = images.shape.sizes
        let bytes = (images.cast(to: .float32).clamped(to: 0...1) * 255.5).elements(as: Float.self).map {
            $0.isNaN ? 0 : UInt8(min($0, 255))
        }
        let size = sizes[1] * sizes[2] * sizes[3]
        let shown = (0..<min(3, sizes[0])).map { index in
            PNG.bytes(
                of: Tensor(
                    Array(bytes[index * size..<(index + 1) * size]), shape: Shape(Array(sizes.dropFirst()))))
        }
        add(tag, "images", DataClass.blobs) { tensor in
            tensor.add(1, DataType.string)
            tensor.add(2) { shape in shape.add(2) { $0.add(1, shown.count + 2) } }
            tensor.add(8, "\(sizes[2])")
            tensor.add(8, "\(sizes[1])")
            for image in shown { tensor.add(8, image) }
        }
    }

    /// The layers of a model, in Keras's JSON.
    mutating func add(graph json: String) {
        add("keras", "graph_keras_model", nil, content: Array("1".utf8)) { tensor in
            tensor.add(1, DataType.string)
            tensor.add(2) { _ in }
            tensor.add(8, json)
        }
    }

    /// `HParamsPluginData` of `plugin_data.proto`, with the begin of a session.
    mutating func add(hyperparameters: [String: Hyperparameter], group: String) {
        addHyperparameters("_hparams_/session_start_info") { data in
            data.add(3) { start in
                for (name, value) in hyperparameters.sorted(by: { $0.key < $1.key }) {
                    start.add(1) { entry in
                        entry.add(1, name)
                        entry.add(2) { encoded in
                            switch value {
                            case .number(let number): encoded.add(2, number)
                            case .text(let text): encoded.add(3, text)
                            case .truth(let truth): encoded.add(4, truth ? 1 : 0)
                            }
                        }
                    }
                }
                start.add(4, group)
                start.add(5, wallTime())
            }
        }
    }

    /// The end of a session, which succeeded.
    mutating func addEndOfHyperparameters() {
        addHyperparameters("_hparams_/session_end_info") { data in
            data.add(4) { end in
                end.add(1, 1)
                end.add(2, wallTime())
            }
        }
    }

    private mutating func addHyperparameters(_ tag: String, _ body: (inout ProtobufMessage) -> Void) {
        var content = ProtobufMessage()
        body(&content)
        // The value stands in the metadata; without a tensor it is dropped.
        add(tag, "hparams", nil, content: content.bytes) { tensor in
            tensor.add(1, DataType.float)
            tensor.add(2) { _ in }
        }
    }

    private mutating func add(
        _ tag: String, _ plugin: String, _ dataClass: Int?, content: [UInt8] = [],
        _ tensor: (inout ProtobufMessage) -> Void
    ) {
        message.add(1) { value in
            value.add(1, tag)
            value.add(9) { metadata in
                metadata.add(1) { data in
                    data.add(1, plugin)
                    data.add(2, content)
                }
                if let dataClass { metadata.add(4, dataClass) }
            }
            value.add(8, tensor)
        }
    }
}

/// A file of events in a folder: records of `tensorflow.Event`.
final class EventWriter {
    private let file: GrowingFile

    /// - Throws: a `WritingFailure` if the folder or the file cannot be made.
    init(folder: String) throws(WritingFailure) {
        try makeFolder(folder)
        // TensorBoard reads the files of a folder in the order of their names, and knows them by `tfevents`.
        let time = "\(Int(wallTime()))"
        let padded = String(repeating: "0", count: max(0, 10 - time.count)) + time
        let unique = String(UInt32.random(in: 0 ... .max), radix: 16)
        file = try GrowingFile(
            "\(folder)/events.out.tfevents.\(padded).citius.\(getpid()).\(unique).v2", keepingAtMost: 0)
        var event = Self.event(step: 0)
        event.add(3, "brain.Event:2")
        try file.write(TFRecord.framed(event.bytes))
    }

    func write(_ summary: EventSummary, step: Int) throws(WritingFailure) {
        var event = Self.event(step: step)
        event.add(5, summary.message)
        try file.write(TFRecord.framed(event.bytes))
    }

    private static func event(step: Int) -> ProtobufMessage {
        var event = ProtobufMessage()
        event.add(1, wallTime())
        event.add(2, step)
        return event
    }
}

/// Seconds since 1970.
private func wallTime() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}
