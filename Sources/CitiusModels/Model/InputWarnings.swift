import CitiusTensor

/// What inputs hardly mean to be.
enum InputWarnings {
    /// A line for bytes of images that were made real numbers and never scaled; nil for other inputs.
    static func warning(about input: Tensor) -> String? {
        guard input.dtype.isFloatingPoint, input.rank >= 3, input.count > 0 else { return nil }
        // One sample is enough to see it.
        let sample = input[0..<1].cast(to: .float64).elements(as: Double.self)
        guard let largest = sample.max(), largest > 64, largest <= 255,
            sample.allSatisfy({ $0 >= 0 && $0 == $0.rounded() })
        else { return nil }
        return
            "The inputs are whole numbers up to \(Int(largest)), as bytes of images are: networks learn better from "
            + "0…1, so scale them: data.scaled(by: 1.0 / 255)."
    }
}
