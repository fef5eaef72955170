import CitiusKernels
import CitiusPlatform

/// Gives layers names that occur once, in Keras's pattern: `conv2d`, `conv2d_1`, `dense`, …
package struct LayerNames {
    private var taken: [String: Layer] = [:]
    /// The number that was given last: those below are taken.
    private var numbers: [String: Int] = [:]

    package init() {}

    /// Names those of the layers that have no name. Traps if two of them share one.
    package mutating func give(to layers: [Layer], in owner: @autoclosure () -> String) {
        for layer in layers { reserve(layer, in: owner()) }
        for layer in layers where layer.name.isEmpty { layer.name = next(for: layer) }
    }

    /// Keeps a given name from being given again. Traps if it occurs already.
    package mutating func reserve(_ layer: Layer, in owner: @autoclosure () -> String) {
        guard !layer.name.isEmpty else { return }
        if let other = taken.updateValue(layer, forKey: layer.name), other !== layer {
            fail("\(owner()): two layers are called \"\(layer.name)\"; each needs a name of its own")
        }
    }

    /// A name for a layer that has none.
    package mutating func next(for layer: Layer) -> String {
        let base = Self.snakeCase(layer.typeName)
        var number = numbers[base] ?? 0
        var name = number == 0 ? base : "\(base)_\(number)"
        while taken[name] != nil {
            number += 1
            name = "\(base)_\(number)"
        }
        taken[name] = layer
        numbers[base] = number
        return name
    }

    /// Keras's snake case: `MaxPooling2D` is `max_pooling2d`, `ReLU` is `re_lu`, `LSTM` is `lstm`.
    ///
    /// A capital begins a word if a small letter follows or precedes it.
    package static func snakeCase(_ typeName: String) -> String {
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
