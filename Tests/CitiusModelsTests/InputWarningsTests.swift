import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

@Suite struct InputWarningsTests {
    @Test func bytesThatWereNotScaled() {
        let images = Tensor((0..<24).map { Float($0 * 10) }, shape: [2, 3, 4])
        #expect(InputWarnings.warning(about: images)?.contains("whole numbers up to 110") == true)
        #expect(InputWarnings.warning(about: images / 255) == nil)
        #expect(InputWarnings.warning(about: images + 0.5) == nil)
        #expect(InputWarnings.warning(about: images - 1) == nil)
        #expect(InputWarnings.warning(about: images.reshaped(to: [2, 12])) == nil, "a table, not images")
        #expect(InputWarnings.warning(about: images.cast(to: .int64)) == nil, "indices")
    }

    @Test func nanHasNoSign() {
        #expect(Formatting.score(-Double.nan) == "nan")
    }
}
