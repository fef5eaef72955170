import CitiusConfiguration
import CitiusTestSupport
import Testing

@Suite struct JSONTests {
    private func refusal(_ text: String, _ options: JSON.ParsingOptions = JSON.ParsingOptions())
        -> JSON.ParsingError?
    { refusal(Array(text.utf8), options) }

    private func refusal(_ bytes: [UInt8], _ options: JSON.ParsingOptions = JSON.ParsingOptions())
        -> JSON.ParsingError?
    {
        do throws(JSON.ParsingError) {
            let value = try JSON(parsing: bytes, options: options)
            Issue.record("\(String(decoding: bytes, as: UTF8.self)) was read as \(value)")
            return nil
        } catch {
            return error
        }
    }

    // MARK: What is read

    @Test func everyKindOfValueIsRead() throws {
        let text = """
             {"null": null, "yes": true, "no": false, "integer": -12, "zero": -0, "real": 1.5, "exponent": 2E+3,
            "small": 1e-7,\t"text": "a", "list": [1, [], {}], "object": {"b": 1, "a": 2}} \r\n
            """
        let value = try JSON(parsing: text)
        #expect(
            value == [
                "null": nil, "yes": true, "no": false, "integer": -12, "zero": 0, "real": 1.5,
                "exponent": 2000.0,
                "small": 1e-7, "text": "a", "list": [1, [], [:]], "object": ["b": 1, "a": 2],
            ])
        #expect(value.object?.keys.prefix(3) == ["null", "yes", "no"])
        #expect(value["object"]?.object?.keys == ["b", "a"], "the order is kept")
    }

    @Test func integersAndRealsAreToldApart() throws {
        #expect(try JSON(parsing: "3") == .integer(3))
        #expect(try JSON(parsing: "3.0") == .number(3))
        #expect(try JSON(parsing: "3e0") == .number(3))
        #expect(try JSON(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSON(parsing: "-9223372036854775808") == .integer(.min))
        #expect(try JSON(parsing: "1e-400") == .number(0))
        #expect(try JSON(parsing: "1.7976931348623157e308") == .number(.greatestFiniteMagnitude))
    }

    @Test func stringsAreUnescaped() throws {
        let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\ude00\u0000 é€😀""#
        #expect(try JSON(parsing: text) == .string("\"\\/\u{8}\u{C}\n\r\tA\u{E9}€😀\0 é€😀"))
    }

    // MARK: What is not

    @Test(arguments: [
        ("", JSON.ParsingError.Kind.truncated, 1, 1, "the end of the text", "a value"),
        ("  ", .truncated, 1, 3, "the end of the text", "a value"),
        ("{", .truncated, 1, 2, "the end of the text", "a key in quotes or \"}\""),
        ("{\"a\"", .truncated, 1, 5, "the end of the text", "\":\""),
        ("{\"a\": 1", .truncated, 1, 8, "the end of the text", "\",\" or \"}\""),
        ("[1, ", .truncated, 1, 5, "the end of the text", "a value"),
        ("\"abc", .truncated, 1, 5, "the end of the text", "the string's closing quote"),
        ("\"\\", .truncated, 1, 3, "the end of the text", "the rest of an escape"),
        ("\"\\u00", .truncated, 1, 6, "the end of the text", "four hexadecimal digits"),
        ("-", .truncated, 1, 2, "the end of the text", "a digit"),
        ("1.", .truncated, 1, 3, "the end of the text", "a digit"),
        ("nul", .unexpected, 1, 1, "\"nul\"", "a value"),
        ("[1, 2,]", .unexpected, 1, 7, "\"]\"", "a value"),
        ("{\"a\": 1,}", .unexpected, 1, 9, "\"}\"", "a key in quotes"),
        ("{\n  \"a\": 1,\n  b: 2}", .unexpected, 3, 3, "\"b\"", "a key in quotes"),
        ("{\"é\" 1}", .unexpected, 1, 6, "\"1\"", "\":\""),
        ("[1 2]", .unexpected, 1, 4, "\"2\"", "\",\" or \"]\""),
        ("[01]", .unexpected, 1, 3, "\"1\"", "\",\" or \"]\""),
        ("+1", .unexpected, 1, 1, "\"+1\"", "a value"),
        (".5", .unexpected, 1, 1, "\".5\"", "a value"),
        ("1.e3", .unexpected, 1, 3, "\"e3\"", "a digit"),
        ("1e", .truncated, 1, 3, "the end of the text", "a digit"),
        ("'a'", .unexpected, 1, 1, "\"'\"", "a value"),
        ("\"\\x41\"", .unexpected, 1, 3, "\"x41\"", "one of \" \\ / b f n r t u after a backslash"),
        ("\"\\u12g4\"", .unexpected, 1, 6, "\"g4\"", "four hexadecimal digits"),
        (
            "\"a\nb\"", .unexpected, 1, 3, "the byte 0x0a",
            "no control character within a string; write it as an escape"
        ),
        ("NaN", .unexpected, 1, 1, "\"NaN\"", "a value"),
        ("Infinity", .unexpected, 1, 1, "\"Infinity\"", "a value"),
        ("-Infinity", .unexpected, 1, 2, "\"Infinity\"", "a digit"),
        ("1 2", .trailing, 1, 3, "\"2\"", "the end of the text"),
        ("{}\n}", .trailing, 2, 1, "\"}\"", "the end of the text"),
        ("\u{FEFF}1", .unexpected, 1, 1, "the byte 0xef", "a value"),
        (
            "{\"a\": 1, \"b\": 2, \"a\": 3}", .duplicateKey, 1, 18, "the key \"a\" a second time",
            "each key once in an object"
        ),
        (
            "9223372036854775808", .numberOutOfRange, 1, 1, "\"9223372036854775808\"",
            "an integer of at most 64 bits"
        ),
        ("[-1e309]", .numberOutOfRange, 1, 2, "\"-1e309\"", "a number that a double holds"),
        ("\"\\ud83d\"", .loneSurrogate, 1, 2, "half a surrogate pair", "both halves, high and low"),
        ("\"\\ude00\"", .loneSurrogate, 1, 2, "half a surrogate pair", "both halves, high and low"),
        ("\"\\ud83d\\u0041\"", .loneSurrogate, 1, 2, "half a surrogate pair", "both halves, high and low"),
    ]) func textsThatAreNoJSON(
        _ text: String, _ kind: JSON.ParsingError.Kind, _ line: Int, _ column: Int, _ found: String,
        _ expected: String
    ) throws {
        let error = try #require(refusal(text))
        #expect(error.kind == kind)
        #expect([error.line, error.column] == [line, column], "\(text): \(error)")
        #expect(error.found == found)
        #expect(error.expected == expected)
    }

    @Test func messagesSayWhere() throws {
        let error = try #require(refusal("{\n  \"é\": tru}"))
        #expect("\(error)" == "line 2, column 8 (byte 10): found \"tru\", expected a value")
    }

    @Test func bytesThatAreNoUTF8AreRefused() throws {
        let wrongs: [[UInt8]] = [
            [0xFF], [0xC0, 0xAF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
        ]
        for wrong in wrongs {
            for bytes in [
                Array("[\"aé".utf8) + wrong + Array("\"]".utf8),
                Array("{\"aé".utf8) + wrong + Array("\":1}".utf8),
            ] {
                let error = try #require(refusal(bytes))
                #expect(error.kind == .invalidUTF8)
                #expect(error.offset == 5, "\(wrong): \(error)")
                #expect(error.column == 5)
            }
        }
        #expect(
            refusal([0x5B, 0xC3, 0xA9, 0x5D])?.kind == .unexpected, "outside of strings there is ASCII alone")
    }

    @Test func depthIsLimited() throws {
        let limit = JSON.ParsingOptions().depthLimit
        let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        #expect(throws: Never.self) { try JSON(parsing: deepest) }
        let tooDeep = try #require(refusal("[" + deepest + "]"))
        #expect(tooDeep.kind == .tooDeep)
        #expect(tooDeep.offset == limit)
        let bomb = String(repeating: "{\"a\":[", count: 1_000_000)
        #expect(refusal(bomb)?.kind == .tooDeep)
        #expect(refusal("[[1]]", JSON.ParsingOptions(depthLimit: 1))?.kind == .tooDeep)
        // The depth is that of open brackets, not of all.
        #expect(throws: Never.self) {
            try JSON(parsing: "[[],[],{},[]]", options: JSON.ParsingOptions(depthLimit: 2))
        }
    }

    @Test func pythonsTokensAreAnOption() throws {
        let options = JSON.ParsingOptions(acceptsNonFiniteNumbers: true)
        let value = try JSON(parsing: "[NaN, Infinity, -Infinity, -1]", options: options)
        let array = try #require(value.array)
        #expect(array[0].double?.isNaN == true)
        #expect(array.dropFirst() == [.number(.infinity), .number(-.infinity), -1])
        #expect(refusal("1e999", options)?.kind == .numberOutOfRange)
        #expect(refusal("nan", options)?.kind == .unexpected)
        #expect(value.text() == "[NaN, Infinity, -Infinity, -1]")
    }

    @Test func longNumbersAreRefused() throws {
        let digits = String(repeating: "0", count: 997)
        #expect(try JSON(parsing: "0.\(digits)1") == .number(0))
        #expect(refusal("0.0\(digits)1")?.kind == .numberOutOfRange)
    }

    // MARK: Writing

    @Test func numbersAreWrittenAsPythonReadsThem() throws {
        let values: JSON = [
            0.1, 1.0, 100_000.0, 1e16, 1e-7, -0.0, .number(.leastNonzeroMagnitude), 1.7976931348623157e308, 3,
            -7,
        ]
        #expect(
            values.text()
                == "[0.1, 1.0, 100000.0, 1e+16, 1e-07, -0.0, 5e-324, 1.7976931348623157e+308, 3, -7]")
    }

    @Test func stringsAreEscapedWhereTheyMust() throws {
        #expect(
            JSON.string("a\"\\/\n\r\t\u{0}\u{1F}\u{7F}é😀").text()
                == "\"a\\\"\\\\/\\n\\r\\t\\u0000\\u001f\u{7F}é😀\"")
    }

    @Test func layouts() throws {
        let value: JSON = ["b": [1, ["x": nil]], "a": [], "é": [:], "Z": true]
        #expect(value.text() == #"{"b": [1, {"x": null}], "a": [], "é": {}, "Z": true}"#)
        #expect(value.text(sortsKeys: true) == #"{"Z": true, "a": [], "b": [1, {"x": null}], "é": {}}"#)
        #expect(
            value.text(.pretty) == """
                {
                  "b": [
                    1,
                    {
                      "x": null
                    }
                  ],
                  "a": [],
                  "é": {},
                  "Z": true
                }
                """)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let seed: UInt64 = 20_261_125
        var random = SplitMix64(seed: seed)
        func scalar() -> Unicode.Scalar {
            // Every tenth is a control character, a quote or a backslash.
            let special = "\"\\\u{0}\u{8}\u{1F}\n/".unicodeScalars.randomElement(using: &random)
            let plain = Unicode.Scalar(UInt32.random(in: 0...0x10_FFFF, using: &random))
            return Int.random(in: 0..<10, using: &random) == 0 ? special ?? "a" : plain ?? "b"
        }
        func string() -> String {
            var string = ""
            for _ in 0..<Int.random(in: 0...8, using: &random) { string.unicodeScalars.append(scalar()) }
            return string
        }
        func value(_ depth: Int) -> JSON {
            switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &random) {
            case 0: return .null
            case 1: return .bool(.random(using: &random))
            case 2:
                return .integer(
                    .random(in: .min ... .max, using: &random) >> Int64.random(in: 0..<64, using: &random))
            case 3:
                let number = Double(bitPattern: random.next())
                return .number(number.isFinite ? number : 0.1)
            case 4: return .string(string())
            case 5: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth + 1) })
            default:
                var object = JSON.Object()
                for _ in 0..<Int.random(in: 0...4, using: &random) { object[string()] = value(depth + 1) }
                return .object(object)
            }
        }
        for _ in 0..<2_000 {
            let value = value(0)
            for text in [value.text(), value.text(.pretty), value.text(sortsKeys: true)] {
                #expect(try JSON(parsing: text) == value, "seed \(seed): \(text)")
            }
            #expect(try JSON(parsing: value.text()).object?.keys == value.object?.keys)
        }
    }

    // MARK: Objects

    @Test func membersAreSetAndRemoved() throws {
        var object = JSON.Object()
        object["a"] = 1
        object["b"] = 2
        object["c"] = 3
        object["a"] = 4
        #expect(object.keys == ["a", "b", "c"])
        #expect(object.values == [4, 2, 3])
        object["b"] = nil
        object["none"] = nil
        #expect(object.keys == ["a", "c"])
        #expect(object["b"] == nil)
        #expect(object["c"] == 3)
        object["b"] = 5
        #expect(object.keys == ["a", "c", "b"])
        #expect(object == ["b": 5, "a": 4, "c": 3])
        #expect(object != ["b": 5, "a": 4])
        #expect(object != ["b": 5, "a": 4, "c": 3.0])
    }

    @Test func accessors() throws {
        let value: JSON = ["i": 3, "d": 3.0, "half": 0.5, "s": "x", "b": true, "a": [1]]
        #expect(value["i"]?.int == 3)
        #expect(value["d"]?.int == 3)
        #expect(value["half"]?.int == nil)
        #expect(value["i"]?.double == 3)
        #expect(value["half"]?.double == 0.5)
        #expect(value["s"]?.string == "x")
        #expect(value["b"]?.bool == true)
        #expect(value["a"]?.array == [1])
        #expect(value["s"]?.double == nil)
        #expect(value["none"] == nil)
        #expect(JSON.array([])["a"] == nil)
    }

    /// Whatever the bytes: an answer, and if it is a value, one that is written and read back.
    @Test func mutatedTextsEndInAnAnswer() throws {
        let seed: UInt64 = 7
        var random = SplitMix64(seed: seed)
        let whole = Array(
            #"{"a": [1, -2.5e3, "x\ud83d\ude00é"], "b": {"c": null, "d": [true, false]}, "e": 1e-7}"#.utf8)
        var values = 0
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(bytes.randomElement(using: &random) ?? 0, at: index)
                }
            }
            guard let value = try? JSON(parsing: bytes) else { continue }
            values += 1
            #expect(try JSON(parsing: value.text()) == value, "seed \(seed)")
        }
        #expect(values > 1_000 && values < 15_000, "seed \(seed): \(values)")
    }
}
