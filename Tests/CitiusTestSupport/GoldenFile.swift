import CitiusTensor
import Foundation

/// Values that Keras computed, from `Golden/NAME.json`; `Tests/Golden/generate.py` makes them.
public struct GoldenFile: Sendable, Decodable {
    public let source: String
    public let cases: [GoldenCase]

    /// Reads a file. A missing or broken one is a broken test suite, and stops it.
    public static func load(_ name: String) -> GoldenFile {
        guard let folder = Bundle.module.url(forResource: "Golden", withExtension: nil) else {
            fatalError("the test bundle has no folder Golden")
        }
        let file = folder.appending(path: name + ".json")
        do {
            return try JSONDecoder().decode(GoldenFile.self, from: Data(contentsOf: file))
        } catch {
            fatalError("\(file.path): \(error)")
        }
    }
}

extension GoldenFile {
    /// The path of a file in `Golden`.
    public static func path(of name: String) -> String {
        guard let folder = Bundle.module.url(forResource: "Golden", withExtension: nil) else {
            fatalError("the test bundle has no folder Golden")
        }
        return folder.appending(path: name).path
    }

    /// The cases of every file in a folder, `Golden/FOLDER/NAME.json`.
    public static func cases(in folder: String) -> [GoldenCase] {
        guard let url = Bundle.module.url(forResource: "Golden", withExtension: nil)?.appending(path: folder),
            let files = try? FileManager.default.contentsOfDirectory(atPath: url.path)
        else { fatalError("the test bundle has no folder Golden/\(folder)") }
        return files.sorted().filter { $0.hasSuffix(".json") }
            .flatMap { load(folder + "/" + $0.dropLast(".json".count)).cases }
    }
}

/// One case: settings and named tensors.
public struct GoldenCase: Sendable, Decodable, CustomStringConvertible {
    public let name: String
    private let settings: [String: Setting]
    private let tensors: [String: Values]

    public var description: String { name }

    private struct Values: Sendable, Decodable {
        let shape: [Int]
        let values: [Double]
    }

    private enum Setting: Sendable, Decodable {
        case flag(Bool)
        case number(Double)
        case text(String)
        case numbers([Double])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .numbers(try container.decode([Double].self))
            }
        }
    }

    /// The tensor of that name. Stops the tests if there is none.
    public func tensor(_ name: String, dtype: DType = .float64) -> Tensor {
        guard let tensor = optionalTensor(name, dtype: dtype) else {
            fatalError("golden case \(self.name) has no tensor \(name)")
        }
        return tensor
    }

    public func optionalTensor(_ name: String, dtype: DType = .float64) -> Tensor? {
        tensors[name].map { Tensor($0.values, shape: Shape($0.shape)).cast(to: dtype) }
    }

    public func number(_ name: String) -> Double? {
        if case .number(let number) = settings[name] { number } else { nil }
    }

    public func text(_ name: String) -> String {
        guard case .text(let text) = settings[name] else { fatalError("golden case \(self.name): \(name)?") }
        return text
    }

    public func optionalText(_ name: String) -> String? {
        if case .text(let text) = settings[name] { text } else { nil }
    }

    public func flag(_ name: String) -> Bool {
        if case .flag(let flag) = settings[name] { flag } else { false }
    }

    public func numbers(_ name: String) -> [Double] {
        if case .numbers(let numbers) = settings[name] { numbers } else { [] }
    }

    /// Two numbers: a height and a width.
    public func size(_ name: String) -> Size2D {
        guard case .numbers(let numbers) = settings[name], numbers.count == 2 else {
            fatalError("golden case \(self.name): \(name)?")
        }
        return Size2D(Int(numbers[0]), Int(numbers[1]))
    }
}

extension GoldenCase {
    /// A tensor that may be of strings, which stand in the settings as JSON beside their shape: `NAME` and `NAME_shape`,
    /// or `input_shape_0` of `input_0`. Others are of `dtype`.
    public func texts(_ name: String, shapeName: String, dtype: DType = .int64) -> Tensor? {
        guard let text = optionalText(name) else { return optionalTensor(name, dtype: dtype) }
        func decoded<T: Decodable>(_ text: String) -> T {
            guard let value = try? JSONDecoder().decode(T.self, from: Data(text.utf8)) else {
                fatalError("golden case \(self.name): \(name) is no JSON")
            }
            return value
        }
        let strings = Tensor(utf8: decoded(text) as [String])
        return strings.reshaped(to: Shape(decoded(self.text(shapeName)) as [Int] + [strings.shape[1]]))
    }
}
