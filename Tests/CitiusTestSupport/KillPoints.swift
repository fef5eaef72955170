import CitiusKillPoints
import CitiusPlatform
import Testing

/// Whether ``Survivor/run(before:_:)`` can kill.
public let hasKillPoints = citius_has_kill_points

/// A process that is killed between two calls that change files, for the tests of what is then found:
///
/// ```swift
/// for call in 1... {
///     let result = await #expect(
///         processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
///     ) { [path = path as String, call = call as Int] in
///         try Survivor.run(before: call) { try save(to: path) }
///     }
///     // What is in the file?
///     if try Survivor.wasSeen(in: result) { break }
/// }
/// ```
public enum Survivor {
    private static let words = "Nothing was left to kill."

    /// Runs `body` in this process, which is killed before its so manieth call that changes a file; or after all of them.
    public static func run(before call: Int, _ body: () throws -> Void) throws -> Never {
        citius_kill_before(call)
        try body()
        citius_kill_before(0)
        print(words)
        fflush(nil)
        kill(getpid(), SIGKILL)
        fail("SIGKILL did not kill")
    }

    /// Whether all of `body` was run.
    public static func wasSeen(in result: ExitTest.Result?) throws -> Bool {
        String(decoding: try #require(result).standardOutputContent, as: UTF8.self).contains(words)
    }
}
