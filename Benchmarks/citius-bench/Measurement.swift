import CitiusExampleSupport

/// What one program measured of one model; the keys are those of the peers' JSON.
struct Measurement: Codable {
    var peer: String
    var model: String
    var batchSize: Int
    var threads: Int
    /// How many numbers the model learns; the same for all sides.
    var parameters: Int?
    /// Training, the best epoch.
    var imagesPerSecond: Double?
    /// Training, the median epoch.
    var medianImagesPerSecond: Double?
    var evaluationImagesPerSecond: Double?
    /// One image, the median call.
    var latency: Double?
    var peakMemory: Double?
    var startup: Double?

    enum CodingKeys: String, CodingKey {
        case peer, model, threads, parameters
        case batchSize = "batch_size"
        case imagesPerSecond = "images_per_second"
        case medianImagesPerSecond = "median_images_per_second"
        case evaluationImagesPerSecond = "evaluation_images_per_second"
        case latency = "latency_us"
        case peakMemory = "peak_memory_mb"
        case startup = "startup_ms"
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// The middle of some numbers; NaN for none.
func median(_ numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    guard !sorted.isEmpty else { return .nan }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
