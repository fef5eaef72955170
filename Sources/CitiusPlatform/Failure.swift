/// Stops the program with a full sentence when the programmer broke a rule.
///
/// `precondition` keeps its check under `-O` but loses its message; this keeps both. Messages name the
/// operation, what was expected and what came.
@inlinable
package func require(
    _ condition: @autoclosure () -> Bool,
    _ message: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line
) {
    if !condition() { fail(message(), file: file, line: line) }
}

/// Stops the program with a sentence, alone on the standard error stream.
///
/// The sentence tells a user what they did wrong; the sixty lines of backtrace that follow `fatalError` would scroll
/// it away. Who wants them sets the environment's `CITIUS_BACKTRACE=1`. What the program printed before is not lost.
///
/// The process ends by SIGABRT with its default action, so that a shell, a supervisor or a core dump sees a crash;
/// Swift's backtracer listens to that signal and is put aside first.
@inline(never)
@usableFromInline
package func fail(_ message: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
    flushStandardOutput()
    if let choice = environment("CITIUS_BACKTRACE"), choice != "0", !choice.isEmpty {
        fatalError(message, file: file, line: line)
    }
    Console.warn("Fatal error: \(message)")
    // No handler: SIG_DFL, under a name that every C library imports.
    signal(SIGABRT, nil)
    abort()
}
