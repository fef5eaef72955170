import Testing

@testable import CitiusTensor

@Suite struct ShapeTests {
    @Test func countsAndStrides() {
        #expect(Shape([]).count == 1)
        #expect(Shape([2, 3, 4]).count == 24)
        #expect(Shape([2, 0, 4]).count == 0)
        #expect(Shape([2, 3, 4]).strides == [12, 4, 1])
        #expect(Shape([2, 3, 4])[-1] == 4)
        #expect(Shape([2, 3, 4]).description == "[2, 3, 4]")
        #expect(Shape([2, 3]).prepending(5).droppingFirst() == [2, 3])
    }

    @Test func moreThanAnyMachineHasIsNamed() async {
        let elements = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [1 << 40, 1 << 40])
        }
        #expect(
            text(elements)
                == "Fatal error: Shape: axes of [1099511627776, 1099511627776] have more elements than "
                + "can be counted\n")
        // Strides are products of the other axes.
        let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [0, 1 << 40, 1 << 40])
        }
        #expect(text(none).contains("have more elements than can be counted"))
        let bytes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [1 << 61], dtype: .float64)
        }
        #expect(
            text(bytes)
                == "Fatal error: Tensor: float64 of shape [2305843009213693952] takes more bytes than any "
                + "machine has\n")
        let memory = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [1 << 50])
        }
        #expect(
            text(memory) == "Fatal error: Allocator: the system has no 4503599627370496 bytes for a tensor\n")
        let reshaped = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [6]).reshaped([-1, 1 << 40, 1 << 40])
        }
        #expect(text(reshaped).contains("have more elements than can be counted"))
    }

    private func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
}
