import CitiusPlatform
import Testing

@Suite struct FailureTests {
    private static func stopped() {
        print("printed before")
        require(1 + 1 == 3, "addition: 1 + 1 is 2, expected 3")
    }

    @Test func aBrokenRuleEndsWithItsSentenceAlone() async throws {
        let result = await #expect(
            processExitsWith: .signal(SIGABRT),
            observing: [\.standardOutputContent, \.standardErrorContent]
        ) {
            // Standard output is a pipe here, and keeps what it is given until it is flushed.
            Self.stopped()
        }
        let output = try #require(result)
        #expect(
            String(decoding: output.standardErrorContent, as: UTF8.self)
                == "Fatal error: addition: 1 + 1 is 2, expected 3\n")
        #expect(String(decoding: output.standardOutputContent, as: UTF8.self).contains("printed before\n"))
    }

    @Test func theBacktraceComesByChoice() async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            setenv("CITIUS_BACKTRACE", "1", 1)
            Self.stopped()
        }
        let errors = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        // Swift's own form names the file and the line; whether frames follow is up to its settings.
        #expect(errors.contains("FailureTests.swift:7"))
        #expect(errors.contains("addition: 1 + 1 is 2, expected 3"))
    }

    @Test func aRuleThatHoldsMakesNoMessage() {
        func message() -> String {
            Issue.record("the message of a rule that holds was made")
            return ""
        }
        require(true, message())
    }

    @Test func failsWhileAnotherThreadReads() async {
        // A reader holds the lock of the standard input: to flush every stream would wait for it for ever.
        await #expect(processExitsWith: .signal(SIGABRT)) {
            var ends: [Int32] = [0, 0]
            pipe(&ends)
            dup2(ends[0], STDIN_FILENO)
            _ = SystemThread(for: "the test") { _ = readLine() }
            usleep(100_000)
            fail("the reader waits")
        }
    }
}
