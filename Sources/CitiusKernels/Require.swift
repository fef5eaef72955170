/// Stops the program with a full sentence when the programmer broke a rule.
///
/// `precondition` keeps its check under `-O` but loses its message; this keeps both. Messages name the
/// operation, what was expected and what came.
@inlinable
public func require(
    _ condition: @autoclosure () -> Bool,
    _ message: @autoclosure () -> String,
    file: StaticString = #fileID,
    line: UInt = #line
) {
    if !condition() {
        fatalError(message(), file: file, line: line)
    }
}
