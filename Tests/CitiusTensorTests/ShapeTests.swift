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
}
