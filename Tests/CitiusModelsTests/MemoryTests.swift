import CitiusAutograd
import CitiusData
import CitiusKernels
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor
import Testing

@testable import CitiusModels

@Suite struct MemoryTests {
    /// In a process of its own: other tests use the allocator too.
    @Test func trainingDoesNotGrow() async {
        await #expect(processExitsWith: .success) {
            final class Meter: Callback {
                var inUse: [Int] = []
                var fromSystem: [Int] = []
                override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
                    inUse.append(Allocator.statistics.bytesInUse)
                    fromSystem.append(Allocator.statistics.systemAllocations)
                }
            }
            let data = try FashionMNIST.load(.embedded).train.prefix(200)
            let model = Sequential(seed: 1) {
                Input(28, 28, 1)
                Conv2D(4, kernelSize: 3, activation: .relu)
                MaxPooling2D(2)
                Flatten()
                Dropout(0.25)
                Dense(10, activation: .softmax)
            }
            model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
            let meter = Meter()
            try model.fit(data, epochs: 6, verbose: .silent, callbacks: [meter])
            require(
                meter.inUse.count == 6 && Set(meter.inUse.dropFirst()).count == 1,
                "bytes in use change from epoch to epoch: \(meter.inUse)")
            require(
                Set(meter.fromSystem.dropFirst()).count == 1,
                "later epochs take blocks from the system: \(meter.fromSystem)")
        }
    }
}
