/// Keras's spelling of a Swift name: `kernelSize` is `kernel_size`, `useEMA` is `use_ema`, `beta_1` stays.
///
/// An underscore goes before each capital that follows a small letter or a digit, and before the last of several
/// capitals if a small letter follows it. Names that hold none are returned as they are.
package func snakeCase(_ name: String) -> String {
    var result = ""
    let scalars = Array(name.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
        guard scalar.properties.isUppercase else {
            result.unicodeScalars.append(scalar)
            continue
        }
        if index > 0, scalars[index - 1] != "_" {
            let followsCapital = scalars[index - 1].properties.isUppercase
            let precedesSmall = index + 1 < scalars.count && scalars[index + 1].properties.isLowercase
            if !followsCapital || precedesSmall { result += "_" }
        }
        result += scalar.properties.lowercaseMapping
    }
    return result
}

/// A Swift spelling of a name of Keras, for coding keys that are found by what an object holds: `kernel_size` is
/// `kernelSize`. Several Swift names have one of Keras's; this is the plainest.
func camelCase(_ name: String) -> String {
    var result = ""
    var isAfterUnderscore = false
    for character in name {
        if character == "_", !result.isEmpty {
            isAfterUnderscore = true
        } else {
            // A digit has no capital form that would tell the word's beginning.
            if isAfterUnderscore, !character.isLetter { result += "_" }
            result += isAfterUnderscore ? character.uppercased() : String(character)
            isAfterUnderscore = false
        }
    }
    return result
}
