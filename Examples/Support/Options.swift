import CitiusPlatform

/// A program's command line: options of the form `--name value` or `--name`.
///
/// A word that is no option, a missing value or one of the wrong kind ends the program with a sentence, a
/// line of usage, and exit code 64 (`EX_USAGE` of sysexits.h). `--help` and `--version` print theirs and
/// end it with 0.
public struct Options {
    /// One option that the program takes.
    public struct Option {
        public let name: String
        /// What its value is called in the help; nil for an option without one.
        public let placeholder: String?
        public let help: String

        public init(_ name: String, _ placeholder: String? = nil, _ help: String) {
            self.name = name
            self.placeholder = placeholder
            self.help = help
        }
    }

    private let program: String
    private let options: [Option]
    private var values: [String: String] = [:]

    /// - Parameters:
    ///   - program: what to call on the command line.
    ///   - summary: what the program does.
    ///   - arguments: the words after the program's name.
    public init(program: String, summary: String, _ options: [Option], arguments: [String]) {
        self.program = program
        self.options = options
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "--help" || word == "-h" {
                print(help(summary))
                exit(0)
            }
            if word == "--version" {
                print("\(program) of Citius \(citiusVersion)")
                exit(0)
            }
            // `--name=value` is `--name value`.
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard let option = options.first(where: { $0.name == parts[0] }) else {
                fail("unknown option \(word)")
            }
            if option.placeholder == nil {
                if parts.count > 1 { fail("\(option.name) takes no value") }
                values[option.name] = ""
            } else if let value = parts.count > 1 ? parts[1] : rest.popFirst() {
                values[option.name] = value
            } else {
                fail("\(option.name) needs a value, \(option.placeholder ?? "")")
            }
        }
    }

    /// Whether an option was given.
    public func has(_ name: String) -> Bool { values[name] != nil }

    /// The value of an option, nil if it was not given.
    public func text(_ name: String) -> String? { values[name] }

    /// The value of an option that takes one of a few words; the first of them by default.
    public func choice(_ name: String, of words: [String]) -> String {
        guard let value = values[name] else { return words[0] }
        if !words.contains(value) { fail("\(name) is \(value), expected \(words.joined(separator: " or "))") }
        return value
    }

    /// The value of an option that takes a whole number of at least `least`; nil if it was not given.
    public func number(_ name: String, least: Int = 1) -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = Int(value), number >= least else {
            fail("\(name) is \(value), expected a whole number of at least \(least)")
        }
        return number
    }

    /// Ends the program for a mistake on the command line.
    public func fail(_ message: String) -> Never {
        let usage = options.map { "[\($0.name)\($0.placeholder.map { " " + $0 } ?? "")]" }.joined(
            separator: " ")
        complain("\(program): \(message)\nusage: \(program) \(usage)")
        exit(64)
    }

    private func help(_ summary: String) -> String {
        let left =
            (options + [
                Option("--version", nil, "the library's version"), Option("--help", nil, "this text"),
            ]).map { option in
                ("  \(option.name) \(option.placeholder ?? "")", option.help)
            }
        let width = (left.map(\.0.count).max() ?? 0) + 2
        let lines = left.map { $0 + String(repeating: " ", count: width - $0.count) + $1 }
        return "\(summary)\n\nusage: \(program) [options]\n\n" + lines.joined(separator: "\n")
    }
}

/// Writes a line to the standard error stream.
public func complain(_ line: String) { Console.warn(line) }

/// Seconds of the system's steady clock, the same for all processes.
public func steadySeconds() -> Double { Double(nanoseconds()) * 1e-9 }

/// The most memory that this process has held, in MB (10⁶ bytes).
public func peakMemoryMegabytes() -> Double { Double(peakMemoryByteCount()) / 1e6 }

/// The path of a file that lies beside a program's source.
public func besideSource(_ name: String, source: String = #filePath) -> String {
    source.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        + "/\(name)"
}
