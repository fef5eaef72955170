import CitiusOptimizers
import CitiusPlatform
import CitiusTensor
import Testing

@testable import CitiusModels

@Suite struct MemoryTests {
    /// In a process of its own: other tests use the allocator too.
    @Test(arguments: SmallModel.allCases) func trainingDoesNotGrow(_ kind: SmallModel) async {
        await #expect(processExitsWith: .success) { [kind] in
            final class Meter: Callback {
                var inUse: [Int] = []
                var fromSystem: [Int] = []
                override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
                    inUse.append(Allocator.statistics.bytesInUse)
                    fromSystem.append(Allocator.statistics.systemAllocations)
                }
            }
            let (model, data) = try kind.make()
            model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
            let meter = Meter()
            try model.fit(data, epochs: 6, verbose: .silent, callbacks: [meter], validationSplit: 0.2)
            require(
                meter.inUse.count == 6 && Set(meter.inUse.dropFirst()).count == 1,
                "bytes in use change from epoch to epoch: \(meter.inUse)")
            require(
                Set(meter.fromSystem.dropFirst()).count == 1,
                "later epochs take blocks from the system: \(meter.fromSystem)")
        }
    }
}
