import CitiusPlatform

/// An `AtomicFile` whose failures are data's.
package final class TemporaryFile {
    private let file: AtomicFile

    package init(for destination: String) throws(DataError) {
        do { file = try AtomicFile(for: destination) } catch { throw DataError(error) }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
        do { try file.write(bytes) } catch { throw DataError(error) }
    }

    package func write(_ bytes: [UInt8]) throws(DataError) {
        do { try file.write(bytes) } catch { throw DataError(error) }
    }

    /// Gives the file its name, over a file that may have had it.
    package func commit() throws(DataError) {
        do { try file.commit() } catch { throw DataError(error) }
    }
}

extension DataError {
    fileprivate init(_ failure: WritingFailure) { self.init(.unwritable, failure.description) }
}
