import Testing

@testable import CitiusConfiguration

private struct Seeded: Codable, Equatable {
    var seed: Int?
    var scale: Float = 0.1
}

private struct Named<Value: Codable & Equatable>: Codable, Equatable {
    var className: String
    var config: Value
}

private struct Recurrent: Codable, Equatable {
    var kernelSize: [Int] = [3, 3]
    var returnSequences = true
    var useEMA = false
    var beta1 = 0.9
    var clipnorm: Double?
    var kernelInitializer = Named(className: "GlorotUniform", config: Seeded())
    var extra: JSON = ["keptAsItIs": [1, nil]]
    var weights: [String: Double] = ["aB": 1, "c": 2.5]

    enum CodingKeys: String, CodingKey {
        case kernelSize, returnSequences, useEMA
        case beta1 = "beta_1"
        case clipnorm, kernelInitializer, extra, weights
    }
}

private enum Choice: Codable, Equatable {
    case plain
    case withSize(outerSize: Int)
}

private class Base: Codable {
    var inBase = 1
    init() {}
}

@Suite struct ConfigurationCodingTests {
    private func failure<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> String {
        let json = try JSON(parsing: text)
        do throws(JSON.CodingFailure) {
            _ = try json.decoded(as: type)
            Issue.record("\(text) was decoded")
            return ""
        } catch {
            return "\(error)"
        }
    }

    // MARK: Names

    @Test(arguments: [
        ("kernelSize", "kernel_size"), ("returnSequences", "return_sequences"), ("beta_1", "beta_1"),
        ("units", "units"), ("kernel_size", "kernel_size"), ("useEMA", "use_ema"),
        ("emaURLKey", "ema_url_key"),
        ("axis1Size", "axis1_size"), ("conv2DTranspose", "conv2_d_transpose"), ("", ""), ("X", "x"),
        ("_private", "_private"), ("aB", "a_b"), ("Dense", "dense"), ("a_B", "a_b"),
    ]) func keysAreSnakeCased(_ name: String, _ expected: String) {
        #expect(snakeCase(name) == expected)
        #expect(snakeCase(expected) == expected)
        #expect(snakeCase(camelCase(expected)) == expected)
    }

    // MARK: There

    @Test func valuesAreWrittenInKerasSpelling() throws {
        #expect(
            try JSON(encoding: Recurrent()).text() == """
                {"kernel_size": [3, 3], "return_sequences": true, "use_ema": false, "beta_1": 0.9, "clipnorm": null, \
                "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": null, "scale": 0.1}}, \
                "extra": {"keptAsItIs": [1, null]}, "weights": {"aB": 1.0, "c": 2.5}}
                """)
    }

    @Test func plainValuesAreWritten() throws {
        #expect(try JSON(encoding: 3) == 3)
        #expect(try JSON(encoding: 3.0) == 3.0)
        #expect(try JSON(encoding: "a") == "a")
        #expect(try JSON(encoding: [1, nil, 3] as [Int?]) == [1, nil, 3])
        #expect(try JSON(encoding: Int?.none) == .null)
        #expect(try JSON(encoding: [[1], []] as [[Int]]) == [[1], []])
        #expect(try JSON(encoding: [:] as [String: Int]) == [:])
        #expect(try JSON(encoding: [] as [Int]) == [])
        #expect(
            try JSON(encoding: ["b": ["xY": 1], "a": [:]] as [String: [String: Int]]).text()
                == #"{"a": {}, "b": {"xY": 1}}"#)
        struct Nothing: Codable {}
        #expect(try JSON(encoding: Nothing()) == [:])
        #expect(try JSON(encoding: Float(0.1)) == 0.1)
        #expect(try JSON(encoding: Float.greatestFiniteMagnitude) == 3.4028235e38)
        #expect(
            try JSON(encoding: Choice.withSize(outerSize: 3)).text() == #"{"with_size": {"outer_size": 3}}"#)
    }

    @Test func integersBeyondSixtyFourBitsAreRefused() throws {
        #expect(try JSON(encoding: UInt64(Int64.max)) == .integer(.max))
        do throws(JSON.CodingFailure) {
            _ = try JSON(encoding: ["seeds": [1, UInt64.max]])
            Issue.record("18446744073709551615 was encoded")
        } catch {
            #expect(error.path == "seeds[1]")
            #expect(error.message == "18446744073709551615 is beyond the integers of 64 bits with a sign")
        }
    }

    // MARK: And back

    @Test func valuesComeBack() throws {
        var value = Recurrent()
        #expect(try JSON(encoding: value).decoded() == value)
        value.clipnorm = 1
        value.kernelInitializer.config = Seeded(seed: 7, scale: .leastNonzeroMagnitude)
        value.extra = .null
        value.weights = [:]
        let text = try JSON(encoding: value).text(.pretty)
        #expect(try JSON(parsing: text).decoded(as: Recurrent.self) == value)
        for choice in [Choice.plain, .withSize(outerSize: 3)] {
            #expect(try JSON(encoding: choice).decoded() == choice)
        }
        #expect(try JSON(encoding: [1, nil] as [Int?]).decoded() == [1, nil] as [Int?])
        #expect(
            try JSON(encoding: ["a": 1, "b": nil] as [String: Int?]).decoded() == ["a": 1, "b": nil]
                as [String: Int?])
        for float in [Float(0.1), 1 / 3, .leastNormalMagnitude, .greatestFiniteMagnitude, 16_777_216] {
            #expect(try JSON(encoding: float).decoded() == float)
        }
    }

    @Test func numbersAreReadAsWhatIsAskedFor() throws {
        #expect(try JSON.number(3).decoded(as: Int.self) == 3)
        #expect(try JSON.integer(3).decoded(as: Double.self) == 3)
        #expect(try JSON.integer(200).decoded(as: UInt8.self) == 200)
        #expect(try failure(Int.self, "3.5") == "expected an integer, found 3.5")
        #expect(try failure(Int.self, "1e30") == "expected an integer, found 1e+30")
        #expect(try failure(Int.self, "true") == "expected an integer, found true")
        #expect(try failure(UInt8.self, "300") == "expected an integer from 0 to 255, found 300")
        #expect(try failure(Bool.self, "1") == "expected true or false, found 1")
        #expect(try failure(String.self, "1") == "expected a string, found 1")
        #expect(try failure(Double.self, "\"1\"") == "expected a number, found \"1\"")
    }

    @Test func missingOptionalsAreNil() throws {
        #expect(try JSON(parsing: #"{"scale": 1}"#).decoded(as: Seeded.self) == Seeded(seed: nil, scale: 1))
        #expect(try JSON(parsing: #"{"seed": null, "scale": 1}"#).decoded(as: Seeded.self).seed == nil)
    }

    @Test func messagesNameThePath() throws {
        let valid = try JSON(encoding: Recurrent()).text()
        func broken(_ old: String, _ new: String) throws -> String {
            let pieces = valid.split(separator: old, omittingEmptySubsequences: false)
            #expect(pieces.count == 2, "\(old)")
            return try failure(
                Named<Recurrent>.self,
                #"{"class_name": "A", "config": "# + pieces.joined(separator: new) + "}")
        }
        #expect(
            try broken(#""seed": null"#, #""seed": "x""#)
                == #"config.kernel_initializer.config.seed: expected an integer, found "x""#)
        #expect(try broken("[3, 3]", "[3, null]") == "config.kernel_size[1]: expected an integer, found null")
        #expect(try broken("[3, 3]", "{}") == "config.kernel_size: expected an array, found an object of 0")
        #expect(
            try broken(#""aB": 1.0"#, #""aB": []"#)
                == "config.weights.aB: expected a number, found an array of 0")
        #expect(
            try broken(#""class_name": "GlorotUniform", "#, "")
                == #"config.kernel_initializer: "class_name" is missing; there are config"#)
        #expect(try failure(Seeded.self, "{}") == #""scale" is missing; there are none"#)
        #expect(try failure(Seeded.self, "[1, 2]") == "expected an object, found an array of 2")
        struct Pair: Decodable {
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                _ = try (container.decode(Int.self), container.decode(Int.self))
            }
        }
        #expect(try failure([String: Pair].self, #"{"p": [1]}"#) == "p[1]: the array ends after 1 elements")
    }

    @Test func decodersHandOnWhatTheyKnow() throws {
        struct Inner: Codable {
            let seen: String
            init(from decoder: any Decoder) throws {
                let key = try #require(CodingUserInfoKey(rawValue: "test"))
                seen = decoder.userInfo[key] as? String ?? "nothing"
            }
        }
        let key = try #require(CodingUserInfoKey(rawValue: "test"))
        let json: JSON = ["a": [["className": [:]]]]
        let decoded = try json.decoded(as: [String: [[String: Inner]]].self, userInfo: [key: "told"])
        #expect(decoded["a"]?[0]["className"]?.seen == "told")
    }

    @Test func superclassesHaveAMemberOfTheirOwn() throws {
        final class Derived: Base {
            var inDerived = 2
            override init() { super.init() }
            enum Keys: CodingKey { case inDerived, baseConfig }
            required init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: Keys.self)
                inDerived = try container.decode(Int.self, forKey: .inDerived)
                try super.init(from: container.superDecoder(forKey: .baseConfig))
            }
            override func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Keys.self)
                try container.encode(inDerived, forKey: .inDerived)
                try super.encode(to: container.superEncoder(forKey: .baseConfig))
            }
        }
        let json = try JSON(encoding: Derived())
        #expect(json.text() == #"{"in_derived": 2, "base_config": {"in_base": 1}}"#)
        let changed: JSON = ["in_derived": 5, "base_config": ["in_base": 6]]
        let derived = try changed.decoded(as: Derived.self)
        #expect([derived.inDerived, derived.inBase] == [5, 6])
    }
}
