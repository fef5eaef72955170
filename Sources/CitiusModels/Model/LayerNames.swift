import CitiusKernels
import CitiusLayers
import CitiusPlatform

/// Gives the layers of a model names that occur once, in Keras's pattern: `conv2d`, `conv2d_1`, `dense`, …
struct LayerNames {
    private var taken: Set<String> = []
    /// The number that was given last: those below are taken.
    private var numbers: [String: Int] = [:]

    /// Keeps a given name from being given again. Traps if it occurs already.
    mutating func reserve(_ name: String, in model: @autoclosure () -> String) {
        guard !name.isEmpty else { return }
        require(
            taken.insert(name).inserted,
            "\(model()): two layers are called \"\(name)\"; each needs a name of its own")
    }

    /// A name for a layer that has none.
    mutating func next(for layer: Layer) -> String {
        let base = Self.snakeCase("\(type(of: layer))")
        var number = numbers[base] ?? 0
        var name = number == 0 ? base : "\(base)_\(number)"
        while !taken.insert(name).inserted {
            number += 1
            name = "\(base)_\(number)"
        }
        numbers[base] = number
        return name
    }

    /// Keras's snake case: `MaxPooling2D` is `max_pooling2d`, `ReLU` is `re_lu`, `LSTM` is `lstm`.
    ///
    /// A capital begins a word if a small letter follows or precedes it.
    static func snakeCase(_ typeName: String) -> String {
        let letters = typeName.filter { $0.isLetter || $0.isNumber || $0 == "_" }.map { $0 }
        var result = ""
        for (index, letter) in letters.enumerated() {
            let beginsWord =
                index > 0 && letter.isUppercase
                && (letters[index - 1].isLowercase
                    || (index + 1 < letters.count && letters[index + 1].isLowercase))
            if beginsWord { result += "_" }
            result += letter.lowercased()
        }
        return result
    }
}
