import Testing

@Suite struct DenseTests {
    @Test func keras() { checkGolden("Dense") }
}
