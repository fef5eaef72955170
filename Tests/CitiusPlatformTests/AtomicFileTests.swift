import CitiusPlatform
import CitiusTestSupport
import Foundation
import Testing

@Suite struct AtomicFileTests {
    /// The folder's names and the file's text at each moment.
    @Test func aFileAppearsWhenItIsWhole() throws {
        var template = Array("/tmp/citius-atomic-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { rmdir(folder) }
        let path = folder + "/file"
        defer { unlink(path) }
        func text() -> String? {
            guard let stream = fopen(path, "r") else { return nil }
            defer { fclose(stream) }
            var buffer = [UInt8](repeating: 0, count: 100)
            return String(decoding: buffer[..<fread(&buffer, 1, 100, stream)], as: UTF8.self)
        }
        do {
            let file = try AtomicFile(for: path)
            try file.write(Array("old".utf8))
            #expect(text() == nil)
            try file.commit()
            #expect(text() == "old")
        }
        do {
            let file = try AtomicFile(for: path)
            try file.write(Array("new".utf8))
            #expect(text() == "old")
            // Not committed.
        }
        #expect(text() == "old")
        let file = try AtomicFile(for: path)
        try file.write(Array("ne".utf8))
        try file.write(Array("w".utf8))
        try file.commit()
        #expect(text() == "new")
        #expect(unlink(path) == 0)
        #expect(rmdir(folder) == 0, "something else is left in the folder")
    }

    @Test(.enabled(if: hasKillPoints)) func aProcessThatIsKilledLeavesAWholeFile() async throws {
        try await withTemporaryFolderAsync { folder in
            let path = folder + "/file"
            var isNew: [Bool] = []
            for call in 1... {
                try write(Array("old".utf8), to: path)
                let result = await #expect(
                    processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
                ) { [path = path as String, call = call as Int] in
                    try Survivor.run(before: call) {
                        let file = try AtomicFile(for: path)
                        try file.write(Array("ne".utf8))
                        try file.write(Array("w".utf8))
                        try file.commit()
                    }
                }
                let text = try String(contentsOfFile: path, encoding: .utf8)
                #expect(text == "old" || text == "new", "killed before call \(call)")
                isNew.append(text == "new")
                if try Survivor.wasSeen(in: result) { break }
            }
            // Two writes, fsync, linkat and rename; then the folder's fsync.
            #expect(isNew == [false, false, false, false, false, true, true])
        }
    }

    @Test func failuresNameTheFile() throws {
        do throws(WritingFailure) {
            _ = try AtomicFile(for: "/nowhere/at/all")
            Issue.record("a folder that does not exist took a file")
        } catch {
            #expect(error.code == ENOENT)
            #expect(error.path == "/nowhere/at/all")
            #expect(
                error.description
                    == "/nowhere/at/all cannot be written: No such file or directory. Choose a folder that this user may "
                    + "write to, with enough space.")
        }
    }
}
