import CitiusPlatform

/// Numbers as Keras prints them. Kept free of Foundation, which would double a program's start-up time.
package enum Formatting {
    /// C's `printf` into a string.
    package static func string(_ format: String, _ arguments: any CVarArg...) -> String {
        withVaList(arguments) { list in
            var buffer = [CChar](repeating: 0, count: 512)
            let count = Int(vsnprintf(&buffer, buffer.count, format, list))
            let bytes = buffer.prefix(max(0, min(count, buffer.count - 1)))
            return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// A loss or a metric: four decimals, or powers of ten where those would show zeros.
    package static func score(_ value: Double) -> String {
        // C prints the sign that x86 gives to what is no number.
        if value.isNaN { return "nan" }
        return abs(value) > 1e-3 || value == 0 || !value.isFinite
            ? string("%.4f", value) : string("%.4e", value)
    }

    /// Time per step: `8ms/step`.
    package static func stepTime(_ seconds: Double, unit: String = "step") -> String {
        if seconds >= 1 || seconds == 0 { return string("%.0fs/", seconds) + unit }
        if seconds >= 1e-3 { return string("%.0fms/", seconds * 1e3) + unit }
        return string("%.0fus/", seconds * 1e6) + unit
    }

    /// Time still to go: `42s`, `3:07`, `1:02:09`.
    package static func remainingTime(_ seconds: Double) -> String {
        let whole = seconds.isFinite ? Int(seconds) : 0
        if whole > 3600 {
            return string("%d:%02d:%02d", whole / 3600, whole % 3600 / 60, whole % 60)
        }
        return whole > 60 ? string("%d:%02d", whole / 60, whole % 60) : "\(whole)s"
    }

    /// A size in memory: `476.29 KB`.
    package static func memory(_ byteCount: Int) -> String {
        var size = Double(byteCount)
        for unit in ["B", "KB", "MB", "GB", "TB"] {
            if size < 1024 { return string("%.2f ", size) + unit }
            size /= 1024
        }
        return string("%.2f PB", size)
    }

    /// A count with commas: `121,930`.
    package static func grouped(_ number: Int) -> String {
        var result = ""
        let digits = String(number)
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 && result != "-" { result += "," }
            result.append(digit)
        }
        return result
    }
}
