import CitiusTensor
import Testing

@testable import CitiusModels

@Suite struct RemoteMonitorTests {
    private struct Unreachable: Error {}

    @Test func logsAreSentAsJSON() throws {
        var sent: [String] = []
        let history = try linearModel(learningRate: 0).fit(
            Tensor(zeros: [2, 3]), Tensor(ones: [2, 2]), epochs: 2, verbose: .silent,
            callbacks: [RemoteMonitor { sent.append($0) }])
        #expect(history.epochs.count == 2)
        #expect(sent == [#"{"epoch": 0, "loss": 1.0}"#, #"{"epoch": 1, "loss": 1.0}"#])
    }

    @Test func aFailureEndsNothing() throws {
        let history = try linearModel().fit(
            linearData(count: 2), epochs: 2, verbose: .silent,
            callbacks: [RemoteMonitor { _ in throw Unreachable() }])
        #expect(history.epochs == [0, 1])
    }
}
