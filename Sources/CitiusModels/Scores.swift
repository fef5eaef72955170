import CitiusKernels
import CitiusPlatform

/// Named numbers in a fixed order: what an evaluation found, or what an epoch has reached so far.
///
/// ```swift
/// let scores = try model.evaluate(test)
/// print(scores["accuracy"], scores.loss)
/// ```
public struct Scores: Sendable, Equatable, ExpressibleByDictionaryLiteral, CustomStringConvertible {
    private var values: [Double]
    /// What the numbers are called, in order.
    public private(set) var names: [String]

    public init(dictionaryLiteral elements: (String, Double)...) {
        names = []
        values = []
        for (name, value) in elements { self[name] = value }
    }

    /// The number of that name. Traps when read if there is none; setting a new name appends it.
    public subscript(name: String) -> Double {
        get {
            guard let value = value(of: name) else {
                fail(
                    "Scores: there is no \"\(name)\", expected one of \(names.joined(separator: ", "))")
            }
            return value
        }
        set {
            if let index = names.firstIndex(of: name) {
                values[index] = newValue
            } else {
                names.append(name)
                values.append(newValue)
            }
        }
    }

    /// The number of that name, nil if there is none.
    public func value(of name: String) -> Double? {
        names.firstIndex(of: name).map { values[$0] }
    }

    /// The value of the loss. Traps if there is none.
    public var loss: Double { self["loss"] }

    /// All numbers with their names, in order.
    public var entries: [(name: String, value: Double)] { Array(zip(names, values)).map { ($0, $1) } }

    /// The same numbers by their names' alphabet, as Keras shows them.
    package var sorted: Scores {
        var result: Scores = [:]
        for (name, value) in entries.sorted(by: { $0.name < $1.name }) { result[name] = value }
        return result
    }

    /// `accuracy: 0.8123 - loss: 0.5123`
    public var description: String {
        entries.map { "\($0.name): \(Formatting.score($0.value))" }.joined(separator: " - ")
    }
}
